"""When a runner is killed or stopped: after so many commits, so many answers, or at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from tests.sim.loop import Process, outside
from tests.sim.scenario import Fault, Moment


class Strikes:
    """Counts what runners do and strikes the one that is just at it."""

    def __init__(self, faults: Sequence[Fault], runners: Callable[[], list[Process]]) -> None:
        """`runners` gives those that live."""
        self._open = list(faults)
        self._runners = runners
        self._counted: Counter[Moment] = Counter()

    def begin(self) -> None:
        """Sets the faults off that come at a time."""
        for fault in self._open:
            if fault.moment == "time":
                outside(self._at_time, fault, after=float(fault.count))

    def end(self) -> None:
        """From now on nobody is struck."""
        self._open.clear()

    def count(self, process: Process, moment: Moment) -> None:
        """One more commit or answer of a process; where a fault is due, it strikes at once.

        After a commit that is before the process hears of it, after an act before it gets the answer.
        """
        if process.dead or not process.name.startswith("runner"):
            return
        self._counted[moment] += 1
        for fault in [f for f in self._open if f.moment == moment and f.count == self._counted[moment]]:
            self._strike(process, fault)

    def _at_time(self, fault: Fault) -> None:
        living = self._runners()
        if fault in self._open and living:
            self._strike(living[-1], fault)

    def _strike(self, process: Process, fault: Fault) -> None:
        self._open.remove(fault)
        if fault.blow == "kill":
            process.kill()
            return
        process.stop()
        outside(self._wake, process, after=fault.lasts_s)

    def _wake(self, process: Process) -> None:
        if process.alive and process.stopped:
            process.go_on()
