"""When a run's steps will end, if it goes on as it did: played through with the runner's own schedule."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence

import msgspec

from drconsole.planning.timeline import Progress, critical_path, left_of, soonest
from drconsole.recovery.schedule import Schedule, capacity_of


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """Begins and ends by step, real or foreseen, in seconds since the run's start; a step that was given
    up, or will never be done, has none. `path` is the critical one."""

    begins: dict[str, float]
    ends: dict[str, float]
    path: tuple[str, ...]
    bound_s: float
    forecast_s: float


def foresee(
    rows: Sequence[Progress],
    elapsed_s: float,
    *,
    over: bool = False,
    capacity: Callable[[str], int] = capacity_of,
) -> Foreseen:
    """Returns what is to be expected. `over`: the run has ended, and what is left of it will never be done.

    The bound knows no capacities, and takes the shortest durations: it is never later than the forecast.
    """
    left = {} if over else left_of(rows, elapsed_s)
    begins = {row.step.key: row.began_s for row in rows if row.began_s is not None and row.state == "done"}
    ends = {row.step.key: row.ended_s for row in rows if row.ended_s is not None and row.state == "done"}
    paced = {key: seconds for key, (_, seconds) in left.items()}
    coming = _played(rows, paced, elapsed_s, capacity) if left else {}
    begins |= {key: begin for key, (begin, _) in coming.items()}
    ends |= {key: end for key, (_, end) in coming.items()}
    shortest = {key: left[key][0] for key in coming}
    end = elapsed_s if over else max(elapsed_s, max(ends.values(), default=0.0))
    return Foreseen(
        begins=begins,
        ends=ends,
        path=critical_path((row.step for row in rows), ends),
        bound_s=end if not coming else min(end, soonest(rows, shortest, elapsed_s)),
        forecast_s=end,
    )


def _played(
    rows: Sequence[Progress], left_s: Mapping[str, float], elapsed_s: float, capacity: Callable[[str], int]
) -> dict[str, tuple[float, float]]:
    """Begin and end of what is left. Steps at work come first: they have what they occupy."""
    begun = {row.step.key: row.began_s for row in rows if row.state == "running"}
    states = {row.step.key: "pending" if row.step.key in left_s else row.state for row in rows}
    waiting = [key for key in left_s if key not in begun]
    schedule = Schedule((row.step for row in rows), states, capacity, held=waiting)
    clock, working, found = elapsed_s, list[tuple[float, str]](), dict[str, tuple[float, float]]()
    _start_all(schedule, left_s, clock, working)
    for key in waiting:
        schedule.let(key)
    while True:
        _start_all(schedule, left_s, clock, working)
        if not working:
            return found
        clock, key = heapq.heappop(working)
        began = begun.get(key)
        found[key] = (clock - left_s[key] if began is None else began, clock)
        schedule.settle(key, "done")


def _start_all(
    schedule: Schedule, left_s: Mapping[str, float], clock: float, working: list[tuple[float, str]]
) -> None:
    while (step := schedule.start()) is not None:
        heapq.heappush(working, (clock + left_s[step.key], step.key))
