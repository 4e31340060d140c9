"""Cleanup: nothing is done to a machine that the run does not hold, and nothing is lost from sight."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from drconsole.cli.watching import cleanup_ending, ending
from drconsole.errors import AcceptedFailures
from drconsole.journal import claims, pool
from drconsole.journal import steps as recorded
from drconsole.journal.journal import Journal
from drconsole.model.run import StepState
from drconsole.model.step import Done, Handlers, Step, Work
from drconsole.planning.graph import dependants
from drconsole.planning.plan_input import PlanInput
from drconsole.recovery import carry, executor, takeover, verbs
from drconsole.recovery.drivers import PROVISIONING
from drconsole.recovery.runner import Runner
from drconsole.recovery.stages import cleanup
from drconsole.recovery.view import run_view
from drconsole.settings.values import Settings
from tests.unit.devices.plans import plan as plan_of_one_machine
from tests.unit.runs.following import cleanup_state, run_state, states, until
from tests.unit.runs.plans import frozen, settings, source, step, url
from tests.unit.runs.world import World, WorldRoom


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry, "RETRY_S", (0.01,))
    monkeypatch.setattr(carry, "SETTLE_S", (0.01,))


class Drill:
    """A drill over a world of files: the cleanup's frame is the product's, its room wipes machines."""

    def __init__(self, folder: Path, journal: Journal, *targets: str) -> None:
        self.folder, self.journal, self.targets = folder, journal, targets
        self.world = World(folder / "world")
        self.room = WorldRoom(self.world, tuple(self._undo()))

    def _undo(self) -> list[Step]:
        made: list[Step] = []
        for name in self.targets:
            off = step(f"cleanup/{name}/power-off", machine=name)
            made += [off, step(f"cleanup/{name}/wipe", off.key, machine=name)]
        return made

    async def freeze(self, *plan: Step, auto: bool = False) -> None:
        made = source("R-1", "drill", self.targets)
        undo = cleanup.steps(made, [self.room])
        await frozen(self.journal, plan, cleanup=undo, auto=auto, made=made)

    async def reserve(self, run: str, *targets: str) -> None:
        def write(connection: Connection) -> None:
            for target in targets:
                pool.reserve(connection, run, target, f"esx-{target}", "host")

        await self.journal.write(write)

    async def carry(self) -> None:
        await Runner(settings(self.folder), self.journal, "R-1", [self.room]).carry()

    def held(self) -> dict[str, str]:
        return {name: lease.run for name, lease in self.journal.read(pool.leases).items()}


def lease(name: str, *needs: str) -> Step:
    """The product's own step: a reservation becomes a lease."""
    return step(f"map/{name}/lease", *needs, handler="recovery.lease", arguments={"target": name})


async def test_a_run_cancelled_before_it_leased_touches_no_machine_afterwards(
    tmp_path: Path, journal: Journal
) -> None:
    drill = Drill(tmp_path, journal, "D", "E")
    bad = step("halt/a/x", arguments={"fails": 99})
    await drill.freeze(bad, lease("D", bad.key), lease("E", bad.key))
    await drill.reserve("R-1", "D", "E")
    task = asyncio.create_task(drill.carry())
    await until(lambda: run_state(journal) == "waiting")
    await journal.write(lambda c: verbs.cancel(c, "R-1", reason="not today", actor="ann"))
    await task
    await frozen(journal, [], run="R-2")
    await drill.reserve("R-2", "E")
    await journal.write(lambda c: verbs.cleanup(c, "R-1", actor="ann"))
    await drill.carry()
    assert drill.world.effects() == []
    assert drill.held() == {"E": "R-2"}
    assert cleanup_state(journal) == "done"
    assert cleanup_ending(journal.read(lambda c: run_view(c, "R-1"))) is None
    assert {states(journal)[f"cleanup/{n}/{v}"] for n in "DE" for v in ("take-back", "wipe", "free")} == {
        "cancelled"
    }


async def test_of_a_run_that_holds_one_of_two_only_that_one_is_wiped(
    tmp_path: Path, journal: Journal
) -> None:
    drill = Drill(tmp_path, journal, "D", "E")
    bad = step("map/E/lease", arguments={"fails": 99})
    await drill.freeze(lease("D"), bad)
    await drill.reserve("R-1", "D", "E")
    task = asyncio.create_task(drill.carry())
    await until(lambda: run_state(journal) == "waiting")
    await journal.write(lambda c: verbs.cancel(c, "R-1", reason="", actor="ann"))
    await task
    await journal.write(lambda c: verbs.cleanup(c, "R-1", actor="ann"))
    await drill.carry()
    assert drill.world.effects() == ["cleanup/D/power-off", "cleanup/D/wipe"]
    assert drill.held() == {}
    assert cleanup_state(journal) == "done"


async def test_who_skips_the_taking_back_skips_the_wipe_and_a_second_cleanup_makes_up_for_it(
    tmp_path: Path, journal: Journal
) -> None:
    drill = Drill(tmp_path, journal, "D", "E")
    await drill.freeze(lease("D"), lease("E"), auto=True)
    await drill.reserve("R-1", "D", "E")
    original, given_up = cleanup.set_aside, "cleanup/D/take-back"

    def skipped_at_once(connection: Connection, run: str) -> None:
        original(connection, run)
        verbs.skip(connection, run, given_up, reason="its rack is on fire", actor="ann")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cleanup, "set_aside", skipped_at_once)
        await drill.carry()
    assert drill.world.effects() == ["cleanup/E/power-off", "cleanup/E/wipe"]
    assert states(journal)["cleanup/D/wipe"] == "skipped"
    assert drill.held() == {"D": "R-1"}
    view = journal.read(lambda c: run_view(c, "R-1"))
    assert (view.state, cleanup_state(journal)) == ("held", "failed")
    assert view.cleanup is not None
    assert given_up in {trouble.key for trouble in view.cleanup.trouble}
    assert isinstance(ending(view), AcceptedFailures)

    await journal.write(lambda c: verbs.cleanup(c, "R-1", actor="ann"))
    await drill.carry()
    assert drill.world.effects()[2:] == ["cleanup/D/power-off", "cleanup/D/wipe"]
    assert drill.held() == {}
    assert (run_state(journal), cleanup_state(journal)) == ("done", "done")


class Array:
    """Makes a clone some time after it was asked to, whoever waits for it; drops what there is."""

    def __init__(self, after_s: float) -> None:
        self.after_s = after_s
        self.clones: list[str] = []
        self.asked = asyncio.Event()

    async def observe(self, work: Work) -> Done | None:
        return Done() if bool(self.clones) == (work.step.stage == "halt") else None

    async def act(self, work: Work) -> None:
        if work.step.stage != "halt":
            self.clones.clear()
            return
        asyncio.get_running_loop().call_later(self.after_s, self.clones.append, work.step.object)
        self.asked.set()
        await asyncio.sleep(60)


class ArrayRoom(WorldRoom):
    def __init__(self, world: World, array: Array) -> None:
        super().__init__(world)
        self.array = array

    def handlers(self, settings: Settings, plan: PlanInput, /) -> Handlers:
        return {**super().handlers(settings, plan), "array": self.array}


async def test_a_clone_that_an_array_makes_after_the_cancel_is_dropped_by_the_cleanup(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "CANCEL_S", 0.05)
    monkeypatch.setattr(takeover, "FLOOR_S", 1.5)
    array = Array(after_s=0.8)
    halt = step("halt/a1%2Fg1/halt", handler="array", object="a1/g1", deadline_s=60)
    drop = step("cleanup/a1%2Fg1/drop-clones", handler="array", object="a1/g1")
    other = step("cleanup/a2%2Fg1/drop-clones", object="a2/g1")
    await frozen(journal, [halt], cleanup=[drop, other])
    room = ArrayRoom(World(tmp_path / "world"), array)

    async def carry() -> None:
        await Runner(settings(tmp_path), journal, "R-1", [room]).carry()

    task = asyncio.create_task(carry())
    await array.asked.wait()
    await journal.write(lambda c: verbs.cancel(c, "R-1", reason="", actor="ann"))
    await task
    await journal.write(lambda c: verbs.cleanup(c, "R-1", actor="ann"))
    task = asyncio.create_task(carry())
    await until(lambda: states(journal)[other.key] == "done")
    assert states(journal)[drop.key] == "pending", "what is in nobody's doubt waits for nothing"
    await task
    assert cleanup_state(journal) == "done"
    assert array.clones == []


def test_no_step_on_a_real_machine_goes_on_without_its_taking_back() -> None:
    made = cleanup.steps(plan_of_one_machine(), [PROVISIONING])
    on_machines = {each.key for each in made if each.machine == "E" and not each.key.endswith("take-back")}
    assert {"cleanup/E/power-off", "cleanup/E/wipe", "cleanup/E/restore", "cleanup/E/free"} == on_machines
    assert on_machines <= dependants(made, "cleanup/E/take-back")


@pytest.mark.parametrize(("state", "kept"), [("skipped", ("a1/g1",)), ("done", ()), ("cancelled", ())])
async def test_a_group_whose_clones_still_stand_is_not_given_back(
    journal: Journal, state: StepState, kept: tuple[str, ...]
) -> None:
    drop = step("cleanup/a1%2Fg1/drop-clones", handler="replication.test-stop", object="a1/g1")
    await frozen(journal, (), cleanup=(drop,), made=source("R-1", "drill", ()))

    def write(connection: Connection) -> tuple[str, ...]:
        claims.claim(connection, "R-1", "a1/g1")
        recorded.set_states(connection, "R-1", {drop.key: state}, actor="kim", reason="the array is gone")
        return cleanup.given_back(connection, "R-1")

    assert await journal.write(write) == kept
    assert tuple(journal.read(claims.held_groups)) == kept
