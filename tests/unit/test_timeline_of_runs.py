"""The timeline that is read from a journal: bars, who is waited for, and what is not in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, update

from drconsole.errors import UnknownName
from drconsole.journal import history, runs, schema, steps
from drconsole.journal.clock import moment, stamp
from drconsole.journal.journal import Journal
from drconsole.journal.runs import Owner
from drconsole.recovery.timeline import timeline
from tests.unit.runs.plans import frozen, source, step, url

ME = Owner(pid=1, pid_started=1.0, host="here")
BOOT, ADD, GUEST = "provision/a/boot", "import/a/add", "guests/g/start"
PLAN = [
    step(BOOT, machine="A", typical_s=60),
    step("provision/b/boot", machine="B", typical_s=90),
    step(ADD, BOOT, machine="A", typical_s=20),
    step(GUEST, ADD, "provision/b/boot", typical_s=10),
]


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    await frozen(
        opened,
        PLAN,
        cleanup=[step("cleanup/A/restore", typical_s=900)],
        made=source("R-1", "drill", ["B", "A"]),
    )
    yield opened
    await opened.close()


async def begun(journal: Journal) -> int:
    """The run is carried, and A boots."""

    def begin(connection: Connection) -> int:
        epoch = runs.take_over(connection, "R-1", ME, owner_dead=True)
        runs.set_state(connection, "R-1", "running")
        assert steps.begin(connection, "R-1", epoch, BOOT, 1)
        return epoch

    return await journal.write(begin)


async def test_before_it_starts_it_is_what_the_plan_says(journal: Journal) -> None:
    found = journal.read(timeline)
    assert (found.run, found.started, found.elapsed_s) == ("R-1", None, 0.0)
    assert found.critical_path == ("provision/b/boot", GUEST)
    assert found.bound_s == found.forecast_s == 100.0
    assert not found.waits
    shown = [(bar.machine, bar.protected, bar.stage, bar.expects_s, bar.expects_end_s) for bar in found.bars]
    assert shown == [
        ("", "", "guests", 90.0, 100.0),
        ("B", "esx-B", "provision", 0.0, 90.0),
        ("A", "esx-A", "provision", 0.0, 60.0),
        ("A", "esx-A", "import", 60.0, 80.0),
    ]
    assert [bar.critical for bar in found.bars] == [True, True, False, False]
    with pytest.raises(UnknownName):
        journal.read(lambda c: timeline(c, "R-9"))


async def test_a_bar_grows_and_ends_and_an_operator_is_waited_for(journal: Journal) -> None:
    epoch = await begun(journal)
    bars = {(bar.machine, bar.stage): bar for bar in journal.read(timeline).bars}
    boots = bars["A", "provision"]
    assert (boots.state, boots.done, boots.ended_s) == ("running", 0, None)
    assert boots.began_s == boots.expects_s
    await journal.write(lambda c: steps.finish(c, "R-1", epoch, BOOT, {}))
    boots = next(bar for bar in journal.read(timeline).bars if bar.machine == "A")
    assert (boots.state, boots.done) == ("done", 1)
    assert boots.ended_s == boots.expects_end_s

    def failed(connection: Connection) -> None:
        assert steps.begin(connection, "R-1", epoch, ADD, 1)
        steps.fail(connection, "R-1", epoch, ADD, error="no", remedy="", attempt=1)

    await journal.write(failed)
    found = journal.read(timeline)
    assert found.waits
    assert found.elapsed_s < found.bound_s <= found.forecast_s
    await journal.write(lambda c: steps.set_states(c, "R-1", {ADD: "skipped", GUEST: "skipped"}))
    found = journal.read(timeline)
    assert not found.waits
    assert {bar.state for bar in found.bars} == {"done", "pending", "skipped"}
    await journal.write(lambda c: runs.set_state(c, "R-1", "paused"))
    assert journal.read(timeline).waits


async def test_one_that_is_over_waits_for_nobody_and_its_end_is_known(journal: Journal) -> None:
    await begun(journal)
    await journal.write(lambda c: runs.set_state(c, "R-1", "cancelled"))
    found = journal.read(timeline)
    assert not found.waits
    assert found.bound_s == found.forecast_s == found.elapsed_s


async def test_what_an_amendment_withdrew_and_the_cleanup_are_not_in_it(journal: Journal) -> None:
    def amended(connection: Connection) -> None:
        plan, made = runs.frozen(connection, "R-1")
        left = tuple(each for each in plan.steps if each.machine != "B")
        last = msgspec.structs.replace(left[-1], needs=(ADD,))
        runs.amend(
            connection,
            msgspec.structs.replace(plan, steps=(*left[:-1], last)),
            made,
            actor="ann",
            text="B is given up",
        )

    await journal.write(amended)
    found = journal.read(timeline)
    assert {bar.machine for bar in found.bars} == {"", "A"}
    assert all(bar.stage != "cleanup" for bar in found.bars)
    assert "provision/b/boot" not in found.critical_path


async def test_a_step_that_is_tried_again_has_its_whole_duration_before_it(journal: Journal) -> None:
    epoch = await begun(journal)
    before = stamp(moment() - timedelta(hours=2))
    long_ago = update(schema.step).where(schema.step.c.key == BOOT).values(started=before)
    started = update(schema.run).values(started=before)

    def again(connection: Connection) -> None:
        steps.fail(connection, "R-1", epoch, BOOT, error="no", remedy="", attempt=1)
        steps.set_states(connection, "R-1", {BOOT: "pending"}, actor="ann")
        assert steps.begin(connection, "R-1", epoch, BOOT, 2)
        connection.execute(long_ago)
        connection.execute(started)

    await journal.write(again)
    found = journal.read(timeline)
    booting = next(bar for bar in found.bars if bar.machine == "A" and bar.stage == "provision")
    assert booting.began_s == 0.0
    assert booting.expects_end_s - found.elapsed_s == pytest.approx(60.0, abs=5)


async def test_one_whose_runner_died_goes_on_in_the_next(journal: Journal) -> None:
    epoch = await begun(journal)
    first = journal.read(lambda c: history.at_work_since(c, "R-1", BOOT))
    new = await journal.write(lambda c: runs.take_over(c, "R-1", ME, owner_dead=True))
    await journal.write(lambda c: steps.inherit(c, "R-1", epoch, new))
    await asyncio.sleep(0.01)
    assert await journal.write(lambda c: steps.begin(c, "R-1", new, BOOT, 2))
    assert journal.read(lambda c: history.at_work_since(c, "R-1", BOOT)) == first
    assert journal.read(lambda c: history.at_work_since(c, "R-1", ADD)) is None
