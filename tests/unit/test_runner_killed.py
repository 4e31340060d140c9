"""Runners that die, and runners that wake up too late: every completed step was done once."""

# ruff: noqa: ASYNC251 -- these tests wait for processes, and nothing else runs in their loop
from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from drconsole.journal import runs
from drconsole.journal.journal import Journal
from tests.unit.runs.carry import main
from tests.unit.runs.plans import frozen, step, url
from tests.unit.runs.world import World

Started = list[BaseProcess]

_FORK = multiprocessing.get_context("forkserver")
_FORK.set_forkserver_preload(["tests.unit.runs.carry"])
"""Runners are real processes, but none has to import the product again: there are many of them."""


@pytest.fixture
def started() -> Iterator[Started]:
    processes: Started = []
    yield processes
    for process in processes:
        process.kill()
        process.join()


def start(folder: Path, started: Started) -> BaseProcess:
    started.append(_FORK.Process(target=main, args=(str(folder), "R-1")))
    started[-1].start()
    return started[-1]


def code(process: BaseProcess, seconds: float) -> int | None:
    """Waits for a runner's end and returns its exit code."""
    process.join(seconds)
    return process.exitcode


def graph(machines: int) -> list[str]:
    return [f"provision/m{n}/{verb}" for n in range(machines) for verb in ("boot", "install", "ready")]


async def prepared(folder: Path, *, seconds: float = 0.01, resources: tuple[str, ...] = ()) -> list[str]:
    keys = graph(12)
    plan = [
        step(
            key,
            *([keys[i - 1]] if not key.endswith("boot") else []),
            arguments={"seconds": seconds},
            deadline_s=10,
            resources=resources,
        )
        for i, key in enumerate(keys)
    ]
    plan.append(step("verify/site/report", *(key for key in keys if key.endswith("ready"))))
    journal = Journal(url(folder))
    await frozen(journal, plan)
    await journal.close()
    return [each.key for each in plan]


async def ended(folder: Path) -> str:
    journal = Journal(url(folder))
    try:
        return journal.read(lambda c: runs.find(c, "R-1")).state
    finally:
        await journal.close()


async def test_a_run_killed_again_and_again_does_every_step_once(tmp_path: Path, started: Started) -> None:
    keys = await prepared(tmp_path, resources=("array:a1",))
    world, seed = World(tmp_path / "world"), random.Random(7)
    kills = 0
    while kills < 8:
        process = start(tmp_path, started)
        wanted = len(world.effects()) + seed.randint(1, 4)
        while process.is_alive() and len(world.effects()) < wanted:
            time.sleep(0.001)
        if not process.is_alive():
            break
        time.sleep(seed.random() * 0.01)
        process.kill()
        process.join()
        kills += 1
    assert kills >= 5
    assert code(start(tmp_path, started), 60) == 0
    assert await ended(tmp_path) == "held"
    assert sorted(world.effects()) == sorted(keys)


async def test_a_second_runner_is_refused_while_the_first_lives(tmp_path: Path, started: Started) -> None:
    await prepared(tmp_path, seconds=2.0)
    first, world = start(tmp_path, started), World(tmp_path / "world")
    while not world.effects():
        assert first.is_alive()
        time.sleep(0.01)
    second = start(tmp_path, started)
    assert code(second, 30) == 3
    assert code(first, 60) == 0
    assert world.repeated() == []


async def test_a_runner_that_slept_through_a_takeover_starts_nothing_and_exits_75(
    tmp_path: Path, started: Started
) -> None:
    keys = await prepared(tmp_path, seconds=2.0)
    first, world = start(tmp_path, started), World(tmp_path / "world")
    while not world.effects():
        assert first.is_alive()
        time.sleep(0.01)
    time.sleep(0.5)  # asleep in its acts: one that is stopped in mid-commit holds the whole database
    assert first.pid is not None
    os.kill(first.pid, signal.SIGSTOP)
    time.sleep(runs.LEASE_S + 0.5)
    second = start(tmp_path, started)
    assert code(second, 60) == 0
    before = world.effects()
    os.kill(first.pid, signal.SIGCONT)
    assert code(first, 30) == 75
    begun = set(world.effects()[len(before) :])
    assert sorted(before) == sorted(keys)
    assert begun <= {key for key in keys if key.endswith(("boot", "install"))}
