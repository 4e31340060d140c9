"""Timelines of runs, worked out once for all consoles that show one."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from typing import NamedTuple

from drconsole.api.timeline import Timeline
from drconsole.journal.journal import Journal
from drconsole.recovery.timeline import timeline

FRESH_S = 1.0
"""How old one may be that is given out again."""

_SHARE = 5
"""A run of tens of thousands of steps takes seconds: then at most one part in so many is spent on it."""

_KEPT = 8


class _Known(NamedTuple):
    found: Timeline
    until: float


class Timelines:
    """Belongs to one event loop; the work is done in a thread."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._known: dict[str, _Known] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, run: str) -> Timeline:
        """Returns a run's timeline, a second old at the most; of a very large run some seconds.

        Raises UnknownName.
        """
        async with self._locks[run]:
            known = self._known.pop(run, None)
            if known is None or time.monotonic() >= known.until:
                known = await self._worked_out(run)
            self._known[run] = known  # the last one asked for stands last
            if len(self._known) > _KEPT:
                oldest = next(iter(self._known))
                del self._known[oldest]
                self._locks.pop(oldest, None)
            return known.found

    async def _worked_out(self, run: str) -> _Known:
        began = time.monotonic()
        found = await self._journal.query(lambda c: timeline(c, run))
        took = time.monotonic() - began
        return _Known(found, began + max(FRESH_S, _SHARE * took))
