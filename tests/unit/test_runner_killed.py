"""Runners that die, and runners that wake up too late: every completed step was done once."""

# ruff: noqa: ASYNC251 -- these tests wait for processes, and nothing else runs in their loop
from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drconsole.journal import runs
from drconsole.journal.journal import Journal
from tests.unit.runs.plans import frozen, step, url
from tests.unit.runs.world import World

ROOT = Path(__file__).parents[2]


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def start(folder: Path, started: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.unit.runs.carry", str(folder), "R-1"]
    started.append(subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE))
    return started[-1]


def graph(machines: int) -> list[str]:
    return [f"provision/m{n}/{verb}" for n in range(machines) for verb in ("boot", "install", "ready")]


async def prepared(folder: Path, *, seconds: float = 0.01) -> list[str]:
    keys = graph(12)
    arguments = {"seconds": seconds}
    plan = [
        step(key, *([keys[i - 1]] if not key.endswith("boot") else []), arguments=arguments)
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


async def test_a_run_killed_again_and_again_does_every_step_once(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    keys = await prepared(tmp_path)
    world, seed = World(tmp_path / "world"), random.Random(7)
    kills = 0
    while kills < 8:
        process = start(tmp_path, started)
        wanted = len(world.effects()) + seed.randint(1, 4)
        while process.poll() is None and len(world.effects()) < wanted:
            time.sleep(0.001)
        if process.poll() is not None:
            break
        time.sleep(seed.random() * 0.01)
        process.kill()
        process.wait()
        kills += 1
    assert kills >= 5
    assert start(tmp_path, started).wait(60) == 0
    assert await ended(tmp_path) == "held"
    assert sorted(world.effects()) == sorted(keys)


async def test_a_second_runner_is_refused_while_the_first_lives(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    await prepared(tmp_path, seconds=2.0)
    first, world = start(tmp_path, started), World(tmp_path / "world")
    while not world.effects():
        assert first.poll() is None
        time.sleep(0.01)
    second = start(tmp_path, started)
    assert second.wait(30) == 3
    assert first.wait(60) == 0
    assert world.repeated() == []


async def test_a_runner_that_slept_through_a_takeover_starts_nothing_and_exits_75(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    keys = await prepared(tmp_path, seconds=2.0)
    first, world = start(tmp_path, started), World(tmp_path / "world")
    while not world.effects():
        assert first.poll() is None
        time.sleep(0.01)
    time.sleep(0.5)  # asleep in its acts: one that is stopped in mid-commit holds the whole database
    os.kill(first.pid, signal.SIGSTOP)
    time.sleep(runs.LEASE_S + 0.5)
    second = start(tmp_path, started)
    assert second.wait(60) == 0
    before = world.effects()
    os.kill(first.pid, signal.SIGCONT)
    assert first.wait(30) == 75
    begun = set(world.effects()[len(before) :])
    assert sorted(before) == sorted(keys)
    assert begun <= {key for key in keys if key.endswith(("boot", "install"))}
