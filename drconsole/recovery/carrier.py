"""Carries single steps of a run out, each through the journal: its intent, its act, its result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection

from drconsole.errors import (
    DatabaseFailed,
    DeadlinePassed,
    DRConsoleError,
    Fenced,
    InvalidDocument,
    Question,
    Refused,
)
from drconsole.journal import commands, steps
from drconsole.model.run import StepState
from drconsole.model.step import Done, Facts, Handler, Handlers
from drconsole.recovery.carry import Asking, InJournal, carry_out, look_again, unexpected
from drconsole.recovery.outcomes import write_failure
from drconsole.recovery.schedule import SETTLED, Schedule
from drconsole.recovery.work import RunWork, StepWork

LOST = (Fenced, DatabaseFailed)
"""After these a runner does nothing more to the world, and ends at once."""

_Effect = Callable[[Connection, StepWork], Facts | None]
_Way = Callable[[StepWork, int], Awaitable[Facts | None]]


class Outcome(NamedTuple):
    """How a step came out, as the journal has it now.

    `lost` are the keys that were skipped with it; `refused` says that preflight refuses the run. One that
    has not `begun` was taken away before: the run was paused, cancelled or amended, the step skipped.
    """

    state: StepState
    lost: frozenset[str] = frozenset()
    refused: bool = False
    begun: bool = True


class Carrier:
    """One plan's handlers, and how each kind of them is carried out."""

    def __init__(
        self,
        shared: RunWork,
        handlers: Handlers,
        schedule: Schedule,
        free: Callable[[str], None],
        *,
        cleanup: bool,
    ) -> None:
        """`free` is told of each step that has done with the world, before its result is written.

        Raises InvalidDocument where a step that may still begin names no known handler.
        """
        self._shared = shared
        self._journal = shared.journal
        self._handlers = handlers
        self._schedule = schedule
        self._free = free
        self._cleanup = cleanup
        self._cut: set[str] = set()
        """Steps whose last attempt was ended by its deadline: an operator may be quick to retry one."""
        self._ways: dict[str, _Way] = {}
        # One that has left the plan has taken the name of its handler along.
        open_steps = (step for key, step in schedule.steps.items() if schedule.states[key] not in SETTLED)
        for step in open_steps:
            if step.handler not in handlers:
                raise InvalidDocument(f"the plan names the handler {step.handler}", about=step.key)
            if step.handler not in self._ways:
                self._ways[step.handler] = self._way(handlers[step.handler])

    async def carry(self, work: StepWork, attempt: int) -> Outcome:
        """Carries one attempt at a step out. Raises Fenced, DatabaseFailed: the run is lost then."""
        key = work.step.key
        try:
            result = await self._ways[work.step.handler](work, attempt)
        except LOST:
            raise
        except Question as question:
            result = None
            await self._ask(key, question)
        except DRConsoleError as error:
            seen = await look_again(self._handlers[work.step.handler], work, error)
            if not isinstance(seen, Done):
                return await self._failed(work, error, seen, attempt)
            result = await self._finish(work, seen.result)
        if result is None:
            state, attempts = self._journal.read(lambda c: steps.standing(c, self._shared.run, key))
            return Outcome("pending" if state == "running" else state, begun=attempts >= attempt)
        self._shared.results[key] = result
        return Outcome("done")

    def _way(self, handler: Handler) -> _Way:
        # Once a handler and not once a step: to ask for a protocol takes longer than to write a step.
        if isinstance(handler, InJournal):
            return partial(self._enact, handler.enact)
        if isinstance(handler, Asking):
            return partial(self._enact, partial(self._asked, handler))
        return partial(self._act, handler)

    async def _act(self, handler: Handler, work: StepWork, attempt: int) -> Facts | None:
        if not await self._journal.write(lambda c: self._begin(c, work.step.key, attempt)):
            return None
        result = await carry_out(handler, work, cut=work.step.key in self._cut)
        self._free(work.step.key)
        return await self._finish(work, result)

    def _begin(self, connection: Connection, key: str, attempt: int) -> bool:
        shared = self._shared
        return steps.begin(
            connection,
            shared.run,
            shared.epoch,
            key,
            attempt,
            amended=shared.amended,
            cleanup=self._cleanup,
        )

    async def _finish(self, work: StepWork, result: Facts) -> Facts:
        shared, key = self._shared, work.step.key
        await self._journal.write(lambda c: steps.finish(c, shared.run, shared.epoch, key, result))
        return result

    async def _enact(self, effect: _Effect, work: StepWork, attempt: int) -> Facts | None:
        """Effect and result in one transaction: neither is there without the other."""
        shared, key = self._shared, work.step.key

        def both(connection: Connection) -> Facts | None:
            if not self._begin(connection, key, attempt):
                return None
            result = effect(connection, work)
            if result is not None:
                steps.finish(connection, shared.run, shared.epoch, key, result)
            return result

        try:
            return await self._journal.write(both)
        except DRConsoleError:
            raise
        except Exception as error:  # the boundary: a handler's mistake fails its step, never the run
            raise unexpected(error, work.step) from error

    def _asked(self, handler: Asking, connection: Connection, work: StepWork) -> Facts | None:
        """The answer, where one was needed and given; else the step waits for it."""
        shared, key = self._shared, work.step.key
        question, remedy = handler.question(work)
        if not question:
            return {}
        answer = commands.approval(connection, shared.run, key)
        if answer is not None:
            return handler.answered(answer.actor, answer.at)
        steps.wait(connection, shared.run, shared.epoch, key, question=question, remedy=remedy)
        return None

    async def _ask(self, key: str, question: Question) -> None:
        """The step waits; where another one's same question was answered meanwhile, it goes on with that."""
        shared = self._shared

        def write(connection: Connection) -> None:
            text, remedy = question.message, question.remedy
            if commands.answered(connection, shared.run, text) is None:
                steps.wait(connection, shared.run, shared.epoch, key, question=text, remedy=remedy)

        await self._journal.write(write)

    async def _failed(self, work: StepWork, error: DRConsoleError, seen: str, attempt: int) -> Outcome:
        step = work.step
        if isinstance(error, DeadlinePassed):
            self._cut.add(step.key)
        else:
            self._cut.discard(step.key)
        lost = await write_failure(self._shared, self._schedule, step, error, seen, attempt=attempt)
        refused = step.stage == "preflight" and isinstance(error, Refused) and step.critical
        return Outcome("failed" if step.critical else "skipped", lost, refused)
