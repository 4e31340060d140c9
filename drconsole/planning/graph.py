"""One graph of steps, joined from what the drivers give and checked before anything is frozen."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from drconsole.errors import Refused
from drconsole.model.step import STAGES, Step

_ORDER: Mapping[str, int] = {stage: position for position, stage in enumerate(STAGES)}


def join(*parts: Iterable[Step]) -> tuple[Step, ...]:
    """Returns all steps in an order in which each comes after what it needs.

    The order is the same for the same input: by stage, then as given. Raises Refused, with the names,
    for keys that stand twice, needs that no step fulfils, a need of a later stage (R85), and cycles.
    """
    steps = [step for part in parts for step in part]
    _refuse_duplicates(steps)
    by_key = {step.key: step for step in steps}
    _refuse_dangling(by_key)
    _refuse_later_stages(by_key)
    return _sorted(by_key)


def waits_for(step: Step) -> tuple[str, ...]:
    """Returns all keys that a step waits for, the optional ones last."""
    return (*step.needs, *step.optional_needs)


def dependants(steps: Iterable[Step], key: str) -> frozenset[str]:
    """Returns the keys of all steps that cannot be done without `key`, near and far.

    Optional needs are not followed: a failure does not stop who only waits.
    """
    followers: dict[str, list[str]] = defaultdict(list)
    for step in steps:
        for need in step.needs:
            followers[need].append(step.key)
    found: set[str] = set()
    open_keys = [key]
    while open_keys:
        fresh = [k for k in followers[open_keys.pop()] if k not in found]
        found.update(fresh)
        open_keys.extend(fresh)
    return frozenset(found - {key})


def _refuse_duplicates(steps: list[Step]) -> None:
    twice = sorted(key for key, count in Counter(step.key for step in steps).items() if count > 1)
    if twice:
        raise Refused(f"these steps stand twice in the plan: {', '.join(twice)}", about=twice[0])


def _refuse_dangling(by_key: Mapping[str, Step]) -> None:
    dangling = [
        f"{step.key} needs {need}"
        for step in by_key.values()
        for need in waits_for(step)
        if need not in by_key
    ]
    if dangling:
        raise Refused(f"needs that no step fulfils: {'; '.join(sorted(dangling))}", about=min(dangling))


def _refuse_later_stages(by_key: Mapping[str, Step]) -> None:
    """Steps of a plan without stages, such as a cleanup, have no order but their needs."""
    wrong = [
        f"{step.key} needs {need} of the later stage {by_key[need].stage}"
        for step in by_key.values()
        for need in waits_for(step)
        if _later(by_key[need].stage, step.stage)
    ]
    if wrong:
        raise Refused(f"the stages are out of order: {'; '.join(sorted(wrong))}", about=min(wrong))


def _later(stage: str, than: str) -> bool:
    return stage in _ORDER and than in _ORDER and _ORDER[stage] > _ORDER[than]


def _sorted(by_key: Mapping[str, Step]) -> tuple[Step, ...]:
    sorter = TopologicalSorter({key: waits_for(step) for key, step in by_key.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " needs ".join(reversed(error.args[1]))
        raise Refused(f"steps that wait for each other: {circle}", about=error.args[1][0]) from error
    rank = {
        key: (_ORDER.get(step.stage, len(_ORDER)), position)
        for position, (key, step) in enumerate(by_key.items())
    }
    ready: list[tuple[tuple[int, int], str]] = []
    order: list[Step] = []
    while sorter.is_active():
        for key in sorter.get_ready():
            heapq.heappush(ready, (rank[key], key))
        _, key = heapq.heappop(ready)
        order.append(by_key[key])
        sorter.done(key)
    return tuple(order)
