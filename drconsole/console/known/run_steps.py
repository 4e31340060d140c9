"""The steps of a run, found by object, stage and state: a screen asks for them at each tick."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from drconsole.model.run import StepState, StepView
from drconsole.model.step import key_part

CLEANUP = "cleanup"
"""The first part of the keys of a cleanup's steps, where others have their stage."""

Tally = Counter[StepState]
"""How many steps are in each state."""


class StepIndex(Mapping[str, StepView]):
    """Steps by key, in the order in which they became known. Each change keeps the counts right.

    `version` counts the changes: what was made of the steps is good as long as it stays.
    """

    def __init__(self) -> None:
        self.version = 0
        self._steps: dict[str, StepView] = {}
        self._of: dict[str, dict[str, None]] = {}
        self._in: dict[StepState, dict[str, None]] = {}
        self._stages: dict[str, Tally] = {}
        self._objects: dict[str, Tally] = {}

    def __getitem__(self, key: str) -> StepView:
        return self._steps[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._steps)

    def __len__(self) -> int:
        return len(self._steps)

    def put(self, step: StepView) -> None:
        """Takes a step as it is now."""
        old = self._steps.get(step.key)
        if old == step:
            return
        self.version += 1
        self._steps[step.key] = step
        if old is not None and old.state == step.state:
            return
        if old is not None:
            self._count(old, -1)
        else:
            self._of.setdefault(_object(step.key), {})[step.key] = None
        self._count(step, 1)

    def become(self, steps: Iterable[StepView]) -> None:
        """Takes all steps of a run as they are now; others but a cleanup's are gone."""
        known = set()
        for step in steps:
            known.add(step.key)
            self.put(step)
        gone = [key for key in self._steps if key not in known and _stage(key) != CLEANUP]
        for key in gone:
            self.version += 1
            old = self._steps.pop(key)
            self._count(old, -1)
            self._of[_object(key)].pop(key, None)

    def _count(self, step: StepView, by: int) -> None:
        keys = self._in.setdefault(step.state, {})
        if by > 0:
            keys[step.key] = None
        else:
            keys.pop(step.key, None)
        self._stages.setdefault(_stage(step.key), Counter())[step.state] += by
        self._objects.setdefault(_object(step.key), Counter())[step.state] += by

    def in_state(self, *states: StepState) -> list[StepView]:
        """Returns the steps in these states, state by state, in the order in which they got there."""
        return [self._steps[key] for state in states for key in self._in.get(state, ())]

    def about(self, *names: str) -> list[StepView]:
        """Returns the steps about objects of these names, as their keys say it."""
        return [self._steps[key] for part in _parts(names) for key in self._of.get(part, ())]

    def tally(self, *names: str) -> Tally:
        """Returns how many of the steps about these names are in which state."""
        return sum((self._objects.get(part, Counter()) for part in _parts(names)), Counter())

    def stage(self, stage: str) -> Tally:
        """Returns how many steps of a stage, or of `cleanup`, are in which state."""
        return +self._stages.get(stage, Counter())

    def states(self) -> Tally:
        """Returns how many steps of the run itself are in which state."""
        return sum((found for stage, found in self._stages.items() if stage != CLEANUP), Counter())


def _parts(names: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(key_part(name) for name in names if name)


def _stage(key: str) -> str:
    return key.partition("/")[0]


def _object(key: str) -> str:
    return key.split("/", 2)[1] if key.count("/") > 1 else key
