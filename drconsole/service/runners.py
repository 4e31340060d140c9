"""Runners: started beside the service, and started again where one died."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from drconsole.api.logout import outliving
from drconsole.journal import runs
from drconsole.journal.journal import Journal
from drconsole.journal.runs import LEASE_S, RunRow
from drconsole.recovery.process import end_silent, known_dead
from drconsole.settings.values import Settings

LOOK_S = 1.0
"""How often the service looks whether each unfinished run has its runner."""

_AGAIN_S = (0.0, 1.0, 1.0, 2.0, 2.0, *(4.0,) * 6, 30.0)
"""Seconds between two starts of a run's runner, by how many there were of late: a run that goes on is
taken up again within 5 s, and one whose runner dies at once every time does not keep a machine busy."""

_OF_LATE_S = 120.0


class Runners:
    """The processes that carry runs. They outlive this one."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._starts: dict[str, list[float]] = {}

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
        self._processes[run] = process
        self._starts.setdefault(run, []).append(time.monotonic())
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

    async def keep(self) -> None:
        """Looks after unfinished runs for ever."""
        while True:
            for row in self.unfinished():
                if self._orphaned(row) and self._may_start(row.id):
                    end_silent(row)
                    self.start(row.id)
            self._reap()
            await asyncio.sleep(LOOK_S)

    def _orphaned(self, row: RunRow) -> bool:
        """No process of ours carries it, and its last runner is dead, or silent beyond its lease."""
        silent = row.beat is not None and time.time() - row.beat > LEASE_S
        if silent and row.pid is not None:
            return True
        process = self._processes.get(row.id)
        return known_dead(row) and (process is None or process.poll() is not None)

    def _may_start(self, run: str) -> bool:
        """A runner that dies at once is not started in a circle: the pauses grow."""
        starts = self._starts.get(run, [])
        recent = [start for start in starts if time.monotonic() - start < _OF_LATE_S]
        pause = _AGAIN_S[min(len(recent), len(_AGAIN_S) - 1)]
        return not recent or time.monotonic() - recent[-1] >= pause

    def _reap(self) -> None:
        for run, process in list(self._processes.items()):
            if process.poll() is not None:
                del self._processes[run]
