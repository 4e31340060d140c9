"""Two runners for one run; the one that has it is stopped, loses it by its lease, and wakes up.

No service takes part: it would kill a runner that fell silent, and there would be no zombie.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from drconsole.journal.runs import LEASE_S
from tests.chaos.inside import signed_run
from tests.chaos.inside.small_run import RUN
from tests.chaos.journal_file import JournalFile
from tests.chaos.row import Row

NAME = "two runners, zombies"
AIM = "0 stale writes, 0 new acts"

RUNS = 20
LONG_RUNS = 100
AT_ONCE = 20
SEED = 20261122
FENCED = 75
REFUSED = 3
PATIENCE_S = 60.0

_FORK = multiprocessing.get_context("forkserver")
_FORK.set_forkserver_preload(["tests.chaos.inside.small_run", "tests.chaos.inside.signed_run"])


class Late(Exception):
    """Something did not happen in time."""


@dataclass
class Night:
    """What happened in one run: `slow` counts stops that would have held the journal."""

    slow: int = 0
    stale: list[str] = field(default_factory=list)
    acts: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    fenced_after_s: float = 0.0


class Runners:
    """The processes of one run; the zombie is the one that had it first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = JournalFile(folder / "journal.db")
        self._all: list[BaseProcess] = []

    def start(self, name: str) -> BaseProcess:
        """Starts one more."""
        process = _FORK.Process(target=signed_run.carry, args=(str(self.folder), name))
        self._all.append(process)
        process.start()
        return process

    def end(self) -> None:
        """Ends all of them, by pid."""
        for process in self._all:
            process.kill()
            process.join()

    def taken_by(self, process: BaseProcess) -> bool:
        """Whether a process has, or had, the run."""
        return any(event.text.endswith(f" {process.pid}") for event in self.journal.takeovers(RUN))

    def holds_journal(self) -> bool:
        """Whether somebody is in mid-commit: a stopped one would be so for ever."""
        with closing(sqlite3.connect(self.folder / "journal.db", timeout=0.05)) as connection:
            connection.isolation_level = None
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
            except sqlite3.OperationalError:
                return True
        return False


async def row(long: bool) -> Row:
    """Lets 20 runners sleep through a takeover, each in the middle of a run of its own."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as base, ThreadPoolExecutor(AT_ONCE) as pool:
        template = Path(base) / "template"
        template.mkdir()
        keys = await signed_run.prepare(template)
        loop = asyncio.get_running_loop()
        nights = [
            loop.run_in_executor(pool, _night, Path(shutil.copytree(template, Path(base) / f"r{n}")), n, keys)
            for n in range(LONG_RUNS if long else RUNS)
        ]
        return judged(await asyncio.gather(*nights))


def judged(nights: Sequence[Night]) -> Row:
    """Returns the row of all nights."""
    stale = [sentence for night in nights for sentence in night.stale]
    acts = [sentence for night in nights for sentence in night.acts]
    wrong = [sentence for night in nights for sentence in night.wrong]
    latest = max(night.fenced_after_s for night in nights)
    slow = sum(night.slow for night in nights)
    note = f"fenced within {latest:.1f} s of waking; {slow} stops were moved out of a commit"
    return Row(
        name=NAME,
        figure=f"{len(nights)} zombies, {len(stale)} stale, {len(acts)} new acts",
        aim=AIM,
        ok=not stale and not acts and not wrong,
        note="; ".join([note, *(stale + acts + wrong)[:4]]),
    )


def _night(folder: Path, number: int, keys: Sequence[str]) -> Night:
    runners, night, draw = Runners(folder), Night(), random.Random(SEED + number)
    try:
        _sleep_and_wake(runners, night, draw, keys)
    except Late as late:
        night.wrong.append(f"{folder.name}: {late}")
    finally:
        runners.end()
    return night


def _sleep_and_wake(runners: Runners, night: Night, draw: random.Random, keys: Sequence[str]) -> None:
    pair = [runners.start("first"), runners.start("second")]
    _until(lambda: any(runners.taken_by(one) for one in pair), "no runner took the run")
    zombie, other = sorted(pair, key=runners.taken_by, reverse=True)
    other.join(PATIENCE_S)
    _until(lambda: len(signed_run.acts(runners.folder)) > draw.randint(2, 30), "no act began")
    _stop(runners, zombie, night)
    heir = _heir(runners)
    time.sleep(draw.random() * 1.5)
    os.kill(zombie.pid or 0, signal.SIGCONT)
    woke = time.monotonic()
    zombie.join(PATIENCE_S)
    night.fenced_after_s = time.monotonic() - woke
    heir.join(PATIENCE_S)
    _judge(runners, night, zombie, woke, keys)
    codes = (zombie.exitcode, other.exitcode, heir.exitcode)
    if codes != (FENCED, REFUSED, 0):
        night.wrong.append(f"zombie, second and heir ended with {codes}, not {(FENCED, REFUSED, 0)}")


def _stop(runners: Runners, zombie: BaseProcess, night: Night) -> None:
    """Stops it, but not in mid-commit: on one machine that would keep everybody out, by SQLite's design."""
    while True:
        os.kill(zombie.pid or 0, signal.SIGSTOP)
        _until(lambda: _stands_still(zombie.pid or 0), "the runner does not stop")
        if not runners.holds_journal():
            return
        night.slow += 1
        os.kill(zombie.pid or 0, signal.SIGCONT)
        time.sleep(0.003)


def _stands_still(pid: int) -> bool:
    """Whether each of its threads has stopped: a signal takes a moment."""
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in threads)


def _heir(runners: Runners) -> BaseProcess:
    """Who takes the run when the lease has run out; until then whoever comes is refused."""
    early = runners.start("early")
    early.join(PATIENCE_S)
    if early.exitcode != REFUSED:
        raise Late(f"one that came before the lease ran out ended with {early.exitcode}")
    time.sleep(LEASE_S + 0.2)
    heir = runners.start("heir")
    _until(lambda: runners.taken_by(heir), "the heir never took the run")
    return heir


def _until(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            raise Late(what)
        time.sleep(0.01)


def _judge(runners: Runners, night: Night, zombie: BaseProcess, woke: float, keys: Sequence[str]) -> None:
    """Looks for what the zombie wrote after it had lost the run, and for acts begun after it woke."""
    pid, journal = zombie.pid, runners.journal
    lost_at = max(event.seq for event in journal.takeovers(RUN))
    events = journal.events(RUN, lost_at)
    begun = {
        event.step: event.facts.get("attempt") for event in events if event.facts.get("state") == "running"
    }
    night.stale += [f"event {event.seq}: {event.text}" for event in events if event.text == f"pid {pid}"]
    signed = journal.results(RUN)
    for event in events:
        if event.facts.get("state") == "done" and signed[event.step].get("pid") == pid:
            night.stale.append(f"{event.step} was finished by the zombie")
    newest = journal.run(RUN)["epoch"]
    rows = journal.steps(RUN)
    night.stale += [f"{s.key} bears epoch {s.epoch}" for s in rows if s.key in begun and s.epoch != newest]
    acts = signed_run.acts(runners.folder)
    night.acts += [
        f"{a.key} begun by the zombie" for a in acts if (a.pid, a.what) == (pid, "begins") and a.at > woke
    ]
    effects = Counter((runners.folder / "world").read_text().splitlines())
    night.wrong += [f"{key} happened {effects[key]} times" for key in keys if effects[key] != 1]
    if (state := journal.run(RUN)["state"]) != "held":
        night.wrong.append(f"the run is {state}")
