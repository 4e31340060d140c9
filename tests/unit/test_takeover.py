"""A run changes its runner: what the one before may still be at is left alone, all else goes on."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update

from drconsole.errors import Busy, DatabaseFailed, DeadlinePassed, Fenced
from drconsole.journal import clock, runs, schema, steps
from drconsole.journal.journal import Journal
from drconsole.journal.runs import LEASE_S, Owner
from drconsole.recovery import carry, takeover
from drconsole.recovery.process import myself
from drconsole.recovery.runner import Runner
from drconsole.recovery.takeover import Taken
from drconsole.recovery.work import RunWork, StepWork
from tests.unit.runs.following import run_state, states, until
from tests.unit.runs.plans import frozen, settings, step, url
from tests.unit.runs.world import World, WorldRoom

ELSEWHERE = Owner(pid=1, pid_started=1.0, host="another-machine")
DEAD_HERE = Owner(pid=2**22 + 1, pid_started=1.0, host=socket.gethostname())


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry, "FLOOR_S", 0.05)


async def begun_by(journal: Journal, owner: Owner, key: str) -> int:
    epoch = await journal.write(lambda c: runs.take_over(c, "R-1", owner, owner_dead=True))
    assert await journal.write(lambda c: steps.begin(c, "R-1", epoch, key, 1))
    return epoch


async def silent(journal: Journal) -> None:
    beat = clock.unix() - LEASE_S - 1
    await journal.write(lambda c: c.execute(update(schema.run).values(beat=beat)))


async def test_only_a_step_in_doubt_waits_for_its_own_deadline(tmp_path: Path, journal: Journal) -> None:
    doubtful = step("provision/D/install", deadline_s=1.5)
    await frozen(
        journal, [doubtful, step("provision/E/install"), step("provision/E/ready", "provision/E/install")]
    )
    await begun_by(journal, ELSEWHERE, doubtful.key)
    began = time.monotonic()
    await silent(journal)
    world = World(tmp_path / "world")
    task = asyncio.create_task(Runner(settings(tmp_path), journal, "R-1", [WorldRoom(world)]).carry())
    await until(lambda: states(journal)["provision/E/ready"] == "done")
    assert time.monotonic() - began < 1.0
    assert run_state(journal) == "running"
    await task
    assert time.monotonic() - began >= 1.4
    assert world.effects() == ["provision/E/install", "provision/E/ready", doubtful.key]


async def test_after_a_runner_that_is_known_dead_nothing_waits(tmp_path: Path, journal: Journal) -> None:
    doubtful = step("provision/D/install", deadline_s=60)
    await frozen(journal, [doubtful])
    await begun_by(journal, DEAD_HERE, doubtful.key)
    async with asyncio.timeout(5):
        await Runner(settings(tmp_path), journal, "R-1", [WorldRoom(World(tmp_path / "world"))]).carry()
    assert run_state(journal) == "held"


async def test_a_doubt_outlives_the_runner_that_waited_for_it(journal: Journal) -> None:
    await frozen(journal, [step("provision/D/install", deadline_s=60)])
    await begun_by(journal, ELSEWHERE, "provision/D/install")
    await journal.write(lambda c: runs.take_over(c, "R-1", DEAD_HERE, owner_dead=True))
    taken = await journal.write(lambda c: takeover.take(c, "R-1"))
    assert taken.doubts["provision/D/install"] == pytest.approx(clock.unix() + 60, abs=5)


async def test_what_a_dead_runner_had_begun_is_no_doubt_for_any_after_it(journal: Journal) -> None:
    await frozen(journal, [step("provision/D/install", deadline_s=60)])
    await begun_by(journal, DEAD_HERE, "provision/D/install")
    first = await journal.write(lambda c: takeover.take(c, "R-1"))
    gone = update(schema.run).values(pid=DEAD_HERE.pid, pid_started=DEAD_HERE.pid_started)
    await journal.write(lambda c: c.execute(gone))
    second = await journal.write(lambda c: takeover.take(c, "R-1"))
    assert (first.doubts, second.doubts) == ({}, {})


def _race(folder: str, start: float, results: multiprocessing.SimpleQueue[str]) -> None:
    async def go() -> None:
        journal = Journal(url(Path(folder)))
        await asyncio.sleep(start - time.time())
        try:
            taken: Taken = await journal.write(lambda c: takeover.take(c, "R-1"))
            results.put(f"epoch {taken.epoch}")
        except Busy as error:
            results.put(f"busy {error.message}")
        await asyncio.sleep(1.5)  # alive while the other one asks
        await journal.close()

    asyncio.run(go())


async def test_of_two_that_take_a_run_at_the_same_moment_one_has_it(tmp_path: Path, journal: Journal) -> None:
    await frozen(journal, [])
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.SimpleQueue[str] = context.SimpleQueue()
    start = time.time() + 4
    racers = [context.Process(target=_race, args=(str(tmp_path), start, results)) for _ in range(3)]
    for racer in racers:
        racer.start()
    told = sorted([await asyncio.to_thread(results.get) for _ in racers])
    for racer in racers:
        await asyncio.to_thread(racer.join, 30)
    assert [word.split()[0] for word in told] == ["busy", "busy", "epoch"]
    assert "is carried by the runner" in told[0]


async def shared(journal: Journal) -> RunWork:
    epoch = await journal.write(lambda c: runs.take_over(c, "R-1", myself(), owner_dead=True))
    return RunWork(journal, "R-1", "drill", epoch, {})


async def test_who_was_asleep_proves_the_run_anew_before_it_acts(journal: Journal) -> None:
    await frozen(journal, [])
    work = await shared(journal)
    await silent(journal)
    await work.check()
    beat = journal.read(lambda c: runs.find(c, "R-1")).beat
    assert beat is not None
    assert clock.unix() - beat < 2
    await journal.write(lambda c: runs.take_over(c, "R-1", ELSEWHERE, owner_dead=True))
    with pytest.raises(Fenced):
        await work.check()


async def test_nothing_is_begun_after_the_step_s_deadline(journal: Journal) -> None:
    await frozen(journal, [])
    work = StepWork(await shared(journal), step("halt/a/x", deadline_s=0.1))
    await work.check()
    await asyncio.sleep(0.2)
    with pytest.raises(DeadlinePassed):
        await work.check()


async def test_a_runner_whose_journal_was_removed_ends_and_says_so(tmp_path: Path, journal: Journal) -> None:
    await frozen(journal, [step("halt/a/x", arguments={"seconds": 60}, deadline_s=60)])
    runner = Runner(settings(tmp_path), journal, "R-1", [WorldRoom(World(tmp_path / "world"))])
    task = asyncio.create_task(runner.carry())
    await until(lambda: states(journal)["halt/a/x"] == "running")
    os.rename(tmp_path / "journal.db", tmp_path / "elsewhere.db")
    with pytest.raises(DatabaseFailed, match="removed or replaced"):
        async with asyncio.timeout(5):
            await task


async def test_what_cannot_be_posted_ends_the_runner(tmp_path: Path, journal: Journal) -> None:
    await frozen(journal, [step("halt/a/x", arguments={"seconds": 60}, deadline_s=60)])
    runner = Runner(settings(tmp_path), journal, "R-1", [WorldRoom(World(tmp_path / "world"))])
    task = asyncio.create_task(runner.carry())
    await until(lambda: states(journal)["halt/a/x"] == "running")
    lost = RunWork(journal, "R-1", "drill", 99, {})
    heard: list[BaseException] = []
    lost.lose = heard.append
    lost.event("log", text="of an epoch that never was")
    await until(lambda: bool(heard))
    assert isinstance(heard[0], Fenced)
    await journal.write(lambda c: runs.take_over(c, "R-1", ELSEWHERE, owner_dead=True))
    with pytest.raises(Fenced):
        async with asyncio.timeout(5):
            await task
