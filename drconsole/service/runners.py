"""Runners: started beside the service, and started again where one died."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from drconsole.api.logout import outliving
from drconsole.journal import runs, steps
from drconsole.journal.journal import Journal
from drconsole.journal.runs import LEASE_S, RunRow
from drconsole.recovery.process import end_silent, known_dead
from drconsole.settings.values import Settings

LOOK_S = 1.0
"""How often the service looks whether each unfinished run has its runner."""

_AGAIN_S = (0.0, 0.5, 1.0, 2.0, *(4.0,) * 20, 30.0)
"""Seconds between two starts of a run's runner, by how many in a row died young: a run that goes on is
taken up again within 5 s, and one whose runner dies at once every time does not keep a machine busy."""

_COMING_S = 60.0
"""A runner that has not taken its run over after so long is given up."""

_YOUNG_S = 3.0
"""A runner that dies earlier, with no step done, has perhaps not come further than its imports."""


class _Start(NamedTuple):
    """A run's last start: when, how many before it in a row died young, how many steps were done then."""

    at: float
    young: int
    done: int


class Runners:
    """The processes that carry runs. They outlive this one."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._starts: dict[str, _Start] = {}
        self._watched: dict[int, int] = {}
        self._gone = asyncio.Event()

    def start(self, run: str) -> int:
        """Starts a runner in a session of its own and returns its pid."""
        folder = Path(self._settings.state_dir) / "runs" / run
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        log = os.open(folder / "runner.log", flags, 0o600)
        module = "drconsole.recovery.runner"
        staying = outliving(f"drconsole-run-{run}-{time.time_ns():x}")
        command = [
            *staying,
            sys.executable,
            "-P",
            "-m",
            module,
            "--config",
            self._settings.path,
            "--run",
            run,
        ]
        try:
            process = subprocess.Popen(  # noqa: S603 -- our own interpreter and module
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                close_fds=True,
            )
        finally:
            os.close(log)
        if (given_up := self._processes.get(run)) is not None and given_up.poll() is None:
            given_up.kill()
        self._processes[run] = process
        last = self._starts.get(run)
        self._starts[run] = _Start(time.monotonic(), last.young if last is not None else 0, self._done(run))
        return process.pid

    def unfinished(self) -> tuple[RunRow, ...]:
        """Returns the runs that have not come to rest."""
        return self._journal.read(runs.unfinished)

    def ensure(self, run: str) -> int:
        """Starts a runner unless a living one has the run. Returns the pid. Raises UnknownName."""
        row = self._journal.read(lambda c: runs.find(c, run))
        process = self._processes.get(row.id)
        if process is not None and process.poll() is None:
            return process.pid
        if row.pid is not None and not known_dead(row):
            return row.pid
        return self.start(row.id)

    def carries(self, row: RunRow) -> bool:
        """Whether a living process has the run, or has been started for it."""
        process = self._processes.get(row.id)
        return (process is not None and process.poll() is None) or not known_dead(row)

    async def keep(self) -> None:
        """Looks after unfinished runs for ever. A runner's death is noticed when it happens."""
        try:
            while True:
                self._gone.clear()
                self._reap()
                rows = self.unfinished()
                pauses = [self._taken_up(row) for row in rows if self._orphaned(row)]
                self._watch(rows)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._gone.wait(), min(pauses, default=LOOK_S))
        finally:
            for pid in tuple(self._watched):
                self._forget(pid)

    def _taken_up(self, row: RunRow) -> float:
        """Starts a runner, or returns the seconds until it may be started."""
        pause = self._pause(row.id)
        if pause > 0:
            return min(pause, LOOK_S)
        end_silent(row)
        self.start(row.id)
        return LOOK_S

    def _watch(self, rows: Sequence[RunRow]) -> None:
        """Lets the kernel tell of the end of every runner here, whoever has started it."""
        here = socket.gethostname()
        pids = {row.pid for row in rows if row.pid is not None and row.host == here}
        pids |= {process.pid for process in self._processes.values()}
        for pid in self._watched.keys() - pids:
            self._forget(pid)
        for pid in pids - self._watched.keys():
            try:
                descriptor = os.pidfd_open(pid)
            except OSError:  # gone already, or no room for it: the next look finds out
                continue
            self._watched[pid] = descriptor
            asyncio.get_running_loop().add_reader(descriptor, self._ended, pid)

    def _ended(self, pid: int) -> None:
        self._forget(pid)
        self._gone.set()

    def _forget(self, pid: int) -> None:
        descriptor = self._watched.pop(pid)
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)

    def _orphaned(self, row: RunRow) -> bool:
        """No process of ours carries it, and its last runner is dead, or silent beyond its lease."""
        if self._coming(row):
            return False
        silent = row.beat is not None and time.time() - row.beat > LEASE_S
        if silent and row.pid is not None:
            return True
        process = self._processes.get(row.id)
        return known_dead(row) and (process is None or process.poll() is not None)

    def _coming(self, row: RunRow) -> bool:
        """Whether a runner has been started that has not taken the run over yet.

        A busy machine needs long to load a large plan. Starting one more at each look, because the
        last one is silent, would keep it busy for ever.
        """
        process, last = self._processes.get(row.id), self._starts.get(row.id)
        if process is None or last is None or process.poll() is not None or process.pid == row.pid:
            return False
        return time.monotonic() - last.at < _COMING_S

    def _pause(self, run: str) -> float:
        """A runner that dies at once is not started in a circle: the pauses grow."""
        last = self._starts.get(run)
        if last is None:
            return 0.0
        return last.at + _AGAIN_S[min(last.young, len(_AGAIN_S) - 1)] - time.monotonic()

    def _reap(self) -> None:
        for run, process in list(self._processes.items()):
            if process.poll() is not None:
                del self._processes[run]
                last = self._starts[run]
                died_young = time.monotonic() - last.at < _YOUNG_S and self._done(run) == last.done
                self._starts[run] = last._replace(young=last.young + 1 if died_young else 0)

    def _done(self, run: str) -> int:
        return self._journal.read(lambda c: steps.count_done(c, run))
