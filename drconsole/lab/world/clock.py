"""Time in the lab: every clock that is shown is wall time, only durations are divided by the speed."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result")


class Clock(Protocol):
    """What the world asks of time."""

    @property
    def speed(self) -> float:
        """Simulated seconds in one real second."""
        ...

    def now(self) -> datetime:
        """Returns the time that a device would show: aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Returns the simulated seconds since the clock started."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits for `seconds` simulated seconds."""
        ...


class WallClock:
    """Real time; a duration of the world takes its seconds divided by `speed`."""

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError(f"speed {speed}: must be above 0")
        self.speed = speed
        self._start = time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return (time.monotonic() - self._start) * self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)


class VirtualClock:
    """Time that passes only when nothing else can happen: hours of a world in milliseconds.

    `run` drives a coroutine to its end; sleepers wake in the order of their time, equal times in
    the order in which they went to sleep, so that one seed gives one history.
    """

    speed = 1.0

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), wake))
        await wake

    async def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Runs `work` to its end, moving time on whenever everybody waits. Returns its result."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                await _settle()
                if not task.done():
                    self._wake_next()
        finally:
            task.cancel()
        return task.result()

    async def advance(self, seconds: float) -> None:
        """Moves time on by `seconds`, waking whoever is due on the way."""
        until = self._elapsed + seconds
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            self._wake_next()
            await _settle()
        self._elapsed = until

    def _wake_next(self) -> None:
        if not self._sleepers:
            raise RuntimeError("everybody waits and nobody sleeps: the world stands still")
        self._elapsed, _, wake = heapq.heappop(self._sleepers)
        if not wake.done():
            wake.set_result(None)


async def _settle() -> None:
    # Whoever can run gets its turns: chains of awaits in the world are shorter than this.
    for _ in range(50):
        await asyncio.sleep(0)
