"""Live inventories of recovered management servers: one watch a run, while somebody looks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from drconsole.errors import Refused, UnknownName
from drconsole.journal.journal import Journal
from drconsole.recovery.recovered_site import recovered_by
from drconsole.service.inventory import Inventory
from drconsole.settings.values import Settings, Site

LINGER_S = 10.0
"""How long a watch goes on without anybody: an operator who turns to another screen comes back."""


class RecoveredInventory(Inventory):
    """One run's. Where its management server is, is asked anew at each connection: it may be replaced."""

    def __init__(
        self, site: Site, settings: Settings, *, run: str, where: Callable[[], Awaitable[Site]]
    ) -> None:
        super().__init__(site, settings, run=run)
        self._where = where

    async def _follow(self) -> None:
        try:
            self._site = await self._where()
        except (Refused, UnknownName) as error:
            self.over = error
            raise
        await super()._follow()


class RecoveredInventories:
    """The live inventories of runs' management servers."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._known: dict[str, RecoveredInventory] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._looking: dict[str, int] = {}
        self._ends: dict[str, asyncio.TimerHandle] = {}

    @contextlib.asynccontextmanager
    async def of(self, run: str) -> AsyncIterator[Inventory]:
        """Lends the inventory of a run's recovered management server, watched while it is lent.

        Raises UnknownName, and Refused with the reason where the run has none (any more).
        """
        site = await self._where(run)
        if run in self._ends:
            self._ends.pop(run).cancel()
        if run not in self._known or self._tasks[run].done():
            self._begin(run, site)
        self._looking[run] = self._looking.get(run, 0) + 1
        try:
            yield self._known[run]
        finally:
            self._looking[run] -= 1
            if not self._looking[run]:
                self._ends[run] = asyncio.get_running_loop().call_later(LINGER_S, self._end, run)

    @property
    def watched(self) -> tuple[str, ...]:
        """The runs whose management servers are watched now."""
        return tuple(run for run, task in self._tasks.items() if not task.done())

    async def close(self) -> None:
        """Stops watching."""
        for end in self._ends.values():
            end.cancel()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _where(self, run: str) -> Site:
        return await self._journal.query(lambda c: recovered_by(c, self._settings, run))

    def _begin(self, run: str, site: Site) -> None:
        inventory = RecoveredInventory(site, self._settings, run=run, where=lambda: self._where(run))
        self._known[run] = inventory
        self._tasks[run] = asyncio.create_task(inventory.watch(), name=f"watch {run}")

    def _end(self, run: str) -> None:
        """Nobody has come back."""
        self._ends.pop(run, None)
        if not self._looking.pop(run, 0):
            self._tasks.pop(run).cancel()
            del self._known[run]
