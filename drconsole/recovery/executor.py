"""Carries a graph of journalled steps out: what can run concurrently does, bounded by capacities.

A step's intent is in the journal before its act, its result after. A failed step stops what needs
it and nothing else; the executor then waits for an operator's verb and goes on. Killed at any
point, another executor takes up from the journal: a step in doubt is observed first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Literal

from sqlalchemy import Connection

from drconsole.errors import DatabaseFailed, DRConsoleError, Fenced, InvalidDocument, Question, Refused
from drconsole.journal import commands, runs, steps
from drconsole.journal.steps import StepRow
from drconsole.journal.tenure import Standing
from drconsole.model.run import StepState
from drconsole.model.step import Done, Facts, Handler, Handlers, Step
from drconsole.recovery import takeover
from drconsole.recovery.attending import Attention
from drconsole.recovery.carry import Asking, InJournal, carry_out, look_again
from drconsole.recovery.outcomes import write_failure
from drconsole.recovery.schedule import Schedule
from drconsole.recovery.work import RunWork, StepWork

_Effect = Callable[[Connection, StepWork], Facts | None]

Ending = Literal["settled", "refused", "cancelled", "amended"]

CANCEL_S = 5.0
"""After a cancel, running steps get so long to end by themselves."""

AMEND_S = 2.0
"""After an amendment: what does not end in time is observed again under the new plan."""


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
        self._in_doubt = {key for key, row in rows.items() if row.state == "running"}
        self._schedule = Schedule((row.step for row in rows.values()), started, held=shared.doubts)
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._attention = Attention(shared)
        self._verb = -1
        self._refused = False
        self._told: StepState = "running"
        for step in self._schedule.steps.values():
            if step.handler not in handlers:
                raise InvalidDocument(f"the plan names the handler {step.handler}", about=step.key)

    async def run(self) -> Ending:
        """Works until nothing is left to do, or the plan has been amended: then load it anew.

        Raises Fenced where another runner took over.
        """
        async with self._attention:
            waiting = asyncio.create_task(takeover.clear(self._shared.doubts, self._let))
            try:
                return await self._loop()
            finally:
                for task in (waiting, *self._tasks):
                    task.cancel()
                await asyncio.gather(waiting, *self._tasks, return_exceptions=True)

    async def _loop(self) -> Ending:
        while True:
            self._attention.wake.clear()
            standing = self._adopted()
            if self._refused or (standing.cancelled and not self._cleanup):
                return await self._stopped()
            if standing.amended != self._shared.amended:
                await self._ended_within(AMEND_S)
                return "amended"
            if not standing.paused:
                self._start_all()
                if self._schedule.finished:
                    return "settled"
            await self._tell_state(standing)
            await self._attention.wake.wait()
            self._attention.must_go_on()

    def _adopted(self) -> Standing:
        """Takes up what operators did: their verbs are in the journal already, with effect."""
        standing = self._attention.standing
        if standing.verb != self._verb:
            self._verb = standing.verb
            self._schedule.adopt(self._journal.read(lambda c: steps.states(c, self._shared.run)))
        return standing

    def _let(self, key: str) -> None:
        self._schedule.let(key)
        self._attention.wake.set()

    def _start_all(self) -> None:
        while (step := self._schedule.start()) is not None:
            task = asyncio.create_task(self._carry(step), name=step.key)
            self._tasks[task] = step.key
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._attention.lose(error)
        self._attention.wake.set()

    async def _carry(self, step: Step) -> None:
        shared, key = self._shared, step.key
        attempt = self._attempts[key] = self._attempts[key] + 1
        handler = self._handlers[step.handler]
        work = StepWork(shared, step, in_doubt=key in self._in_doubt)
        self._in_doubt.discard(key)
        try:
            if isinstance(handler, InJournal):
                result = await self._enact(handler.enact, work, attempt)
            elif isinstance(handler, Asking):
                result = await self._enact(partial(self._asked, handler), work, attempt)
            else:
                result = await self._act(handler, work, attempt)
        except (Fenced, DatabaseFailed):
            raise
        except Question as question:
            await self._ask(key, question)
            return
        except DRConsoleError as error:
            result = await self._failed(handler, work, error)
        if result is not None:
            shared.results[key] = result
            self._schedule.settle(key, "done")

    async def _act(self, handler: Handler, work: StepWork, attempt: int) -> Facts | None:
        if not await self._journal.write(lambda c: self._begin(c, work.step.key, attempt)):
            self._taken_away(work.step.key)
            return None
        return await self._finish(work, await carry_out(handler, work))

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

    async def _ask(self, key: str, question: Question) -> None:
        """The step waits; where another one's same question was answered meanwhile, it goes on with that."""
        shared = self._shared

        def write(connection: Connection) -> None:
            text, remedy = question.message, question.remedy
            if commands.answered(connection, shared.run, text) is None:
                steps.wait(connection, shared.run, shared.epoch, key, question=text, remedy=remedy)

        await self._journal.write(write)
        self._taken_away(key)

    def _taken_away(self, key: str) -> None:
        """An operator was faster, or is asked: take the journal's state over instead of ours."""
        state = self._journal.read(lambda c: steps.state(c, self._shared.run, key))
        self._schedule.settle(key, "pending" if state == "running" else state)
        self._attention.refresh()

    async def _failed(self, handler: Handler, work: StepWork, error: DRConsoleError) -> Facts | None:
        """The result, where a last look shows the step done after all; else its failure is written."""
        seen = await look_again(handler, work, error)
        if isinstance(seen, Done):
            return await self._finish(work, seen.result)
        step = work.step
        lost = await write_failure(
            self._shared, self._schedule, step, error, seen, attempt=self._attempts[step.key]
        )
        if step.stage == "preflight" and isinstance(error, Refused) and step.critical:
            self._refused = True
        self._schedule.settle(step.key, "failed" if step.critical else "skipped")
        self._schedule.adopt(dict.fromkeys(lost, "skipped"))
        return None

    async def _ended_within(self, seconds: float) -> None:
        """Gives running steps a moment, then leaves them to be observed by whoever comes after."""
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=seconds)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._attention.must_go_on()
        # Behind it all that they had queued is in the journal.
        await self._journal.write(lambda c: runs.prove(c, self._shared.run, self._shared.epoch))

    async def _stopped(self) -> Ending:
        await self._ended_within(CANCEL_S)
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

    @property
    def _moving(self) -> bool:
        """Whether something goes on by itself: a step that is held comes by itself."""
        return bool(self._tasks or self._schedule.held)

    async def _tell_state(self, standing: Standing) -> None:
        """`waiting` is a run that only an operator can move; who paused it has said so already."""
        state: StepState = "paused" if standing.paused else "running" if self._moving else "waiting"
        if state == self._told:
            return
        self._told = state
        if state == "paused":
            return
        shared = self._shared

        def write(connection: Connection) -> None:
            runs.prove(connection, shared.run, shared.epoch)
            row = runs.find(connection, shared.run)
            if row.paused_by is not None:
                return
            if not self._cleanup:
                runs.set_state(connection, shared.run, state)
            elif row.cleanup_state != state:
                runs.set_cleanup(connection, shared.run, state)

        await self._journal.write(write)
