"""The starts of one step's program, as they lie in its folder: made, found again, waited for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from drconsole.errors import DRConsoleError
from drconsole.model.custom import CAPTURED_OUTPUT
from drconsole.recovery.programs import supervisor

_LOOK_S = (0.02, 0.05, 0.1, 0.2, 0.5)
"""Pauses between looks at a program that runs; the last one again and again."""

_STAND_S = 30.0
"""How long a supervisor may take to stand."""


class Process(msgspec.Struct, frozen=True):
    """A process that no later one is taken for."""

    pid: int
    ticks: int
    boot: str

    @property
    def lives(self) -> bool:
        """Whether this very process is there."""
        return bool(supervisor.identity(self.pid) == msgspec.to_builtins(self))


class End(msgspec.Struct, frozen=True):
    """How a start ended. `code` is negative for a signal, None where nothing could be started."""

    began: str
    ended: str
    code: int | None = None
    timed_out: bool = False
    output: str = ""
    dropped: int = 0
    error: str = ""

    @property
    def well(self) -> bool:
        """Whether the program said that it did what it should."""
        return self.code == 0 and not self.timed_out


class Start(msgspec.Struct, frozen=True):
    """One start. `series` is the number of the first one that the same attempt of the step made."""

    number: int
    series: int
    supervisor: Process
    began: str
    until: float
    program: Process | None = None


class Starts:
    """All starts of one step of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def last(self) -> Start | None:
        """Returns the last start, None where there was none."""
        numbers = [int(path.stem) for path in self.folder.glob("*.json") if path.stem.isdigit()]
        if not numbers:
            return None
        told = msgspec.json.decode((self.folder / f"{max(numbers)}.json").read_bytes())
        return msgspec.convert({**told, "number": max(numbers)}, Start)

    def end(self, start: Start) -> End | None:
        """Returns how a start ended, None where nothing says so (yet)."""
        try:
            return msgspec.json.decode((self.folder / f"{start.number}.end.json").read_bytes(), type=End)
        except FileNotFoundError:
            return None

    async def make(
        self,
        number: int,
        series: int,
        program: Sequence[str],
        environment: Mapping[str, str],
        timeout_s: float,
    ) -> bool:
        """Starts the program under a number. False where another has made that start.

        Raises DRConsoleError where no supervisor comes to stand.
        """
        directory = self.folder / "work"
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        spec = {
            "program": list(program),
            "environment": dict(environment),
            "directory": str(directory),
            "series": series,
            "timeout_s": timeout_s,
            "most": CAPTURED_OUTPUT,
        }
        # In a thread, because it must not be cancelled half way: it is over in milliseconds.
        made = await asyncio.to_thread(self._make, number, msgspec.json.encode(spec))
        if made.returncode in (0, supervisor.TAKEN):
            return made.returncode == 0
        told = made.stderr.decode("utf-8", "backslashreplace")[-300:]
        raise DRConsoleError(f"the program's supervisor did not come to stand: {told}")

    def _make(self, number: int, spec: bytes) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-I", "-S", supervisor.__file__, str(self.folder), str(number)]
        return subprocess.run(  # noqa: S603 -- our own interpreter and file
            command,
            input=spec,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_STAND_S,
            check=False,
        )

    async def ended(self, start: Start) -> End | None:
        """Waits for the end of a start. None where nobody is left who could tell it.

        A program whose supervisor was killed is left until its time is up, and then ended.
        """
        pauses = iter(_LOOK_S)
        while True:
            watched = start.supervisor.lives
            if (end := self.end(start)) is not None:
                return end
            start = self.last() or start
            if not watched and not _orphan_goes_on(start):
                return None
            await asyncio.sleep(next(pauses, _LOOK_S[-1]))


def _orphan_goes_on(start: Start) -> bool:
    if start.program is None or not start.program.lives:
        return False
    if time.time() < start.until:
        return True
    with contextlib.suppress(ProcessLookupError):
        os.killpg(start.program.pid, signal.SIGKILL)
    return False
