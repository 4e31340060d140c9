"""Carries a graph of journalled steps out: what can run concurrently does, bounded by capacities.

A step's intent is in the journal before its act, its result after. A failed step stops what needs
it and nothing else; the executor then waits for an operator's verb and goes on. Killed at any
point, another executor takes up from the journal: a step in doubt is observed first.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import Literal

from sqlalchemy import Connection

from drconsole.errors import DRConsoleError, Fenced, InvalidDocument, Refused
from drconsole.journal import commands, runs, steps
from drconsole.journal.steps import StepRow
from drconsole.model.run import StepState
from drconsole.model.step import Facts, Handler, Handlers, Step
from drconsole.recovery.carry import Asking, InJournal, carry_out
from drconsole.recovery.schedule import Schedule
from drconsole.recovery.work import RunWork, StepWork

_Effect = Callable[[Connection, StepWork], Facts | None]

Ending = Literal["settled", "refused", "cancelled"]

BEAT_S = 1.0
CANCEL_S = 5.0
"""After a cancel, running steps get so long to end by themselves."""


class Executor:
    """One plan of a run: its recovery, or its cleanup."""

    def __init__(
        self, shared: RunWork, rows: dict[str, StepRow], handlers: Handlers, *, cleanup: bool
    ) -> None:
        """`rows` are the journal's. Raises InvalidDocument where a step names no known handler."""
        self._shared = shared
        self._journal = shared.journal
        self._cleanup = cleanup
        self._handlers = handlers
        self._attempts = {key: row.attempts for key, row in rows.items()}
        started: dict[str, StepState] = {
            key: "pending" if row.state == "running" else row.state for key, row in rows.items()
        }
        self._schedule = Schedule((row.step for row in rows.values()), started)
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._wake = asyncio.Event()
        self._commands = -1
        self._cancelled = False
        self._fatal: BaseException | None = None
        self._refused = False
        self._waiting = False
        for step in self._schedule.steps.values():
            if step.handler not in handlers:
                raise InvalidDocument(f"the plan names the handler {step.handler}", about=step.key)

    async def run(self) -> Ending:
        """Works until nothing is left to do. Raises Fenced where another runner took over."""
        helpers = [asyncio.create_task(self._beat()), asyncio.create_task(self._listen())]
        try:
            return await self._loop()
        finally:
            for task in [*helpers, *self._tasks]:
                task.cancel()
            await asyncio.gather(*helpers, *self._tasks, return_exceptions=True)

    async def _loop(self) -> Ending:
        while True:
            self._wake.clear()
            await self._amend()
            if self._cancelled or self._refused:
                return await self._stopped()
            self._start_all()
            if self._schedule.finished:
                return "settled"
            await self._tell_state()
            await self._wake.wait()
            if self._fatal is not None:
                raise self._fatal

    def _start_all(self) -> None:
        while (step := self._schedule.start()) is not None:
            task = asyncio.create_task(self._carry(step), name=step.key)
            self._tasks[task] = step.key
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fatal = error
        self._wake.set()

    async def _carry(self, step: Step) -> None:
        shared, key = self._shared, step.key
        attempt = self._attempts[key] = self._attempts[key] + 1
        handler = self._handlers[step.handler]
        work = StepWork(shared, step)
        try:
            if isinstance(handler, InJournal):
                result = await self._enact(handler.enact, work, attempt)
            elif isinstance(handler, Asking):
                result = await self._enact(partial(self._asked, handler), work, attempt)
            else:
                result = await self._act(handler, work, attempt)
        except Fenced:
            raise
        except DRConsoleError as error:
            await self._failed(step, error)
            return
        if result is not None:
            shared.results[key] = result
            self._schedule.settle(key, "done")

    async def _act(self, handler: Handler, work: StepWork, attempt: int) -> Facts | None:
        shared, key = self._shared, work.step.key
        begun = await self._journal.write(lambda c: steps.begin(c, shared.run, shared.epoch, key, attempt))
        if not begun:
            self._taken_away(key)
            return None
        result = await carry_out(handler, work)
        await self._journal.write(lambda c: steps.finish(c, shared.run, shared.epoch, key, result))
        return result

    async def _enact(self, effect: _Effect, work: StepWork, attempt: int) -> Facts | None:
        """Effect and result in one transaction: neither is there without the other."""
        shared, key = self._shared, work.step.key

        def both(connection: Connection) -> Facts | None:
            if not steps.begin(connection, shared.run, shared.epoch, key, attempt):
                return None
            result = effect(connection, work)
            if result is not None:
                steps.finish(connection, shared.run, shared.epoch, key, result)
            return result

        result = await self._journal.write(both)
        if result is None:
            self._taken_away(key)
        return result

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

    def _taken_away(self, key: str) -> None:
        """An operator was faster, or is asked: take the journal's state over instead of ours."""
        state = self._journal.read(lambda c: steps.states(c, self._shared.run))[key]
        self._schedule.settle(key, state)
        self._commands = -1

    async def _failed(self, step: Step, error: DRConsoleError) -> None:
        shared = self._shared
        text = error.message if not error.about else f"{error.about}: {error.message}"
        await self._journal.write(
            lambda c: steps.fail(c, shared.run, shared.epoch, step.key, error=text, remedy=error.remedy)
        )
        self._schedule.settle(step.key, "failed")
        if step.stage == "preflight" and isinstance(error, Refused):
            self._refused = True

    async def _amend(self) -> None:
        """Takes up what operators did: their verbs are in the journal already, with effect."""
        newest, row, found = self._journal.read(self._news)
        if newest == self._commands:
            return
        self._commands = newest
        self._schedule.adopt(found)
        self._cancelled = not self._cleanup and row.cancelled_by is not None

    def _news(self, connection: Connection) -> tuple[int, runs.RunRow, dict[str, StepState]]:
        run = self._shared.run
        newest = commands.newest(connection, run)
        if newest == self._commands:
            return newest, runs.find(connection, run), {}
        return newest, runs.find(connection, run), steps.states(connection, run)

    async def _stopped(self) -> Ending:
        """Gives running steps a moment, then leaves them to be observed by a cleanup."""
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=CANCEL_S)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._fatal is not None:
            raise self._fatal
        left: dict[str, StepState] = {
            key: "cancelled"
            for key, state in self._schedule.states.items()
            if state in ("pending", "running", "waiting")
        }
        shared = self._shared

        def write(connection: Connection) -> None:
            runs.prove(connection, shared.run, shared.epoch)
            steps.set_states(connection, shared.run, left, reason="the run was stopped")

        await self._journal.write(write)
        return "refused" if self._refused else "cancelled"

    async def _tell_state(self) -> None:
        """`waiting` is a run that only an operator can move."""
        waiting = not self._tasks
        if waiting == self._waiting:
            return
        self._waiting = waiting
        shared = self._shared
        state: StepState = "waiting" if waiting else "running"

        def write(connection: Connection) -> None:
            runs.prove(connection, shared.run, shared.epoch)
            if self._cleanup:
                runs.set_cleanup(connection, shared.run, state)
            else:
                runs.set_state(connection, shared.run, state)

        await self._journal.write(write)

    async def _beat(self) -> None:
        shared = self._shared
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await self._journal.write(lambda c: runs.prove(c, shared.run, shared.epoch))
            except DRConsoleError as error:
                self._fatal = error
                self._wake.set()
                return

    async def _listen(self) -> None:
        """Wakes the loop when an operator's verb has been written."""
        while True:
            seen = self._journal.news()
            with contextlib.suppress(DRConsoleError):
                newest = self._journal.read(lambda c: commands.newest(c, self._shared.run))
                if newest != self._commands:
                    self._wake.set()
            await self._journal.changed(seen)
