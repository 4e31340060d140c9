"""A run in time: how fast it goes, what is left of each step, and the chain that decides when it ends.

Everything is seconds since the run's start. What an operator is waited for has no duration: a step that
failed or asks counts as if it were tried now.

Two durations are told of what is left. The *paced* one is the shipped duration at this run's pace. The
*shortest* one is the smaller of the shipped and the paced: a run that goes faster than what we ship (small
machines, or a lab whose time runs quicker) has an earlier bound than the shipped figures say, and a slow
one could still become as quick as they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from graphlib import TopologicalSorter

import msgspec

from drconsole.model.run import StepState
from drconsole.model.step import Step
from drconsole.planning.graph import waits_for

PRIOR_S = 30.0
"""Shipped seconds of done steps that weigh as much as what is known in general: one quick step of a second
says little about an installation."""

_LEFT: frozenset[StepState] = frozenset({"pending", "running", "waiting", "failed", "paused", "held"})


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far one step of a plan is. `began_s` is its first attempt's begin, None where there was none;
    `since_s` that of what is at work now, where it differs: an operator may have waited in between."""

    step: Step
    state: StepState
    attempts: int = 0
    began_s: float | None = None
    ended_s: float | None = None
    since_s: float | None = None

    @property
    def took_s(self) -> float | None:
        """Returns what it took; None where it is not done, or not at its first attempt: somebody was
        waited for then."""
        if self.state != "done" or self.attempts != 1 or self.began_s is None or self.ended_s is None:
            return None
        return max(0.0, self.ended_s - self.began_s)


def pace_of(rows: Iterable[Progress]) -> Callable[[Step], float]:
    """Returns this run's pace by step: measured over shipped duration, of what is done so far.

    Of its handler, as far as enough was measured; else of its stage, of the whole run, and 1.
    """
    took, shipped = defaultdict[str, float](float), defaultdict[str, float](float)
    for row in rows:
        if (seconds := row.took_s) is not None:
            for name in _names(row.step):
                took[name] += seconds
                shipped[name] += row.step.typical_s

    def pace(step: Step) -> float:
        known = 1.0
        for name in _names(step):
            known = (took[name] + PRIOR_S * known) / (shipped[name] + PRIOR_S)
        return known

    return pace


def _names(step: Step) -> tuple[str, str, str]:
    """What a step's pace is known by, from the general to the particular."""
    return "", f"stage {step.stage}", f"handler {step.handler}"


def left_of(rows: Sequence[Progress], elapsed_s: float) -> dict[str, tuple[float, float]]:
    """Returns the seconds that are left of each step that is not settled: (shortest, paced).

    Of a step at work, what it has taken already is taken off.
    """
    pace = pace_of(rows)
    found: dict[str, tuple[float, float]] = {}
    for row in rows:
        if row.state not in _LEFT:
            continue
        shipped = row.step.typical_s
        paced = shipped * pace(row.step)
        since = row.began_s if row.since_s is None else row.since_s
        gone = elapsed_s - since if row.state == "running" and since is not None else 0.0
        found[row.step.key] = (max(0.0, min(shipped, paced) - gone), max(0.0, paced - gone))
    return found


def soonest(rows: Sequence[Progress], left_s: Mapping[str, float], elapsed_s: float) -> float:
    """Returns when it all ends at the soonest, if everything that may work at once does.

    `left_s` gives the seconds that are left of what is still to be done; others are over, or will never be.
    """
    ends = {row.step.key: row.ended_s for row in rows if row.state == "done" and row.ended_s is not None}
    steps = {row.step.key: row.step for row in rows}
    order = TopologicalSorter({key: _of(left_s, waits_for(steps[key])) for key in left_s})
    for key in order.static_order():
        before = (ends[need] for need in waits_for(steps[key]) if need in ends)
        ends[key] = max((elapsed_s, *before)) + left_s[key]
    return max(ends.values(), default=elapsed_s)


def _of(known: Mapping[str, float], keys: Iterable[str]) -> list[str]:
    return [key for key in keys if key in known]


def critical_path(steps: Iterable[Step], ends: Mapping[str, float]) -> tuple[str, ...]:
    """Returns the chain of steps that decides the end, in order; `ends` are real ones and foreseen ones.

    From the step that ends last backwards, always over the one that was waited for longest.
    """
    by_key = {step.key: step for step in steps}
    path: list[str] = []
    key = max(ends, key=lambda each: ends[each], default="")
    while key:
        path.append(key)
        before = _of(ends, waits_for(by_key[key])) if key in by_key else []
        key = max(before, key=lambda each: ends[each], default="")
    return tuple(reversed(path))
