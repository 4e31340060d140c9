"""A real run pre-empts drills (DESIGN 4): of a drill only the clones are stopped, and machines are taken
only where free ones do not suffice. A drill never pre-empts anything.

It is the last thing of preflight: nothing is taken away for a run that could not begin. The drill is
fenced first, in one transaction. Its guests are asked to leave, for a while only: a disaster is not
held up by a drill. Its clones are dropped, and only then its groups change hands.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection

from drconsole.errors import DRConsoleError
from drconsole.journal import pre_empting, runs
from drconsole.journal import steps as recorded
from drconsole.journal.steps import StepRow
from drconsole.model.step import Done, Facts, Handlers, Step, Work, step_key
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput, PreEmption
from drconsole.recovery.drill_work import DrillWork
from drconsole.recovery.drivers import Room, close_all, rooms_of
from drconsole.recovery.work import StepWork
from drconsole.settings.values import Settings

_KIND = "pre-empt"
_AT_ONCE = 8
"""So many guests of a drill are stopped at the same time."""

_IN_FLIGHT_S = 3.0
"""A clone that the drill's runner was making when it was fenced may still appear for so long."""


def steps(plan: PlanInput, before: Sequence[str]) -> tuple[Step, ...]:
    """Gives the steps that pre-empt each drill; `before` are the keys that go first."""
    return tuple(step for loss in plan.pre_empts for step in _of_drill(plan, loss, tuple(before)))


def pre_empted(drill: str) -> str:
    """The key of the step after which a drill can never act again."""
    return step_key("preflight", drill, "pre-empt")


def dropped(group: str) -> str:
    """The key of the step after which no clone of a drill is left of a group."""
    return step_key("preflight", group, "drop-clones")


def _of_drill(plan: PlanInput, loss: PreEmption, before: tuple[str, ...]) -> tuple[Step, ...]:
    first = _step(
        plan,
        pre_empted(loss.drill),
        "recovery.pre-empt",
        loss.drill,
        f"Pre-empt the drill {loss.drill}",
        needs=before,
        arguments={"drill": loss.drill},
    )
    guests = _step(
        plan,
        step_key("preflight", loss.drill, "stop-guests"),
        "recovery.stop-drill",
        loss.drill,
        f"Stop the guests of {loss.drill}, as far as they are reached",
        needs=(first.key,),
        arguments={"drill": loss.drill, "within_s": plan.deadlines.get(_KIND, 60.0)},
    )
    drops = (
        _step(
            plan,
            dropped(group),
            "recovery.drop-clones",
            group,
            f"Drop the clones of {group} that {loss.drill} has",
            needs=(first.key,),
            optional_needs=(guests.key,),
            arguments={"drill": loss.drill, "group": group},
        )
        for group in loss.groups
    )
    return first, msgspec.structs.replace(guests, critical=False), *drops


def _step(
    plan: PlanInput,
    key: str,
    handler: str,
    about: str,
    title: str,
    *,
    needs: tuple[str, ...],
    arguments: Facts,
    optional_needs: tuple[str, ...] = (),
) -> Step:
    return Step(
        key=key,
        stage="preflight",
        handler=handler,
        object=about,
        title=title,
        needs=needs,
        optional_needs=optional_needs,
        arguments=arguments,
        typical_s=5,
        deadline_s=plan.deadlines["halt"],
    )


class PreEmpt:
    """The drill is marked, cancelled where it goes on, and fenced: in the transaction of this step."""

    def enact(self, connection: Connection, work: Work) -> Facts:
        """Raises Busy where another real run was faster."""
        drill = work.step.arguments["drill"]
        pre_empting.pre_empt(connection, drill, work.run)
        return {"drill": drill}


class _Drill(NamedTuple):
    """A drill with what its own cleanup would do, bound to its own handlers."""

    run: str
    rows: Mapping[str, StepRow]
    cleanup: tuple[Step, ...]
    handlers: Handlers


class _OnDrill:
    """What the handlers on a drill have in common: its frozen plan and results are read from the journal."""

    def __init__(self, settings: Settings, rooms: Sequence[Room]) -> None:
        self._settings = settings
        self._rooms = tuple(rooms)
        self._ended: dict[str, Facts] = {}

    async def observe(self, work: Work) -> Done | None:
        """Done once it has been gone through; another runner goes through it anew."""
        ended = self._ended.get(work.token)
        return None if ended is None else Done(result=ended)

    @asynccontextmanager
    async def drill(self, work: Work) -> AsyncIterator[_Drill]:
        name = work.step.arguments["drill"]
        plan, source, rows = await asyncio.to_thread(_read, work, name)
        same = plan.site == _site_of(work)
        rooms = self._rooms if same and self._rooms else rooms_of(self._settings, plan.site)
        parts = [room.handlers(self._settings, source) for room in rooms]
        cleanup = tuple(step for room in rooms for step in room.cleanup_steps(source))
        try:
            yield _Drill(name, rows, cleanup, {k: h for part in reversed(parts) for k, h in part.items()})
        finally:
            await close_all(parts)


def _site_of(work: Work) -> str:
    assert isinstance(work, StepWork), "this handler reads the journal"
    return work.read(lambda c: runs.find(c, work.run)).site


def _read(work: Work, drill: str) -> tuple[Any, PlanInput, dict[str, StepRow]]:
    assert isinstance(work, StepWork), "this handler reads the journal"
    plan, source = work.read(lambda c: runs.frozen(c, drill))
    rows = work.read(lambda c: recorded.load(c, drill))
    return plan, msgspec.json.decode(source, type=PlanInput), rows


class StopDrill(_OnDrill):
    """Guests of the drill are off and unregistered, as far as its management server answers in time."""

    async def act(self, work: Work) -> None:
        """Never fails: what cannot be reached is said, and loses its disks next."""
        left: list[str] = []
        async with self.drill(work) as drill:
            steps = [step for step in drill.cleanup if "vcenter" in step.resources]
            try:
                async with asyncio.timeout(work.step.arguments["within_s"]):
                    left = await _all_carried(work, drill, steps)
            except TimeoutError:
                left = [f"not all within {work.step.arguments['within_s']:g} s"]
        if left:
            work.say(f"guests of {drill.run} that could not be stopped lose their disks: {'; '.join(left)}")
        self._ended[work.token] = {"left": left}


class DropClones(_OnDrill):
    """No clone of the drill is left of this group, and nothing of one is presented."""

    async def act(self, work: Work) -> None:
        """Raises what the array raises: the group changes hands only after this."""
        group = work.step.arguments["group"]
        async with self.drill(work) as drill:
            own = [step for step in drill.cleanup if step.object == group]
            end = time.monotonic() + (_IN_FLIGHT_S if _in_doubt(drill.rows, group) else 0.0)
            while True:
                for step in own:
                    await _carried(work, drill, step)
                if time.monotonic() >= end:
                    break
                await asyncio.sleep(0.5)
        self._ended[work.token] = {"group": group, "drill": drill.run}


def _in_doubt(rows: Mapping[str, StepRow], group: str) -> bool:
    """Whether the drill had begun to make its clone, and nobody knows how that ended."""
    row = rows.get(keys.halted(group))
    return row is not None and row.attempts > 0 and row.result is None


async def _all_carried(work: Work, drill: _Drill, steps: Sequence[Step]) -> list[str]:
    """Carries steps out, chain by chain; returns what went wrong, in words."""
    room, said = asyncio.Semaphore(_AT_ONCE), list[str]()

    async def chain(first: Step) -> None:
        async with room:
            try:
                for step in (first, *(other for other in steps if first.key in other.needs)):
                    await _carried(work, drill, step)
            except DRConsoleError as error:
                said.append(f"{first.object}: {error.message}")

    await asyncio.gather(*(chain(step) for step in steps if not step.needs))
    return sorted(said)


async def _carried(work: Work, drill: _Drill, step: Step) -> None:
    """Observes and acts once, in the drill's name: its clones bear it."""
    handler, own = drill.handlers[step.handler], DrillWork(work, drill.run, step, drill.rows)
    if await handler.observe(own) is None:
        await handler.act(own)
        await handler.observe(own)
