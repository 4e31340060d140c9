"""Lines in and lines out: what is typed comes from a thread, what happens meanwhile begins a new line."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TextIO

from drconsole.console.style.look import Look, wants_ascii

PROMPT = "drconsole> "


class Lines:
    """A terminal that only takes and gives lines. Foreign text is made safe here."""

    def __init__(self, into: TextIO | None = None, out: TextIO | None = None) -> None:
        self._in = into or sys.stdin
        self._out = out or sys.stdout
        self._look = Look({}, ascii_only=wants_ascii())
        self._typed: asyncio.Queue[str | None] = asyncio.Queue()
        self._asks = ""
        self._broken = False

    def start(self) -> None:
        """Begins to listen. The thread is a daemon: a read that never ends holds nobody up."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._listen, args=(loop,), daemon=True).start()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            for line in self._in:
                loop.call_soon_threadsafe(self._typed.put_nowait, line.rstrip("\r\n"))
            loop.call_soon_threadsafe(self._typed.put_nowait, None)
        except (RuntimeError, ValueError, OSError):
            return  # the console ended meanwhile

    def say(self, *lines: str) -> None:
        """Writes lines below what is there. A question that waits is asked again; the prompt is not."""
        if not lines:
            return
        if self._asks and not self._broken:
            self._out.write("\n")
        for line in lines:
            self._out.write(self._look.text(line) + "\n")
        self._broken = bool(self._asks)
        if self._asks not in ("", PROMPT):
            self._out.write(self._asks)
            self._broken = False
        self._out.flush()

    async def ask(self, question: str = PROMPT) -> str | None:
        """Asks for a line; None where there is nobody any more."""
        self._asks, self._broken = self._look.text(question), False
        self._out.write(self._asks)
        self._out.flush()
        try:
            answer = await self._typed.get()
        finally:
            self._asks = ""
        if answer is None:
            self._out.write("\n")
            self._out.flush()
        return None if answer is None else answer.strip()
