"""How long a run would take at best: the longest path over the steps' shipped durations."""

from __future__ import annotations

from collections.abc import Sequence

from drconsole.model.plan import Estimate
from drconsole.model.step import Step
from drconsole.planning.graph import join, waits_for


def estimate(steps: Sequence[Step]) -> Estimate:
    """Returns the seconds from start to end if everything that may run at once does, and the path.

    Capacities of arrays, segments and the management server are ignored: it is a lower bound for
    these durations, and says so in its basis. Raises Refused as `graph.join` does.
    """
    finish: dict[str, float] = {}
    before: dict[str, str] = {}
    for step in join(steps):
        latest = max(waits_for(step), key=lambda need: finish[need], default="")
        before[step.key] = latest
        finish[step.key] = finish.get(latest, 0.0) + step.typical_s
    last = max(finish, key=lambda key: finish[key], default="")
    return Estimate(seconds=finish.get(last, 0.0), critical_path=_path(last, before))


def _path(last: str, before: dict[str, str]) -> tuple[str, ...]:
    path: list[str] = []
    while last:
        path.append(last)
        last = before[last]
    return tuple(reversed(path))
