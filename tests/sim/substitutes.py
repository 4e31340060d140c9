"""What a simulated run cannot take from this machine: its clock, its processes, its network."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol
from unittest.mock import patch

from drconsole.journal.runs import Owner, RunRow
from drconsole.recovery import extensions, process, takeover
from drconsole.recovery.stages import protected
from drconsole.settings.values import Endpoint
from tests.sim.loop import VirtualLoop, here

BEGINNING = 1_795_300_000.0
"""Unix seconds at which every simulation begins: in November 2026."""


class Neighbours(Protocol):
    """Who else is there: asked where the product asks the kernel."""

    def known_dead(self, row: RunRow) -> bool: ...

    def answer(self) -> str: ...


class VirtualTime:
    """Stands where a module of the product has `time`."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def time(self) -> float:
        return BEGINNING + self._loop.now

    def monotonic(self) -> float:
        return self._loop.now


@contextmanager
def substituted(loop: VirtualLoop, neighbours: Neighbours) -> Iterator[None]:
    """Puts them in place of the machine's own."""

    async def answer(endpoint: Endpoint, limit_s: float) -> str:
        return neighbours.answer()

    with ExitStack() as stack:
        for name in _clocked():
            stack.enter_context(patch.object(sys.modules[name], "time", VirtualTime(loop)))
        changes: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
            (takeover, "myself", _myself),
            (takeover, "known_dead", neighbours.known_dead),
            (process, "known_dead", neighbours.known_dead),
            (protected, "_answer", answer),
            (extensions, "_points", list),
        )
        for module, name, change in changes:
            stack.enter_context(patch.object(module, name, change))
        yield


def _clocked() -> list[str]:
    """The modules of journal and recovery that ask the machine for the time."""
    rooms = ("drconsole.journal.", "drconsole.recovery.")
    loaded = [name for name in sys.modules if name.startswith(rooms)]
    return [name for name in sorted(loaded) if getattr(sys.modules[name], "time", None) is time]


def _myself() -> Owner:
    me = here()
    return Owner(pid=me.pid, pid_started=float(me.pid), host=me.host)
