"""A terminal driver for a line that may stall: nothing that is written ever makes the console wait.

Textual's own driver blocks its event loop where the reader of the terminal stands still. Here a thread
writes; while much is on its way no picture is added, and once the line is free again the screen is
painted whole. What is no picture, such as a mode of the terminal, is never dropped.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable

from textual.drivers.linux_driver import LinuxDriver

FULL = 8 * 1024
"""Bytes on their way above which no picture is added: a quarter of a second at 256 kbit/s."""

_PIECE = 2048
"""Bytes in one write: a picture that is dropped is noticed soon after the line moves."""

_LAST_S = 1.0
"""How long the last words, which give the terminal back, may take."""


class Outlet:
    """Writes to a terminal from a thread of its own. `freed` is called there when all is written after
    something had been turned away."""

    def __init__(self, file: int, freed: Callable[[], None]) -> None:
        self._file = file
        self._freed = freed
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._owes = False
        self._ended = False
        self._something = threading.Condition()
        self._thread = threading.Thread(target=self._write, name="terminal", daemon=True)
        self._thread.start()

    @property
    def size(self) -> int:
        """How many bytes are on their way."""
        return self._size

    def has_room(self) -> bool:
        """Whether a picture may be added. Where not, `freed` will be called."""
        with self._something:
            if self._size < FULL:
                return True
            self._owes = True
            return False

    def put(self, text: str) -> None:
        """Adds text; returns at once."""
        data = text.encode("utf-8", "replace")
        with self._something:
            if not self._ended:
                self._waiting.append(data)
                self._size += len(data)
                self._something.notify()

    def close(self) -> None:
        """Lets what waits be written, for a moment; a line that stands is not waited for."""
        with self._something:
            self._ended = True
            self._something.notify()
        self._thread.join(_LAST_S)

    def _write(self) -> None:
        while (data := self._next()) is not None:
            with contextlib.suppress(OSError):  # the terminal is gone: SIGHUP tells
                self._send(data)
            with self._something:
                free = self._owes and self._size == 0
                self._owes = self._owes and not free
            if free:
                self._freed()

    def _next(self) -> bytes | None:
        with self._something:
            while not self._waiting:
                if self._ended:
                    return None
                self._something.wait()
            return self._waiting.popleft()

    def _send(self, data: bytes) -> None:
        left = memoryview(data)
        try:
            while left:
                sent = os.write(self._file, left[:_PIECE])
                left = left[sent:]
                with self._something:
                    self._size -= sent
        finally:
            with self._something:
                self._size -= len(left)


class LineDriver(LinuxDriver):
    """The driver of the console."""

    _outlet: Outlet | None = None
    on_free: Callable[[], None] | None = None
    """Called on the loop when a picture is owed and the line is free."""

    def has_room(self) -> bool:
        """Whether the line takes a picture now; else it is owed."""
        return self._outlet is None or self._outlet.has_room()

    def write(self, data: str) -> None:
        """Sends data on its way."""
        if self._outlet is not None:
            self._outlet.put(data)

    def start_application_mode(self) -> None:
        """Takes the terminal."""
        if self._file is not None:
            self._outlet = Outlet(self._file.fileno(), self._freed)
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def run_input_thread(self) -> None:
        """Reads keys until the terminal is gone: SIGHUP tells of that, and it is no error of ours."""
        with contextlib.suppress(OSError):
            super().run_input_thread()

    def close(self) -> None:
        """Lets the terminal go."""
        super().close()
        if self._outlet is not None:
            self._outlet.close()
            self._outlet = None

    def _freed(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        if self.on_free is not None:
            self.on_free()
