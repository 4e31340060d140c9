"""A lab as a process: in the foreground, detached with its pid in its directory, or for a test."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from drconsole.errors import Busy, DRConsoleError, Unreachable
from drconsole.lab import control
from drconsole.lab.options import LabOptions

PID = "lab.pid"
LOG = "lab.log"
READY_WITHIN_S = 180.0
"""A world of hundreds of hosts takes seconds of a free core, and much longer of a busy one."""
END_WITHIN_S = 15.0
_detached: dict[int, subprocess.Popen[bytes]] = {}
"""Labs that this process detached: whoever started them has to collect them."""


@dataclass(frozen=True)
class LabHandle:
    """A lab in a process of its own."""

    directory: Path
    pid: int

    @property
    def configuration(self) -> Path:
        """The file with which every command treats this lab as the real world."""
        return self.directory / "drconsole.toml"

    @property
    def ledger(self) -> Path:
        return self.directory / "ledger.jsonl"

    def request(self, verb: str, **args: Any) -> control.Answer:
        """As `control.request`."""
        return control.request(self.directory, verb, **args)


async def serve(options: LabOptions) -> None:
    """Runs a lab until it is told to end: by SIGTERM, SIGINT, or the verb `down`.

    Raises Busy where one runs in this directory already.
    """
    from drconsole.lab.lab import make_lab
    from drconsole.lab.net.addresses import claim
    from drconsole.lab.net.fetch import machine_fetch
    from drconsole.lab.net.tls import small_buffers
    from drconsole.lab.verbs import Verbs

    _refuse_second(options.path)
    _raise_file_limit()
    small_buffers()
    ended = asyncio.Event()
    _end_on_signals(ended)
    async with machine_fetch() as fetch:
        lab = make_lab(options, claim(), fetch)
        pid = options.path / PID
        try:
            await lab.open()
            server = await control.listen(options.path, Verbs(lab, ended).carry_out)
            pid.write_text(f"{os.getpid()}\n", encoding="ascii")
            await ended.wait()
            server.close()
        finally:
            await lab.close()
            pid.unlink(missing_ok=True)
            control.socket_path(options.path).unlink(missing_ok=True)


def start_detached(options: LabOptions) -> LabHandle:
    """Starts a lab in a process and session of its own and returns when it answers.

    Its output goes to `lab.log`. Raises Busy where one runs there, Unreachable with the end of its
    log where it does not come up.
    """
    _refuse_second(options.path)
    process = _start(options, own_session=True)
    _detached[process.pid] = process
    return _ready(process, options)


@contextmanager
def running(options: LabOptions) -> Iterator[LabHandle]:
    """Runs a lab in a child process, for tests; it is ended, by its pid, on the way out."""
    process = _start(options, own_session=False)
    try:
        yield _ready(process, options)
    finally:
        process.terminate()
        try:
            process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def stop(directory: Path) -> None:
    """Ends the lab of a directory and waits until it is gone. Raises Unreachable where none runs."""
    pid = int(control.request(directory, "down")["pid"])
    child = _detached.pop(pid, None)
    if child is not None:
        with suppress(subprocess.TimeoutExpired):
            child.wait(END_WITHIN_S)
            return
    deadline = time.monotonic() + END_WITHIN_S
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise Unreachable(f"the lab (pid {pid}) does not end", about=str(directory))


def _start(options: LabOptions, *, own_session: bool) -> subprocess.Popen[bytes]:
    options.path.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "drconsole.lab.process", msgspec.json.encode(options).decode()]
    with (options.path / LOG).open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - ourselves, with our own options
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=own_session,
        )


def _ready(process: subprocess.Popen[bytes], options: LabOptions) -> LabHandle:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(Unreachable):
            control.request(options.path, "status")
            return LabHandle(options.path, process.pid)
        time.sleep(0.05)
    if process.poll() is None:
        process.kill()
        process.wait()
    log = (options.path / LOG).read_text(encoding="utf-8", errors="replace")
    raise Unreachable(f"the lab does not come up: {log[-2000:].strip()}", about=str(options.path))


def _refuse_second(directory: Path) -> None:
    with suppress(Unreachable):
        pid = control.request(directory, "status")["pid"]
        raise Busy(
            f"a lab runs here already (pid {pid})",
            about=str(directory),
            remedy="end it with `drconsole lab down`",
        )


def _raise_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _end_on_signals(ended: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)


def main(arguments: list[str]) -> int:
    """The entry of the lab's own process: one argument, the options as JSON."""
    try:
        asyncio.run(serve(msgspec.json.decode(arguments[0], type=LabOptions)))
    except DRConsoleError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
