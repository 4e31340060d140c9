"""A console in a process of its own behind a pty, measured from outside: its CPU, its bytes, its stalls."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.console.terminal import Terminal

SIZE = (120, 40)
ROOT = Path(__file__).resolve().parent.parent.parent

_EMPTY = "App().run()"
_CONSOLE = "from drconsole.console.opening import run_console; run_console({config!r})"
_FIRST = """
import json, os, sys, time
from textual.app import App
def shown(app):
    if type(app) is App or type(app.screen).__module__.startswith("drconsole"):
        os.write({out}, json.dumps([time.time(), time.process_time()]).encode())
        os._exit(0)
App.post_display_hook = shown
{open}
"""
_WATCHED = """
import asyncio, signal, time
from drconsole.console.app import ConsoleApp
from drconsole.console.opening import run_console
longest = [0.0]
begin = ConsoleApp.on_mount
def on_mount(self):
    begin(self)
    self.bench = asyncio.create_task(watch())
async def watch():
    while True:
        began = time.monotonic()
        await asyncio.sleep(0.005)
        longest[0] = max(longest[0], time.monotonic() - began - 0.005)
def tell(*_):
    with open({out!r}, "w") as file:
        file.write(str(longest[0]))
    longest[0] = 0.0
ConsoleApp.on_mount = on_mount
signal.signal(signal.SIGUSR1, tell)
run_console({config!r})
"""


def _spawned(program: str) -> tuple[int, int]:
    """Starts a program in a terminal; returns its pid and our end of the terminal."""
    pid, file = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
        variables = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
        os.execve(sys.executable, [sys.executable, "-c", program], variables)  # noqa: S606 -- our own
    return pid, file


def first_frame(config: Path | None) -> tuple[float, float]:
    """Returns the seconds of wall and of CPU from the start of a process to its first picture.

    `config` None measures an empty Textual app.
    """
    far, near = os.pipe()
    os.set_inheritable(near, True)
    app = _EMPTY if config is None else _CONSOLE.format(config=str(config))
    began = time.time()
    pid, file = _spawned(_FIRST.format(open=app, out=near))
    os.close(near)
    told = b""
    while True:
        ready, _, _ = select.select([far, file], [], [], 60)
        if file in ready:
            _drained(file)
        if far in ready:
            told = os.read(far, 4096)
            break
        if not ready:
            raise TimeoutError("no picture in a minute")
    os.waitpid(pid, 0)
    os.close(far)
    os.close(file)
    shown, spent = json.loads(told)
    return shown - began, spent


def _drained(file: int) -> None:
    try:
        os.read(file, 65536)
    except OSError:
        time.sleep(0.01)  # it has ended; what it told comes by the other way


class Seat(Terminal):
    """A terminal that counts what a key costs."""

    def cpu(self) -> float:
        """Returns the CPU seconds of the console's process, all threads."""
        return time.clock_gettime((~self.pid << 3) | 2)  # what clock_getcpuclockid gives

    def quiet(self, gap_s: float = 0.06) -> None:
        """Takes in what is sent until nothing comes for a while."""
        size = -1
        while size != len(self.sent):
            size = len(self.sent)
            self.listen(gap_s)

    def rests(self, within_s: float = 180.0) -> None:
        """Waits until the console has read and judged all that it opened with: it is idle for a second."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            before = self.cpu()
            self.listen(1.0)
            if self.cpu() - before < 0.03:
                return
        raise TimeoutError("the console does not come to rest")

    def costs(self, keys: list[str], times: int) -> list[float]:
        """Presses keys in turn; returns the CPU milliseconds of each until the screen rests, sorted."""
        found = []
        for number in range(times):
            self.quiet()
            before = self.cpu()
            self.types(keys[number % len(keys)])
            self.quiet()
            found.append((self.cpu() - before) * 1e3)
        return sorted(found)

    def crawl(self, seconds: float, bytes_s: int, press: Callable[[int], None]) -> None:
        """Reads no faster than a slow line, and presses something 20 times a second."""
        began, taken, number = time.monotonic(), 0, 0
        while (past := time.monotonic() - began) < seconds:
            if number < past * 20:
                press(number)
                number += 1
            room = int(past * bytes_s) - taken
            if room > 256 and select.select([self._file], [], [], 0.02)[0]:
                data = os.read(self._file, min(room, 1024))
                self.sent += data
                taken += len(data)
                self._stream.feed(self._decode(data))
            else:
                time.sleep(0.01)


@contextmanager
def seat(config: Path, stalls: Path) -> Iterator[Seat]:
    """Opens the console; `stalls` is a file that `longest` reads."""
    pid, file = _spawned(_WATCHED.format(config=str(config), out=str(stalls)))
    found = Seat(pid, file, SIZE)
    try:
        yield found
    finally:
        found.close()


def longest(one: Seat, stalls: Path) -> float:
    """Returns the event loop's longest stall since it was asked last, in seconds."""
    stalls.unlink(missing_ok=True)
    os.kill(one.pid, signal.SIGUSR1)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        one.listen(0.05)
        if stalls.exists() and (told := stalls.read_text(encoding="utf-8")):
            return float(told)
    raise TimeoutError("the console does not say how long it stalled")
