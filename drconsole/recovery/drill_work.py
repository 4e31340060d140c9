"""A drill's own step, carried out by the run that pre-empts it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drconsole.errors import UnknownName
from drconsole.journal.steps import StepRow
from drconsole.model.step import Facts, Mode, Step, Work


class DrillWork:
    """What the handler of a drill's step is given: the drill's name, mode and results, our log and epoch."""

    def __init__(self, work: Work, drill: str, step: Step, rows: Mapping[str, StepRow]) -> None:
        self._work = work
        self._rows = rows
        self.run = drill
        self.mode: Mode = "drill"
        self.step = step

    @property
    def token(self) -> str:
        """The drill's own."""
        return f"{self.run}/{self.step.key}"

    def result(self, key: str) -> Facts:
        """What the drill's step found. Raises UnknownName where it is not done."""
        found = self._rows[key].result if key in self._rows else None
        if found is None:
            raise UnknownName("no such step of the drill is done", about=key)
        return found

    def results(self, prefix: str) -> Mapping[str, Facts]:
        """What the drill's done steps found."""
        return {k: r.result for k, r in self._rows.items() if k.startswith(prefix) and r.result is not None}

    def say(self, text: str, **facts: Any) -> None:
        """Into the log of the run that pre-empts."""
        self._work.say(f"{self.step.object}: {text}", **facts)

    def progress(self, phase: str, fraction: float | None = None) -> None:
        """As progress of the step that does it."""
        self._work.progress(phase, fraction)

    def answered(self, question: str) -> tuple[str, str] | None:
        """Nobody is asked about a drill."""
        return None

    @property
    def in_doubt(self) -> bool:
        """Its own runner may have been in the middle of it."""
        return False

    async def check(self) -> None:
        """Raises Fenced where the run that pre-empts was itself taken over."""
        await self._work.check()
