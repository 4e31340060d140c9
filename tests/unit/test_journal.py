"""The journal: fenced writes, groups in one commit, exclusive leases, schemas of other versions."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from multiprocessing.queues import Queue
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, delete, select, update

from drconsole.errors import Busy, DatabaseFailed, DRConsoleError, Fenced, Refused
from drconsole.journal import events, pool, runs, schema, steps
from drconsole.journal.journal import Journal
from drconsole.journal.runs import Owner
from drconsole.model.target import TargetHardware
from tests.unit.runs.plans import frozen, step, url

ME = Owner(pid=1, pid_started=1.0, host="here")


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    yield opened
    await opened.close()


async def test_a_runner_that_was_taken_over_writes_nothing_more(journal: Journal) -> None:
    await frozen(journal, [step("halt/a/x")])
    old = await journal.write(lambda c: runs.take_over(c, "R-1", ME, owner_dead=True))
    new = await journal.write(lambda c: runs.take_over(c, "R-1", ME, owner_dead=True))
    assert new == old + 1
    with pytest.raises(Fenced):
        await journal.write(lambda c: steps.begin(c, "R-1", old, "halt/a/x", 1))
    with pytest.raises(Fenced):
        await journal.write(lambda c: steps.finish(c, "R-1", old, "halt/a/x", {}))
    assert journal.read(lambda c: steps.states(c, "R-1")) == {"halt/a/x": "pending"}
    assert await journal.write(lambda c: steps.begin(c, "R-1", new, "halt/a/x", 1))


async def test_a_living_runner_is_not_taken_over(journal: Journal) -> None:
    await frozen(journal, [])
    await journal.write(lambda c: runs.take_over(c, "R-1", ME, owner_dead=False))
    with pytest.raises(Busy, match="carried by the runner 1"):
        await journal.write(lambda c: runs.take_over(c, "R-1", ME, owner_dead=False))


async def test_what_is_asked_at_once_is_committed_in_groups(journal: Journal) -> None:
    await frozen(journal, [])
    before = journal.commits
    many = [journal.write(partial(events.add, run="R-1", kind="log", text=str(n))) for n in range(300)]
    numbers = await asyncio.gather(*many)
    assert journal.commits - before < 60
    assert numbers == list(range(numbers[0], numbers[0] + 300))


async def test_one_that_fails_takes_nobody_in_its_group_along(journal: Journal) -> None:
    await frozen(journal, [])

    def bad(connection: Connection) -> None:
        events.add(connection, "R-1", "log", text="half")
        raise Refused("no")

    good = journal.write(lambda c: events.add(c, "R-1", "log", text="whole"))
    outcome = await asyncio.gather(journal.write(bad), good, return_exceptions=True)
    assert isinstance(outcome[0], Refused)
    texts = [event.text for event in journal.read(lambda c: events.since(c, "R-1", 0))]
    assert "whole" in texts
    assert "half" not in texts


async def test_a_lease_and_its_step_commit_together_or_not_at_all(journal: Journal) -> None:
    await frozen(journal, [step("map/D/lease")])
    epoch = await journal.write(lambda c: runs.take_over(c, "R-1", ME, owner_dead=True))

    def torn(connection: Connection) -> None:
        pool.reserve(connection, "R-1", "D", "vc-01", "management")
        steps.finish(connection, "R-1", epoch, "map/D/lease", {})
        raise DRConsoleError("the power went")

    with pytest.raises(DRConsoleError):
        await journal.write(torn)
    assert journal.read(pool.leases) == {}
    assert journal.read(lambda c: steps.states(c, "R-1")) == {"map/D/lease": "pending"}


def _reserve(database: str, run: str, answers: Queue[str]) -> None:
    async def go() -> None:
        journal = Journal(database)
        for number in range(20):
            name = f"T{number}"
            try:
                await journal.write(partial(pool.reserve, run=run, target=name, role="esx", role_kind="host"))
                answers.put(f"{run} {name}")
            except Busy:
                pass
        await journal.close()

    asyncio.run(go())


async def test_two_processes_never_get_one_target(journal: Journal, tmp_path: Path) -> None:
    await frozen(journal, [], run="R-1")
    await frozen(journal, [], run="R-2")
    context = multiprocessing.get_context("spawn")
    answers: Queue[str] = context.Queue()
    racers = [context.Process(target=_reserve, args=(url(tmp_path), run, answers)) for run in ("R-1", "R-2")]
    for racer in racers:
        racer.start()
    won = [await asyncio.to_thread(answers.get, timeout=60) for _ in range(20)]
    for racer in racers:
        await asyncio.to_thread(racer.join, 60)
        assert racer.exitcode == 0
    assert sorted(word.split()[1] for word in won) == sorted(f"T{n}" for n in range(20))
    held = journal.read(pool.leases)
    assert {f"{lease.run} {name}" for name, lease in held.items()} == set(won)


async def test_a_probe_that_fails_keeps_what_was_known(journal: Journal) -> None:
    hardware = TargetHardware(uuid="u-1", memory_mib=1024)
    await journal.write(lambda c: pool.observe(c, "D", hardware=hardware))
    await journal.write(lambda c: pool.observe(c, "D", error="no answer"))
    seen = journal.read(pool.observations)["D"]
    assert seen.hardware == hardware
    assert seen.error == "no answer"


async def test_a_change_by_another_process_is_news_within_a_moment(journal: Journal, tmp_path: Path) -> None:
    await frozen(journal, [])
    seen = journal.news()
    await asyncio.sleep(0.1)
    seen = journal.news()
    with closing(sqlite3.connect(tmp_path / "journal.db")) as other:
        other.execute("UPDATE run SET actor = 'somebody'")
        other.commit()
    assert await journal.changed(seen, timeout_s=5)


async def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    await Journal(url(tmp_path)).close()
    with closing(sqlite3.connect(tmp_path / "journal.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    before = (tmp_path / "journal.db").read_bytes()
    with pytest.raises(Refused, match="schema is 9999"):
        Journal(url(tmp_path))
    assert (tmp_path / "journal.db").read_bytes() == before


async def test_the_migrated_schema_is_the_one_that_the_code_writes(journal: Journal) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from drconsole.journal.schema import metadata

    found = journal.read(lambda c: compare_metadata(MigrationContext.configure(c), metadata))
    assert found == []


async def test_of_a_group_that_the_disk_had_no_room_for_nothing_is_acknowledged(journal: Journal) -> None:
    """SQLite undoes the whole transaction then; what came before in the same group is gone with it."""
    await frozen(journal, [])

    def filling(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 1}")
        events.add(connection, "R-1", "log", text="x" * 100_000)

    outcomes = await asyncio.gather(
        journal.write(lambda c: events.add(c, "R-1", "log", text="before")),
        journal.write(filling),
        journal.write(lambda c: events.add(c, "R-1", "log", text="after")),
        return_exceptions=True,
    )
    texts = {event.text for event in journal.read(lambda c: events.since(c, "R-1", 0))}
    assert isinstance(outcomes[1], DatabaseFailed)
    for outcome, text in zip(outcomes, ("before", "x", "after"), strict=True):
        assert isinstance(outcome, DatabaseFailed) == (text not in texts)


async def test_posted_work_that_fails_is_told(journal: Journal) -> None:
    heard: asyncio.Queue[BaseException] = asyncio.Queue()
    journal.post(lambda c: runs.prove(c, "R-none", 1), heard.put_nowait)
    assert isinstance(await asyncio.wait_for(heard.get(), 5), Fenced)


async def test_a_plan_that_an_earlier_version_froze_is_found_and_amended(journal: Journal) -> None:
    await frozen(journal, [step("halt/a/x")])

    def as_before(connection: Connection) -> None:
        kept = connection.execute(select(schema.frozen)).one()
        connection.execute(update(schema.run).values(plan=kept.plan, input=kept.input))
        connection.execute(delete(schema.frozen))

    await journal.write(as_before)
    plan, source = journal.read(lambda c: runs.frozen(c, "R-1"))
    assert [each.key for each in plan.steps] == ["halt/a/x"]
    changed = msgspec.structs.replace(plan, steps=())
    await journal.write(lambda c: runs.amend(c, changed, source, actor="ann", text="a spare"))
    assert journal.read(lambda c: runs.frozen(c, "R-1"))[0].steps == ()
