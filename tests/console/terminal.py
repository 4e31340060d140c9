"""A terminal in memory: the console in a process of its own behind a real pty, read through pyte."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import sys
import tempfile
import termios
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyte

_KEYS = {
    "enter": "\r", "esc": "\x1b", "space": " ", "up": "\x1b[A", "down": "\x1b[B", "tab": "\t",
    "pgup": "\x1b[5~", "pgdn": "\x1b[6~", "home": "\x1b[H", "end": "\x1b[F",
}  # fmt: skip
_OPEN = "from drconsole.console.opening import run_console; run_console({!r})"
_COLOUR = re.compile(rb"\x1b\[[0-9;]*m")


class Terminal:
    """What an operator sees and types."""

    def __init__(self, pid: int, file: int, size: tuple[int, int]) -> None:
        self.pid = pid
        self.sent = bytearray()
        self._file = file
        self._screen = pyte.Screen(*size)
        self._stream = pyte.Stream(self._screen)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._status: int | None = None

    def listen(self, seconds: float) -> None:
        """Takes in what is sent for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select([self._file], [], [], left)
            if not ready:
                return  # so long, and nothing came
            try:
                data = os.read(self._file, 65536)
            except OSError:
                return
            self.sent += data
            self._stream.feed(drawn(self._decode(data)))

    def press(self, *keys: str) -> None:
        """Types keys, by name or as they are."""
        for key in keys:
            os.write(self._file, _KEYS.get(key, key).encode())
            self.listen(0.05)

    def types(self, text: str) -> None:
        """Types a text at once, and reads nothing of what comes of it."""
        os.write(self._file, text.encode())

    @property
    def lines(self) -> list[str]:
        """The screen, a string a row."""
        rows, columns = self._screen.buffer, range(self._screen.columns)
        return ["".join(rows[y][x].data for x in columns) for y in range(self._screen.lines)]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    def places(self, word: str) -> set[int]:
        """Returns the columns of cells in which a word begins, on any line."""
        found = set()
        for y in range(self._screen.lines):
            cells = [self._screen.buffer[y][x].data for x in range(self._screen.columns)]
            starts = [x for x, cell in enumerate(cells) for _ in cell]
            line, at = "".join(cells), -1
            while (at := line.find(word, at + 1)) >= 0:
                found.add(starts[at])
        return found

    def sees(self, *words: str, within: float = 30.0) -> str:
        """Waits until all words are on the screen, and returns it; fails with the screen."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            if all(word in self.text for word in words):
                return self.text
            self.listen(0.1)
        missing = [word for word in words if word not in self.text]
        raise AssertionError(f"never saw {missing}:\n{self.text}")

    def escape(self, word: str) -> None:
        """Presses escape and waits until a word is gone: what follows at once would be alt and a key."""
        self.press("esc")
        self.gone(word)

    def gone(self, word: str) -> None:
        """Waits until a word is on the screen no more."""
        until = time.monotonic() + 30
        while word in self.text and time.monotonic() < until:
            self.listen(0.1)
        assert word not in self.text, self.text

    def colours(self) -> set[bytes]:
        """Returns every SGR parameter that sets a colour other than the terminal's own."""
        found: set[bytes] = set()
        for sequence in _COLOUR.findall(bytes(self.sent)):
            for part in sequence[2:-1].split(b";"):
                number = int(part or 0)
                if 30 <= number <= 38 or 40 <= number <= 48 or 90 <= number <= 107:
                    found.add(sequence)
        return found

    def resize(self, width: int, height: int) -> None:
        """Gives the terminal another size, as a window that is dragged does."""
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self._screen.resize(height, width)

    def hang_up(self) -> None:
        """The line drops."""
        os.close(self._file)
        self._file = -1

    def ended(self, within: float = 6.0) -> int | None:
        """Waits for the process to end and returns its exit code, None while it lives."""
        until = time.monotonic() + within
        while self._status is None and time.monotonic() < until:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = status
                break
            if self._file >= 0:
                self.listen(0.05)
            else:
                time.sleep(0.05)
        return None if self._status is None else os.waitstatus_to_exitcode(self._status)

    def close(self) -> None:
        """Ends the console, whatever it does."""
        if self.ended(0.0) is None:
            os.kill(self.pid, signal.SIGKILL)
            self.ended()
        if self._file >= 0:
            os.close(self._file)


def drawn(text: str) -> str:
    """Returns text without the marks that pyte takes for the end of what it draws."""
    if text.isascii():
        return text
    return "".join(c for c in text if unicodedata.combining(c) or unicodedata.category(c) not in _MARKS)


_MARKS = ("Mn", "Mc", "Me")


@contextmanager
def console(
    config: Path | None, size: tuple[int, int] = (120, 40), environ: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """Opens the console on a configuration in a terminal of that size."""
    command = _OPEN.format(None if config is None else str(config))
    with terminal([sys.executable, "-c", command], size, environ) as shown:
        yield shown


@contextmanager
def terminal(
    command: Sequence[str], size: tuple[int, int], environ: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """Runs a command in a terminal of that size, as after a fresh login."""
    path = shutil.which(command[0]) or command[0]
    with tempfile.TemporaryDirectory() as own:
        variables = _variables(own) | {**(environ or {})}
        pid, file = pty.fork()
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            for number in _AT_LOGIN:
                signal.signal(number, signal.SIG_DFL)
            os.execve(path, list(command), variables)
        shown = Terminal(pid, file, size)
        try:
            yield shown
        finally:
            shown.close()


_AT_LOGIN = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP, signal.SIGTERM)
"""What a login begins with: tests that run in the background have inherited an ignored SIGINT."""

_NOT_INHERITED = ("NO_COLOR", "COLORTERM", "TERM_PROGRAM", "TMUX", "STY", "LC_ALL", "LC_CTYPE")
"""What the terminal around the tests would tell of itself."""


def _variables(own: str) -> dict[str, str]:
    """The environment of a fresh login: no theme, keys or history of whoever runs the tests."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _NOT_INHERITED and not name.startswith(("SSH_", "DRCONSOLE_A", "DRCONSOLE_THEME"))
    }
    places = {"XDG_CONFIG_HOME": f"{own}/config", "XDG_STATE_HOME": f"{own}/state"}
    return {**kept, **places, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
