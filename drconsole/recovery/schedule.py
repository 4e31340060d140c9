"""Which steps may start now: pure bookkeeping over a graph of steps, no I/O and no clock."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

from drconsole.model.run import StepState
from drconsole.model.step import Step

SETTLED: frozenset[StepState] = frozenset({"done", "skipped", "cancelled"})
"""States that a step does not leave by itself, and that hold nobody up."""

_CAPACITY = {"segment": 16, "array": 4, "vcenter": 8, "switch": 1}
"""How many steps may occupy a resource at once, by the word before its colon."""

_DEFAULT = 8


def capacity_of(resource: str) -> int:
    """Returns how many steps may use a resource such as `array:r1` at the same time."""
    return _CAPACITY.get(resource.partition(":")[0], _DEFAULT)


class Schedule:
    """Knows the state of every step, what each still waits for, and what is occupied.

    The longest way to the end goes first, so that the run ends as early as its capacities allow.
    """

    def __init__(
        self,
        steps: Iterable[Step],
        states: Mapping[str, StepState],
        capacity: Callable[[str], int] = capacity_of,
        held: Iterable[str] = (),
    ) -> None:
        """`held` do not start before `let`."""
        self.steps = {step.key: step for step in steps}
        self.states: dict[str, StepState] = {key: states.get(key, "pending") for key in self.steps}
        self.held = {key for key in held if key in self.steps}
        self._capacity = capacity
        self._unsettled = sum(state not in SETTLED for state in self.states.values())
        self._used: Counter[str] = Counter()
        self._occupying: set[str] = set()
        self._dependants = _dependants(self.steps.values())
        self._weight = _weights(self.steps, self._dependants)
        self._open: dict[str, int] = {}
        self._ready: dict[tuple[str, ...], list[tuple[float, str]]] = defaultdict(list)
        self._rebuild()

    def adopt(self, states: Mapping[str, StepState]) -> None:
        """Takes over states that an operator has changed; running steps stay what they are.

        What only the journal calls running was left by a runner that is gone: it starts again.
        """
        for key, state in states.items():
            if key in self.states and self.states[key] != "running":
                self._set(key, "pending" if state == "running" else state)
        self._rebuild()

    def start(self) -> Step | None:
        """Returns a step that may start now, as running and occupying its resources, or None."""
        best: tuple[float, str] | None = None
        for resources, heap in self._ready.items():
            while heap and self.states[heap[0][1]] != "pending":
                heapq.heappop(heap)
            if heap and (best is None or heap[0] < best) and self._room(resources):
                best = heap[0]
        if best is None:
            return None
        step = self.steps[best[1]]
        heapq.heappop(self._ready[step.resources])
        self._set(step.key, "running")
        self._used.update(step.resources)
        self._occupying.add(step.key)
        return step

    def free(self, key: str) -> None:
        """A running step occupies nothing any more, though its result is still to be written."""
        if key in self._occupying:
            self._occupying.remove(key)
            self._used.subtract(self.steps[key].resources)

    def settle(self, key: str, state: StepState) -> None:
        """A running step has ended: frees its resources and lets its dependants come.

        One that did not begin after all is settled as "pending": it may start again.
        """
        self.free(key)
        step = self.steps[key]
        self._set(key, state)
        if state == "pending":
            self._push(step)
        if state not in SETTLED:
            return
        for dependant in self._dependants.get(key, ()):
            if state != "done" and key in dependant.needs:
                continue
            self._open[dependant.key] -= 1
            if not self._open[dependant.key]:
                self._push(dependant)

    def let(self, key: str) -> None:
        """A step that was held may start like any other."""
        if key in self.held:
            self.held.remove(key)
            if not self._open[key]:
                self._push(self.steps[key])

    @property
    def finished(self) -> bool:
        """Whether no step is left that could still be done."""
        return not self._unsettled

    def _set(self, key: str, state: StepState) -> None:
        self._unsettled += (state not in SETTLED) - (self.states[key] not in SETTLED)
        self.states[key] = state

    def _room(self, resources: tuple[str, ...]) -> bool:
        return all(self._used[name] < self._capacity(name) for name in resources)

    def _rebuild(self) -> None:
        self._ready.clear()
        for key, step in self.steps.items():
            self._open[key] = sum(self.states.get(need) != "done" for need in set(step.needs)) + sum(
                self.states.get(need) not in SETTLED for need in set(step.optional_needs) - set(step.needs)
            )
            if not self._open[key]:
                self._push(step)

    def _push(self, step: Step) -> None:
        if self.states[step.key] == "pending" and step.key not in self.held:
            heapq.heappush(self._ready[step.resources], (-self._weight[step.key], step.key))


def _dependants(steps: Iterable[Step]) -> dict[str, list[Step]]:
    found: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        for need in {*step.needs, *step.optional_needs}:
            found[need].append(step)
    return found


def _weights(steps: Mapping[str, Step], dependants: Mapping[str, list[Step]]) -> dict[str, float]:
    """Seconds from the start of each step to the end of the run, along its longest way."""
    left = {key: len(dependants.get(key, ())) for key in steps}
    weights = {key: step.typical_s for key, step in steps.items()}
    queue = [key for key, count in left.items() if not count]
    while queue:
        key = queue.pop()
        for need in {*steps[key].needs, *steps[key].optional_needs} & steps.keys():
            weights[need] = max(weights[need], steps[need].typical_s + weights[key])
            left[need] -= 1
            if not left[need]:
                queue.append(need)
    return weights
