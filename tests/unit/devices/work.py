"""A runner in small: it gives handlers their work, and carries a step out by the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drconsole.errors import OutcomeUnknown, UnknownName, Unreachable
from drconsole.model.step import Done, Facts, Handlers, Mode, Step


class FakeWork:
    """Work on one step; what it says and the results of earlier steps are shared."""

    approved: frozenset[str] = frozenset()

    def __init__(self, step: Step, mode: Mode, shared: dict[str, Facts], said: list[str]) -> None:
        self.step = step
        self.mode: Mode = mode
        self.run = "R-1"
        self.in_doubt = False
        self._shared = shared
        self._said = said

    @property
    def token(self) -> str:
        return f"{self.run}/{self.step.key}"

    def result(self, key: str) -> Facts:
        if key not in self._shared:
            raise UnknownName("is not done", about=key)
        return self._shared[key]

    def results(self, prefix: str) -> Mapping[str, Facts]:
        return {key: facts for key, facts in self._shared.items() if key.startswith(prefix)}

    def say(self, text: str, **facts: Any) -> None:
        self._said.append(text)

    def progress(self, phase: str, fraction: float | None = None) -> None:
        self._said.append(phase)

    def answered(self, question: str) -> tuple[str, str] | None:
        return ("ann", "2026-11-22T08:00:00Z") if question in self.approved else None

    async def check(self) -> None:
        return None


class Carrier:
    """Carries steps out: observe, act, observe. `acted` are the keys of the steps that acted."""

    def __init__(self, handlers: Handlers, mode: Mode = "drill") -> None:
        self._handlers = handlers
        self._mode = mode
        self.results: dict[str, Facts] = {}
        self.said: list[str] = []
        self.acted: list[str] = []

    async def carry(self, *steps: Step) -> None:
        for step in steps:
            self.results[step.key] = (await self._carry(step)).result

    async def _carry(self, step: Step) -> Done:
        work = FakeWork(step, self._mode, self.results, self.said)
        handler = self._handlers[step.handler]
        if done := await handler.observe(work):
            return done
        self.acted.append(step.key)
        try:
            await handler.act(work)
        except (OutcomeUnknown, Unreachable):
            if done := await handler.observe(work):
                return done
            raise
        done = await handler.observe(work)
        assert done is not None, f"{step.key} acted, and its postcondition does not hold"
        return done
