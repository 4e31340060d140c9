"""A real run takes a drill's place: once, by one of two, and the drill's runner can never act again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from drconsole.errors import Busy, Fenced, Refused
from drconsole.journal import claims, pool, runs
from drconsole.journal.journal import Journal
from drconsole.journal.pre_empting import pre_empt
from drconsole.journal.runs import Owner
from drconsole.model.step import Mode, Step
from drconsole.recovery import verbs
from drconsole.recovery.runner import Runner
from drconsole.recovery.view import run_view
from tests.unit.runs.following import run_state, states, until
from tests.unit.runs.plans import frozen, settings, step, url
from tests.unit.runs.world import World, WorldRoom

GROUP = "a1/g1"
ME = Owner(pid=1, pid_started=1.0, host="here")


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    yield opened
    await opened.close()


async def made(journal: Journal, run: str, mode: Mode, *steps: Step) -> None:
    await frozen(journal, steps or (step("map/x/y"),), run=run, mode=mode)


async def held(journal: Journal, run: str = "R-1") -> None:
    """A drill that rests, with a group and two machines."""
    await made(journal, run, "drill")

    def write(c: Connection) -> None:
        claims.claim(c, run, GROUP)
        for target in ("D", "E"):
            pool.reserve(c, run, target, target, "host")
            pool.lease(c, run, target)
        runs.set_state(c, run, "held")

    await journal.write(write)


async def test_a_held_drill_stays_held_and_says_who_pre_empted_it_and_when(journal: Journal) -> None:
    await held(journal)
    await made(journal, "R-2", "disaster")
    await journal.write(lambda c: pre_empt(c, "R-1", "R-2"))
    view = journal.read(lambda c: run_view(c, "R-1"))
    assert (view.state, view.pre_empted_by) == ("held", "R-2")
    assert view.pre_empted_at
    assert journal.read(claims.held_groups)[GROUP].run == "R-1"

    await journal.write(lambda c: claims.hand_over(c, GROUP, "R-1", "R-2"))
    await journal.write(lambda c: pool.hand_over(c, "R-1", "R-2", "D", role="esx", role_kind="host"))
    assert journal.read(claims.held_groups)[GROUP].run == "R-2"
    leases = journal.read(pool.leases)
    assert {name: (lease.run, lease.state) for name, lease in leases.items()} == {
        "D": ("R-2", "leased"),
        "E": ("R-1", "leased"),
    }


async def test_of_two_real_runs_one_gets_the_drill(journal: Journal) -> None:
    await held(journal)
    for run in ("R-2", "R-3"):
        await made(journal, run, "disaster")

    async def tried(run: str) -> str:
        try:
            await journal.write(lambda c: pre_empt(c, "R-1", run))
        except Busy as error:
            return error.message
        return ""

    answers = await asyncio.gather(tried("R-2"), tried("R-3"))
    assert sorted(bool(answer) for answer in answers) == [False, True]
    first = "R-2" if not answers[0] else "R-3"
    assert f"is being pre-empted by {first}, a disaster run" in "".join(answers)
    assert journal.read(lambda c: runs.find(c, "R-1")).pre_empted_by == first
    await journal.write(lambda c: pre_empt(c, "R-1", first))


async def test_only_a_drill_is_pre_empted(journal: Journal) -> None:
    await made(journal, "R-1", "disaster")
    await made(journal, "R-2", "planned")
    with pytest.raises(Refused, match="only a drill"):
        await journal.write(lambda c: pre_empt(c, "R-1", "R-2"))


async def test_the_drills_runner_is_fenced_and_writes_nothing_more(journal: Journal) -> None:
    await made(journal, "R-1", "drill")
    await made(journal, "R-2", "disaster")
    epoch = await journal.write(lambda c: runs.take_over(c, "R-1", ME, owner_dead=True))
    await journal.write(lambda c: pre_empt(c, "R-1", "R-2"))
    with pytest.raises(Fenced):
        await journal.write(lambda c: runs.prove(c, "R-1", epoch))


async def test_a_drill_that_goes_on_is_cancelled_where_it_stands_and_can_be_cleaned_up(
    tmp_path: Path, journal: Journal
) -> None:
    world = World(tmp_path / "world")
    await made(
        journal,
        "R-1",
        "drill",
        step("provision/a/x", arguments={"fails": 99}),
        step("import/b/y", "provision/a/x"),
    )
    runner = Runner(settings(tmp_path), journal, "R-1", [WorldRoom(world)])
    task = asyncio.create_task(runner.carry())
    await until(lambda: run_state(journal) == "waiting")
    await made(journal, "R-2", "disaster")
    await journal.write(lambda c: pre_empt(c, "R-1", "R-2"))
    with pytest.raises(Fenced):
        await task
    assert run_state(journal, "R-1") == "cancelled"
    assert states(journal)["import/b/y"] == "cancelled"
    assert [row.id for row in journal.read(runs.unfinished)] == ["R-2"]
    reply = await journal.write(lambda c: verbs.cleanup(c, "R-1", actor="ann"))
    assert reply.run == "R-1"


async def test_a_cleanup_that_is_cut_short_can_be_begun_again(journal: Journal) -> None:
    await held(journal)
    await made(journal, "R-2", "disaster")
    await journal.write(lambda c: runs.set_cleanup(c, "R-1", "running"))
    await journal.write(lambda c: pre_empt(c, "R-1", "R-2"))
    assert journal.read(lambda c: runs.find(c, "R-1")).cleanup_state == "failed"
    assert (await journal.write(lambda c: verbs.cleanup(c, "R-1", actor="ann"))).run == "R-1"


async def test_a_pause_of_a_cleanup_ends_with_it(journal: Journal) -> None:
    await held(journal)
    await made(journal, "R-2", "disaster")
    await journal.write(lambda c: verbs.cleanup(c, "R-1", actor="ann"))
    await journal.write(lambda c: verbs.pause(c, "R-1", actor="ann"))
    await journal.write(lambda c: pre_empt(c, "R-1", "R-2"))
    row = journal.read(lambda c: runs.find(c, "R-1"))
    assert (row.cleanup_state, row.paused_by) == ("failed", None), "the next cleanup would never begin"


async def test_a_drill_is_not_cleaned_up_while_it_is_taken_apart(tmp_path: Path, journal: Journal) -> None:
    await held(journal)
    await made(journal, "R-2", "disaster", step("preflight/x/y"))
    await journal.write(lambda c: pre_empt(c, "R-1", "R-2"))
    with pytest.raises(Refused, match="is being pre-empted by R-2"):
        await journal.write(lambda c: verbs.cleanup(c, "R-1", actor="ann"))
    await Runner(settings(tmp_path), journal, "R-2", [WorldRoom(World(tmp_path / "world"))]).carry()
    assert (await journal.write(lambda c: verbs.cleanup(c, "R-1", actor="ann"))).run == "R-1"


async def test_what_the_drill_gave_back_meanwhile_is_reserved_as_usual(journal: Journal) -> None:
    await made(journal, "R-1", "drill")
    await made(journal, "R-2", "disaster")
    await journal.write(lambda c: pool.hand_over(c, "R-1", "R-2", "D", role="esx", role_kind="host"))
    await journal.write(lambda c: claims.hand_over(c, GROUP, "R-1", "R-2"))
    assert journal.read(pool.leases)["D"].state == "reserved"
    assert journal.read(claims.held_groups)[GROUP].run == "R-2"
