"""Carries a graph of journalled steps out: what can run concurrently does, bounded by capacities.

A step's intent is in the journal before its act, its result after. A failed step stops what needs
it and nothing else; the executor then waits for an operator's verb and goes on. Killed at any
point, another executor takes up from the journal: a step in doubt is observed first.
"""

from __future__ import annotations

import asyncio
from typing import Literal

from sqlalchemy import Connection

from drconsole.journal import runs, steps
from drconsole.journal.steps import StepRow
from drconsole.journal.tenure import Standing
from drconsole.model.run import StepState
from drconsole.model.step import Handlers, Step
from drconsole.recovery import takeover
from drconsole.recovery.attending import Attention
from drconsole.recovery.carrier import Carrier
from drconsole.recovery.schedule import Schedule
from drconsole.recovery.work import RunWork, StepWork

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
        """`rows` are the journal's. Raises InvalidDocument where an open step names no known handler."""
        self._shared = shared
        self._journal = shared.journal
        self._cleanup = cleanup
        self._attempts = {key: row.attempts for key, row in rows.items()}
        started: dict[str, StepState] = {
            key: "pending" if row.state == "running" else row.state for key, row in rows.items()
        }
        self._in_doubt = {key for key, row in rows.items() if row.state == "running"}
        self._schedule = Schedule((row.step for row in rows.values()), started, held=shared.doubts)
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._attention = Attention(shared)
        self._verb = shared.verb
        self._refused = False
        self._told: StepState = "running"
        self._carrier = Carrier(shared, handlers, self._schedule, self._free, cleanup=cleanup)

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

    def _free(self, key: str) -> None:
        self._schedule.free(key)
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
        key = step.key
        attempt = self._attempts[key] = self._attempts[key] + 1
        work = StepWork(self._shared, step, in_doubt=key in self._in_doubt)
        self._in_doubt.discard(key)
        outcome = await self._carrier.carry(work, attempt)
        if not outcome.begun:
            self._attempts[key] = attempt - 1
        self._refused |= outcome.refused
        self._schedule.settle(key, outcome.state)
        if outcome.lost:
            self._schedule.adopt(dict.fromkeys(outcome.lost, "skipped"))
        if outcome.state not in ("done", "failed"):
            self._attention.refresh()  # an operator was faster than we are to notice, or is asked

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
        shared = self._shared

        def write(connection: Connection) -> None:
            runs.prove(connection, shared.run, shared.epoch)
            left: dict[str, StepState] = {
                key: "cancelled"
                for key, state in steps.states(connection, shared.run).items()
                if key in self._schedule.steps and state in ("pending", "running", "waiting")
            }
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
