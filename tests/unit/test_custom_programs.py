"""Programs of the customer's in a run: bounded, kept, never started twice unasked, whoever dies."""

# ruff: noqa: ASYNC251 -- the kill tests wait for processes, and nothing else runs in their loop
from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil
import pytest

from drconsole.journal import steps
from drconsole.journal.journal import Journal
from drconsole.journal.steps import StepRow
from drconsole.model.custom import CAPTURED_OUTPUT, CustomStep
from drconsole.model.step import Step
from drconsole.planning.custom import place
from drconsole.recovery import carry, verbs
from drconsole.recovery.runner import Runner
from drconsole.recovery.stages import custom
from tests.unit.runs.carry import main
from tests.unit.runs.following import run_state, states, until
from tests.unit.runs.plans import frozen, settings, step, url
from tests.unit.runs.world import World, WorldRoom

KEY = "import/own/program"
_FORK = multiprocessing.get_context("forkserver")
_FORK.set_forkserver_preload(["tests.unit.runs.carry"])


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    yield opened
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await opened.close()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry, "SETTLE_S", (0.01,))
    monkeypatch.setattr(custom, "AGAIN_S", (0.01,))


@pytest.fixture(autouse=True)
def nothing_goes_on(tmp_path: Path) -> Iterator[None]:
    """Ends what a test left, by pid: a program is nobody's child once its runner is gone."""
    yield
    for claim in (tmp_path / "runs").glob("*/programs/*/*.json"):
        told = json.loads(claim.read_text())
        for role in ("supervisor", "program"):
            if (known := told.get(role)) and psutil.pid_exists(known["pid"]):
                end(known["pid"])


def end(pid: int) -> None:
    try:
        process = psutil.Process(pid)
        process.kill()
        psutil.wait_procs([process], timeout=5)
    except psutil.NoSuchProcess:
        pass


def gone(pid: int) -> bool:
    """Whether a process does nothing more: nobody may have taken leave of it yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def started() -> Iterator[list[BaseProcess]]:
    processes: list[BaseProcess] = []
    yield processes
    for process in processes:
        process.kill()
        process.join()


def script(folder: Path, text: str, name: str = "own") -> str:
    """Writes a program that first notes its start in the file `calls`."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho {name} >> {folder}/calls\n{text}\n")
    path.chmod(0o700)
    return str(path)


def calls(folder: Path) -> list[str]:
    path = folder / "calls"
    return path.read_text().split() if path.exists() else []


def plan(*program: str, **changes: Any) -> list[Step]:
    own = CustomStep(name="own", after=("import",), before=("guests",), program=program, **changes)
    given = [step("import/a/x"), step("guests/b/x", "import/a/x")]
    return list(place([own], "pittsburgh", "drill", given))


async def carried(folder: Path, journal: Journal, *program: str, **changes: Any) -> StepRow:
    """Carries a run to its rest, and returns the row of the customer's step."""
    await frozen(journal, plan(*program, **changes))
    await _runner(folder, journal).carry()
    return row(journal)


def _runner(folder: Path, journal: Journal) -> Runner:
    return Runner(settings(folder), journal, "R-1", [WorldRoom(World(folder / "world"))])


def row(journal: Journal) -> StepRow:
    return journal.read(lambda c: steps.load(c, "R-1"))[KEY]


async def waiting(folder: Path, journal: Journal) -> asyncio.Task[None]:
    """Carries a run until it waits for an operator."""
    task = asyncio.create_task(_runner(folder, journal).carry())
    await until(lambda: task.done() or run_state(journal) == "waiting")
    return task


async def test_it_gets_its_arguments_and_little_else_and_what_it_says_is_kept(
    tmp_path: Path, journal: Journal
) -> None:
    program = script(tmp_path, 'echo "$@"; echo to stderr >&2; env | sort; pwd')
    found = await carried(tmp_path, journal, program, "--to", "a b; rm")
    assert found.state == "done"
    assert found.result is not None
    assert (found.result["exit_code"], found.result["starts"]) == (0, 1)
    said = found.result["output"].splitlines()
    assert said[:2] == ["--to a b; rm", "to stderr"]
    own = {line.partition("=")[0]: line.partition("=")[2] for line in said if line.startswith("DRC")}
    assert own == {
        "DRCONSOLE_RUN": "R-1",
        "DRCONSOLE_SITE": "pittsburgh",
        "DRCONSOLE_MODE": "drill",
        "DRCONSOLE_STEP": KEY,
        "DRCONSOLE_TOKEN": f"R-1/{KEY}",
    }
    others = {line.partition("=")[0] for line in said[2:-1]} - own.keys()
    assert others <= {"PATH", "PWD", "SHLVL", "_", "OLDPWD"}
    assert said[-1] == f"{tmp_path}/runs/R-1/programs/own/work"
    assert states(journal)["guests/b/x"] == "done"


async def test_a_failure_is_told_with_what_the_program_said_and_a_retry_starts_it_again(
    tmp_path: Path, journal: Journal
) -> None:
    program = script(tmp_path, f"[ -e {tmp_path}/mended ] || {{ printf 'no \\033[31mDNS'; exit 3; }}")
    await frozen(journal, plan(program))
    task = await waiting(tmp_path, journal)
    failed = row(journal)
    assert failed.state == "failed"
    assert failed.error is not None
    assert "exit code 3" in failed.error
    assert r"no \x1b[31mDNS" in failed.error
    assert failed.remedy is not None
    assert "retry" in failed.remedy
    assert states(journal)["guests/b/x"] == "pending"
    (tmp_path / "mended").touch()
    await journal.write(lambda c: verbs.retry(c, "R-1", (KEY,), every=False, actor="ann"))
    await task
    assert row(journal).state == "done"
    assert calls(tmp_path) == ["own", "own"]
    assert states(journal)["guests/b/x"] == "done"


async def test_one_that_is_not_critical_is_given_up_and_holds_nobody_up(
    tmp_path: Path, journal: Journal
) -> None:
    found = await carried(tmp_path, journal, script(tmp_path, "exit 1"), critical=False)
    assert found.state == "skipped"
    assert found.error is not None
    assert "exit code 1" in found.error
    assert states(journal)["guests/b/x"] == "done"
    assert run_state(journal) == "held"


async def test_it_is_started_again_as_often_as_the_customer_allows(tmp_path: Path, journal: Journal) -> None:
    found = await carried(
        tmp_path, journal, script(tmp_path, f"[ $(wc -l < {tmp_path}/calls) = 3 ]"), retries=2
    )
    assert found.state == "done"
    assert found.result is not None
    assert found.result["starts"] == 3


async def test_at_its_time_out_it_is_ended_with_all_its_children(tmp_path: Path, journal: Journal) -> None:
    program = script(tmp_path, f"trap '' TERM; sleep 60 & echo $! > {tmp_path}/child; echo begun; sleep 61")
    await frozen(journal, plan(program, timeout_s=0.3))
    task = await waiting(tmp_path, journal)
    error = row(journal).error
    assert error is not None
    assert "time-out" in error
    assert "begun" in error
    assert gone(int((tmp_path / "child").read_text()))
    task.cancel()


async def test_of_a_long_output_the_end_is_kept(tmp_path: Path, journal: Journal) -> None:
    program = script(tmp_path, "head -c 300000 /dev/zero | tr '\\0' x; printf 'the end \\377'")
    found = await carried(tmp_path, journal, program)
    assert found.result is not None
    output = found.result["output"]
    assert output.endswith("xxx" + r"the end \xff")
    assert len(output) == CAPTURED_OUTPUT + 3
    assert found.result["dropped"] == 300009 - CAPTURED_OUTPUT


async def test_one_that_is_not_there_fails_its_step(tmp_path: Path, journal: Journal) -> None:
    await frozen(journal, plan("/nowhere/program"))
    task = await waiting(tmp_path, journal)
    error = row(journal).error
    assert error is not None
    assert "cannot be started" in error
    task.cancel()


async def test_what_is_so_already_is_not_done_again(tmp_path: Path, journal: Journal) -> None:
    look = script(tmp_path, "exit 0", "look")
    found = await carried(tmp_path, journal, script(tmp_path, ""), observe=(look,))
    assert found.state == "done"
    assert calls(tmp_path) == ["look"]


async def test_a_look_that_hangs_is_ended(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(custom, "OBSERVE_S", 0.2)
    look = script(tmp_path, "sleep 60", "look")
    await frozen(journal, plan(script(tmp_path, ""), observe=(look,)))
    task = await waiting(tmp_path, journal)
    error = row(journal).error
    assert error is not None
    assert "`observe` gave no answer" in error
    assert calls(tmp_path).count("own") == 0
    task.cancel()


def start(folder: Path, started: list[BaseProcess]) -> BaseProcess:
    started.append(_FORK.Process(target=main, args=(str(folder), "R-1")))
    started[-1].start()
    return started[-1]


def see(condition: Callable[[], object], seconds: float = 20) -> None:
    end_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end_at
        time.sleep(0.01)


async def begun_and_killed(folder: Path, started: list[BaseProcess], *program: str, **changes: Any) -> None:
    """A runner starts the program and dies while it runs."""
    journal = Journal(url(folder))
    await frozen(journal, plan(*program, **changes))
    await journal.close()
    runner = start(folder, started)
    see(lambda: "own" in calls(folder))
    see(lambda: _claim(folder)["program"])
    runner.kill()
    runner.join()


def _claim(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "runs/R-1/programs/own/1.json").read_text())
    return found


def lose_the_end(folder: Path) -> None:
    """Supervisor and program die too: nobody will ever tell how it ended."""
    claim = _claim(folder)
    os.kill(claim["supervisor"]["pid"], signal.SIGKILL)
    end(claim["program"]["pid"])


def rest(folder: Path) -> tuple[str, StepRow]:
    """How run and step stand now."""
    journal = Journal(url(folder))
    try:
        return run_state(journal), row(journal)
    finally:
        journal._database.close()


async def test_a_program_outlives_its_runner_and_the_next_one_reads_its_end(
    tmp_path: Path, started: list[BaseProcess]
) -> None:
    program = script(tmp_path, f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; echo done at last")
    await begun_and_killed(tmp_path, started, program)
    second = start(tmp_path, started)
    time.sleep(0.5)
    assert calls(tmp_path) == ["own"]
    (tmp_path / "go").touch()
    second.join(20)
    assert second.exitcode == 0
    state, found = rest(tmp_path)
    assert state == "held"
    assert found.result is not None
    assert found.result["output"] == "done at last\n"
    assert calls(tmp_path) == ["own"]


async def test_one_that_failed_while_nobody_looked_has_failed(
    tmp_path: Path, started: list[BaseProcess]
) -> None:
    """A known failure is no doubt, and takes no start more than the customer allows."""
    await begun_and_killed(tmp_path, started, script(tmp_path, "sleep 0.3; exit 4"))
    see((tmp_path / "runs/R-1/programs/own/1.end.json").exists)
    start(tmp_path, started)
    see(lambda: rest(tmp_path)[0] == "waiting")
    assert "exit code 4" in str(rest(tmp_path)[1].error)
    assert calls(tmp_path) == ["own"]


async def test_one_whose_end_nobody_saw_waits_for_the_operator(
    tmp_path: Path, started: list[BaseProcess]
) -> None:
    await begun_and_killed(tmp_path, started, script(tmp_path, f"[ -e {tmp_path}/go ] || sleep 60"))
    lose_the_end(tmp_path)
    second = start(tmp_path, started)
    see(lambda: rest(tmp_path)[0] == "waiting")
    found = rest(tmp_path)[1]
    assert found.state == "failed"
    assert "nobody saw how it ended" in str(found.error)
    assert calls(tmp_path) == ["own"]
    (tmp_path / "go").touch()
    journal = Journal(url(tmp_path))
    await journal.write(lambda c: verbs.retry(c, "R-1", (KEY,), every=False, actor="ann"))
    await journal.close()
    second.join(20)
    assert rest(tmp_path)[0] == "held"
    assert calls(tmp_path) == ["own", "own"]


async def test_a_repeatable_one_is_started_again_by_itself(
    tmp_path: Path, started: list[BaseProcess]
) -> None:
    program = script(tmp_path, f"[ -e {tmp_path}/go ] || sleep 60")
    await begun_and_killed(tmp_path, started, program, repeatable=True)
    lose_the_end(tmp_path)
    (tmp_path / "go").touch()
    second = start(tmp_path, started)
    second.join(20)
    assert rest(tmp_path)[0] == "held"
    assert calls(tmp_path) == ["own", "own"]


async def test_of_one_with_a_look_the_look_decides(tmp_path: Path, started: list[BaseProcess]) -> None:
    look = script(tmp_path, f"[ -e {tmp_path}/so ]", "look")
    await begun_and_killed(tmp_path, started, script(tmp_path, "sleep 60"), observe=(look,))
    lose_the_end(tmp_path)
    (tmp_path / "so").touch()
    second = start(tmp_path, started)
    second.join(20)
    assert rest(tmp_path)[0] == "held"
    assert calls(tmp_path).count("own") == 1


async def test_a_program_whose_supervisor_was_killed_is_ended_at_its_time_out(
    tmp_path: Path, started: list[BaseProcess]
) -> None:
    await begun_and_killed(tmp_path, started, script(tmp_path, "sleep 60"), timeout_s=1.0)
    claim = _claim(tmp_path)
    os.kill(claim["supervisor"]["pid"], signal.SIGKILL)
    start(tmp_path, started)
    see(lambda: rest(tmp_path)[0] == "waiting")
    assert gone(claim["program"]["pid"])
    assert "nobody saw how it ended" in str(rest(tmp_path)[1].error)


async def test_two_runners_start_it_once(tmp_path: Path) -> None:
    """A runner that slept before its start finds that number taken."""
    from drconsole.recovery.programs.starts import Starts

    starts = Starts(tmp_path / "runs/R-1/programs/own")
    program = script(tmp_path, "sleep 0.2")
    made = await asyncio.gather(*(starts.make(1, 1, [program], {"PATH": os.defpath}, 5) for _ in range(4)))
    assert sorted(made) == [False, False, False, True]
    last = starts.last()
    assert last is not None
    ended = await starts.ended(last)
    assert ended is not None
    assert ended.well
    assert not await starts.make(1, 1, [program], {"PATH": os.defpath}, 5)
    assert calls(tmp_path) == ["own"]
