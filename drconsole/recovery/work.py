"""What a handler is given while it works on its step."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from drconsole.errors import Fenced, UnknownName
from drconsole.journal import commands, events, runs
from drconsole.journal.journal import Journal
from drconsole.model.step import Facts, Mode, Step

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
    ) -> None:
        """`amended` is the number of the amendment that the steps were loaded with."""
        self.journal = journal
        self.run = run
        self.mode: Mode = mode
        self.epoch = epoch
        self.results = results
        self.amended = amended

    async def check(self) -> None:
        """Raises Fenced where another runner has taken the run over."""
        if self.journal.read(lambda c: runs.current_epoch(c, self.run)) != self.epoch:
            raise Fenced("another runner has taken it over", about=self.run)

    def event(self, kind: str, *, step: str = "", text: str = "", facts: Facts | None = None) -> None:
        """Queues an event, proven by the epoch like every write; nobody waits for it."""

        def add(connection: Connection) -> None:
            runs.prove(connection, self.run, self.epoch)
            events.add(connection, self.run, kind, step=step, text=text, facts=facts)

        self.journal.post(add)


class StepWork:
    """One step's `model.step.Work`."""

    def __init__(self, shared: RunWork, step: Step) -> None:
        self._shared = shared
        self._step = step
        self._phase = ""
        self._shown = 0.0

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

    def result(self, key: str) -> Facts:
        """Returns what a done step found. Raises UnknownName for another."""
        try:
            return self._shared.results[key]
        except KeyError:
            raise UnknownName("no such step is done", about=key) from None

    def results(self, prefix: str) -> Mapping[str, Facts]:
        """Returns what all done steps under a prefix found."""
        return {key: facts for key, facts in self._shared.results.items() if key.startswith(prefix)}

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
        """Raises Fenced where the run has been taken over: call before each act."""
        await self._shared.check()
