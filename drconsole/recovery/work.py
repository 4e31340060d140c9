"""What a handler is given while it works on its step."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Connection

from drconsole.errors import DeadlinePassed, Fenced, UnknownName
from drconsole.journal import clock, commands, events, runs, tenure
from drconsole.journal.journal import Journal
from drconsole.model.step import Facts, Mode, Step
from drconsole.recovery.carry import limit_of

T = TypeVar("T")

STALE_S = runs.LEASE_S / 2
"""An own beat that is older is renewed before anything is done to the world."""

_PROGRESS_S = 0.2
"""A step shows progress of one phase at most so often."""


class RunWork:
    """What all steps of a run share: its journal, its epoch, and what is done so far."""

    def __init__(
        self,
        journal: Journal,
        run: str,
        mode: Mode,
        epoch: int,
        results: dict[str, Facts],
        *,
        amended: int = 0,
        verb: int = -1,
        doubts: Mapping[str, float] | None = None,
    ) -> None:
        """`amended` and `verb` are the numbers of the last amendment and the last operator's verb that
        the steps were loaded with; `doubts` are what another runner may still be at (`takeover.Taken`).
        """
        self.journal = journal
        self.run = run
        self.mode: Mode = mode
        self.epoch = epoch
        self.results = results
        self.amended = amended
        self.verb = verb
        self.doubts = doubts or {}
        self.lose: Callable[[BaseException], None] = _nobody

    async def check(self) -> None:
        """Raises Fenced where another runner has taken the run over, DatabaseFailed without a journal.

        The epoch is read from the database, so a runner that was asleep learns here what happened
        meanwhile. Where its own beat is old somebody may be taking over at this very moment: then the
        run is proven by a write, which waits for that other one's and is fenced by it.
        """
        self.journal.must_stand()
        epoch, beat = self.journal.glance(lambda c: tenure.held(c, self.run))
        if epoch != self.epoch:
            raise Fenced("another runner has taken it over", about=self.run)
        if clock.unix() - beat > STALE_S:
            await self.journal.write(lambda c: runs.prove(c, self.run, self.epoch))

    def event(self, kind: str, *, step: str = "", text: str = "", facts: Facts | None = None) -> None:
        """Queues an event, proven by the epoch like every write; nobody waits for it.

        Where it cannot be written the run is lost (`lose`): whoever cannot tell must not act.
        """

        def add(connection: Connection) -> None:
            seq = tenure.advance(connection, self.run, self.epoch)
            events.put(connection, self.run, seq, kind, step=step, text=text, facts=facts)

        self.journal.post(add, self.lose)


def _nobody(error: BaseException) -> None:
    """Before an executor attends, nobody waits for what is posted."""


class StepWork:
    """One step's `model.step.Work`."""

    def __init__(self, shared: RunWork, step: Step, *, in_doubt: bool = False) -> None:
        self._shared = shared
        self._step = step
        self._in_doubt = in_doubt
        self._phase = ""
        self._shown = 0.0
        self._until = clock.unix() + limit_of(step)

    @property
    def run(self) -> str:
        """The run's name."""
        return self._shared.run

    @property
    def mode(self) -> Mode:
        """The run's mode."""
        return self._shared.mode

    @property
    def step(self) -> Step:
        """The step."""
        return self._step

    @property
    def token(self) -> str:
        """`run/step`, the same over all attempts."""
        return f"{self._shared.run}/{self._step.key}"

    @property
    def in_doubt(self) -> bool:
        """Whether an earlier runner, or this one under an earlier plan, was at it."""
        return self._in_doubt

    def result(self, key: str) -> Facts:
        """Returns what a done step found. Raises UnknownName for another."""
        try:
            return self._shared.results[key]
        except KeyError:
            raise UnknownName("no such step is done", about=key) from None

    def results(self, prefix: str) -> Mapping[str, Facts]:
        """Returns what all done steps under a prefix found."""
        return {key: facts for key, facts in self._shared.results.items() if key.startswith(prefix)}

    def read(self, work: Callable[[Connection], T]) -> T:
        """Reads the journal. For the recovery's own handlers: a room does not know it."""
        return self._shared.journal.read(work)

    def say(self, text: str, **facts: Any) -> None:
        """Writes a line into the run's log; facts named `kind` choose the event's kind."""
        kind = str(facts.pop("kind", "log"))
        self._shared.event(kind, step=self._step.key, text=text, facts=facts)

    def progress(self, phase: str, fraction: float | None = None) -> None:
        """Shows how far the step is; what changes too fast to be read is left out."""
        moment = time.monotonic()
        if phase == self._phase and moment - self._shown < _PROGRESS_S and fraction != 1.0:
            return
        self._phase, self._shown = phase, moment
        facts: Facts = {"phase": phase, "fraction": fraction, "machine": self._step.machine}
        self._shared.event("progress", step=self._step.key, facts=facts)

    def answered(self, question: str) -> tuple[str, str] | None:
        """Returns who approved this very question in this run, and when; None where nobody has."""
        shared = self._shared
        said = shared.journal.read(lambda c: commands.answered(c, shared.run, question))
        return None if said is None else (said.actor, said.at)

    async def check(self) -> None:
        """Raises Fenced where the run has been taken over, DeadlinePassed after the step's deadline.

        Call it before each act: who takes a run over from a silent runner counts on that nothing is
        begun after the deadline, however late the runner wakes (`recovery.takeover`).
        """
        await self._shared.check()
        if clock.unix() > self._until:
            raise DeadlinePassed("its deadline has passed", about=self._step.object or self._step.key)
