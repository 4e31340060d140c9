"""What operators do to a run in mid-flight, as its executor meets it: pauses, amended plans, last looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, select, update

from drconsole.journal import commands, runs, schema, steps
from drconsole.journal.journal import Journal
from drconsole.model.step import Done, Handler, Handlers, Step, Work
from drconsole.planning.plan_input import PlanInput
from drconsole.recovery import carry, executor
from drconsole.recovery.carrier import Carrier, Outcome
from drconsole.recovery.runner import Runner
from drconsole.recovery.schedule import Schedule
from drconsole.recovery.work import RunWork, StepWork
from drconsole.settings.values import Settings
from tests.unit.runs.following import cleanup_state, run_state, states, until
from tests.unit.runs.plans import frozen, settings, source, step, url
from tests.unit.runs.world import World, WorldRoom


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    yield opened
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await opened.close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry, "RETRY_S", (0.01,))
    monkeypatch.setattr(carry, "SETTLE_S", (0.01,))
    monkeypatch.setattr(carry, "FLOOR_S", 0.05)
    monkeypatch.setattr(executor, "AMEND_S", 0.1)


def carried(folder: Path, journal: Journal, room: WorldRoom) -> asyncio.Task[None]:
    return asyncio.create_task(Runner(settings(folder), journal, "R-1", [room]).carry())


async def pause(journal: Journal, *, cleanup: bool = False) -> None:
    def write(connection: Connection) -> None:
        runs.set_paused(connection, "R-1", "ann")
        if cleanup:
            runs.set_cleanup(connection, "R-1", "paused", actor="ann")
        else:
            runs.set_state(connection, "R-1", "paused", actor="ann")
        commands.add(connection, "R-1", "pause", (), actor="ann")

    await journal.write(write)


async def resume(journal: Journal) -> None:
    def write(connection: Connection) -> None:
        runs.set_paused(connection, "R-1", None)
        commands.add(connection, "R-1", "resume", (), actor="ann")

    await journal.write(write)


async def test_a_pause_lets_running_steps_end_and_starts_none(
    tmp_path: Path, journal: Journal, world: World
) -> None:
    slow = step("halt/a/x", arguments={"seconds": 0.3})
    await frozen(journal, [slow, step("map/a/x", slow.key)])
    task = carried(tmp_path, journal, WorldRoom(world))
    await until(lambda: states(journal)[slow.key] == "running")
    await pause(journal)
    await until(lambda: states(journal)[slow.key] == "done")
    await asyncio.sleep(0.2)
    assert states(journal)["map/a/x"] == "pending"
    assert run_state(journal) == "paused"
    await resume(journal)
    await task
    assert run_state(journal) == "held"


async def test_a_pause_outlives_its_runner(tmp_path: Path, journal: Journal, world: World) -> None:
    await frozen(journal, [step("halt/a/x")])
    await pause(journal)
    task = carried(tmp_path, journal, WorldRoom(world))
    await asyncio.sleep(0.3)
    assert run_state(journal) == "paused"
    assert world.effects() == []
    await resume(journal)
    await task
    assert run_state(journal) == "held"


async def test_a_cleanup_can_be_paused(tmp_path: Path, journal: Journal, world: World) -> None:
    slow = step("cleanup/a/x", arguments={"seconds": 0.3})
    await frozen(journal, [step("halt/a/x")], cleanup=[slow, step("cleanup/b/x", slow.key)], auto=True)
    task = carried(tmp_path, journal, WorldRoom(world))
    await until(lambda: states(journal)[slow.key] == "running")
    await pause(journal, cleanup=True)
    await until(lambda: states(journal)[slow.key] == "done")
    await asyncio.sleep(0.2)
    assert states(journal)["cleanup/b/x"] == "pending"
    assert cleanup_state(journal) == "paused"
    await resume(journal)
    await task
    assert (run_state(journal), cleanup_state(journal)) == ("done", "done")


async def test_a_paused_run_can_be_cancelled(tmp_path: Path, journal: Journal, world: World) -> None:
    await frozen(journal, [step("halt/a/x")])
    await pause(journal)
    task = carried(tmp_path, journal, WorldRoom(world))
    await journal.write(lambda c: runs.set_cancelled(c, "R-1", "ann"))
    await task
    assert run_state(journal) == "cancelled"
    assert journal.read(lambda c: runs.find(c, "R-1")).paused_by is None


class Told:
    """A room whose handlers remember which plan they were bound with, and whether they were closed."""

    def __init__(self, room: WorldRoom) -> None:
        self.room = room
        self.bound: list[str] = []
        self.closed = 0

    def steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        return ()

    def cleanup_steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        return ()

    def handlers(self, settings: Settings, plan: PlanInput, /) -> Handlers:
        self.bound.append(plan.snapshot_id)
        return _Closing(self, self.room.handlers(settings, plan))


class _Closing(dict[str, Handler]):
    def __init__(self, told: Told, handlers: Handlers) -> None:
        super().__init__(handlers)
        self._told = told

    async def close(self) -> None:
        self._told.closed += 1


async def amend(journal: Journal, changed: Sequence[Step], gone: Sequence[str] = ()) -> None:
    """Puts steps in the place of those of the same keys, adds the others, gives `gone` up."""

    def write(connection: Connection) -> None:
        plan, source = runs.frozen(connection, "R-1")
        made = msgspec.structs.replace(msgspec.json.decode(source, type=PlanInput), snapshot_id="other")
        runs.amend(connection, plan, msgspec.json.encode(made), actor="ann", text="a spare")
        known = steps.states(connection, "R-1")
        table = schema.step
        for each in changed:
            if each.key in known:
                own = (table.c.run == "R-1") & (table.c.key == each.key)
                values = {"value": msgspec.json.encode(each), "state": "pending"}
                connection.execute(update(table).where(own).values(**values))
        steps.add(connection, "R-1", [each for each in changed if each.key not in known], cleanup=False)
        steps.set_states(connection, "R-1", dict.fromkeys(gone, "cancelled"), actor="ann")

    await journal.write(write)


async def test_an_amended_plan_is_loaded_anew_and_carried_on_with_the_same_epoch(
    tmp_path: Path, journal: Journal, world: World
) -> None:
    hanging = step("provision/D/install", arguments={"seconds": 60}, deadline_s=60)
    ready = step("provision/D/ready", hanging.key)
    await frozen(journal, [step("halt/a/x"), hanging, ready, step("verify/a/x", optional=(ready.key,))])
    told = Told(WorldRoom(world))
    task = asyncio.create_task(Runner(settings(tmp_path), journal, "R-1", [told]).carry())
    await until(lambda: states(journal)[hanging.key] == "running")
    spare = step("provision/E/install")
    await amend(journal, [spare, step("verify/a/x", optional=(spare.key,))], (hanging.key, ready.key))
    await task
    assert run_state(journal) == "held"
    assert world.effects() == ["halt/a/x", spare.key, "verify/a/x"]
    assert len(told.bound) == 2
    assert told.bound[1] == "other"
    assert told.closed == 2
    assert journal.read(lambda c: runs.find(c, "R-1")).epoch == 1


async def test_a_step_that_has_left_the_plan_may_name_a_handler_that_nobody_gives_any_more(
    tmp_path: Path, journal: Journal, world: World
) -> None:
    """The rooms give handlers for the plan as it is: no runner would ever come to its work else."""
    gone = step("provision/D/set-aside", handler="of-a-plan-before")
    await frozen(journal, [gone, step("verify/a/x", optional=(gone.key,))])
    await amend(journal, [], (gone.key,))
    await carried(tmp_path, journal, WorldRoom(world))
    assert run_state(journal) == "held"
    assert world.effects() == ["verify/a/x"]


async def test_a_step_that_was_taken_away_asks_nothing_any_more(journal: Journal) -> None:
    own = step("provision/D/install")
    await frozen(journal, [own])
    assert await journal.write(lambda c: steps.begin(c, "R-1", 0, own.key, 1))
    await amend(journal, [], (own.key,))
    await journal.write(lambda c: steps.wait(c, "R-1", 0, own.key, question="Is it so?", remedy=""))
    assert states(journal) == {own.key: "cancelled"}
    numbers = journal.read(lambda c: list(c.scalars(select(schema.event.c.seq))))
    assert numbers == list(range(1, len(numbers) + 1))


async def test_who_was_about_to_begin_when_the_run_was_paused_has_not_tried(
    tmp_path: Path, journal: Journal, world: World
) -> None:
    own = step("halt/a/x")
    await frozen(journal, [own])
    await pause(journal)
    shared = RunWork(journal, "R-1", "drill", 0, {})
    handlers = WorldRoom(world).handlers(settings(tmp_path), source("R-1", "drill"))
    carrier = Carrier(shared, handlers, Schedule([own], {}), lambda _: None, cleanup=False)
    assert await carrier.carry(StepWork(shared, own), 1) == Outcome("pending", begun=False)
    await resume(journal)
    assert await carrier.carry(StepWork(shared, own), 1) == Outcome("done")


async def test_no_step_begins_by_a_plan_that_was_amended(journal: Journal, tmp_path: Path) -> None:
    await frozen(journal, [step("halt/a/x")])
    await amend(journal, [step("halt/a/x", arguments={"other": True})])
    assert not await journal.write(lambda c: steps.begin(c, "R-1", 0, "halt/a/x", 1, amended=0))
    assert await journal.write(lambda c: steps.begin(c, "R-1", 0, "halt/a/x", 1, amended=1))
    numbers = journal.read(lambda c: list(c.scalars(select(schema.event.c.seq))))
    assert numbers == list(range(1, len(numbers) + 1))


class Late:
    """Its act fails, and shows in the world only afterwards; or never, and is then described."""

    def __init__(self, *, shows: bool, seen: str = "", blind: bool = False) -> None:
        self.shows, self.seen, self.blind = shows, seen, blind
        self.failed = False

    async def observe(self, work: Work) -> Done | None:
        if self.failed and self.blind:
            raise ConnectionResetError("cut")
        return Done(result={"late": True}) if self.failed and self.shows else None

    async def act(self, work: Work) -> None:
        self.failed = True
        await asyncio.sleep(9)


class Described(Late):
    async def describe(self, work: Work) -> str:
        return self.seen


class Only(WorldRoom):
    def __init__(self, world: World, late: Late) -> None:
        super().__init__(world)
        self.late = late

    def handlers(self, settings: Settings, plan: PlanInput, /) -> Handlers:
        return {**super().handlers(settings, plan), "late": self.late}


async def test_a_step_that_ran_out_of_time_but_is_done_is_done(
    tmp_path: Path, journal: Journal, world: World
) -> None:
    await frozen(journal, [step("halt/a/x", handler="late", deadline_s=0.05)])
    await carried(tmp_path, journal, Only(world, Late(shows=True)))
    assert run_state(journal) == "held"
    assert journal.read(lambda c: steps.result(c, "R-1", "halt/a/x")) == {"late": True}


@pytest.mark.parametrize(
    ("late", "told"),
    [
        (Late(shows=False), "not so yet"),
        (Described(shows=False, seen="the volume is nobody's"), "the volume is nobody's"),
        (Late(shows=False, blind=True), "cannot be observed: ConnectionResetError: cut"),
    ],
)
async def test_a_failed_step_keeps_what_was_seen_of_it(
    tmp_path: Path, journal: Journal, world: World, late: Late, told: str
) -> None:
    await frozen(journal, [step("halt/a/x", handler="late", deadline_s=0.05)])
    carried(tmp_path, journal, Only(world, late))
    await until(lambda: run_state(journal) == "waiting")
    row = journal.read(lambda c: steps.load(c, "R-1"))["halt/a/x"]
    assert (row.state, row.observed) == ("failed", told)


async def test_a_step_that_is_not_critical_is_given_up_by_its_failure(
    tmp_path: Path, journal: Journal, world: World
) -> None:
    extra = step("import/tags/x", arguments={"fails": 9}, critical=False)
    plan = [extra, step("import/tags/more", extra.key), step("verify/a/x", optional=("import/tags/more",))]
    await frozen(journal, plan)
    await carried(tmp_path, journal, WorldRoom(world))
    assert run_state(journal) == "held"
    rows = journal.read(lambda c: steps.load(c, "R-1"))
    assert {key: row.state for key, row in rows.items()} == {
        extra.key: "skipped",
        "import/tags/more": "skipped",
        "verify/a/x": "done",
    }
    assert "says no" in (rows[extra.key].error or "")
    assert f"needs {extra.key}" in (rows["import/tags/more"].error or "")
