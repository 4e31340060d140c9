"""Live inventories: each site is watched once, whoever looks, and says how old what it shows is."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable

import msgspec

from drconsole.api.values import InventoryBatch, LiveState
from drconsole.errors import DRConsoleError, PinMismatch, WrongCredentials
from drconsole.journal.clock import now
from drconsole.model.live import InventoryChange
from drconsole.recovery.drivers import platform_of
from drconsole.settings.values import Settings, Site

_BACKOFF_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_SIGN_S = 1.0
_BEHIND = 256
"""Batches that wait for one reader, at most: a console that was stopped costs the service no more."""

_FINAL = (WrongCredentials, PinMismatch)
"""Never tried again by itself: accounts lock, and a pin is the operator's to change. See `resume`."""


class Inventory:
    """One site's live inventory, and those who look at it.

    `run`: of the management server that this run has recovered. `tell` is called where `state` changes.
    """

    over: DRConsoleError | None = None
    """Why there will never be more of it; whoever looks is told so."""

    def __init__(
        self, site: Site, settings: Settings, *, run: str = "", tell: Callable[[], None] = lambda: None
    ) -> None:
        self._site = site
        self._settings = settings
        self._run = run
        self._tell_state = tell
        self._objects: dict[str, InventoryChange] = {}
        self._watchers: set[asyncio.Queue[InventoryBatch]] = set()
        self._seen: float | None = None
        self._alive = False
        self.error = ""

    @property
    def state(self) -> LiveState:
        """`live` while the site answers, `stale` once it did, `unwatched` before."""
        if self._alive:
            return "live"
        return "unwatched" if self._seen is None else "stale"

    @property
    def age_s(self) -> float | None:
        """Seconds since the site last said that this is how it is; None before it ever did."""
        if self._seen is None:
            return None
        return 0.0 if self._alive else time.monotonic() - self._seen

    async def watch(self) -> None:
        """Follows the site for ever, reconnecting with growing pauses."""
        failures = 0
        while True:
            try:
                await self._follow()
                failures = 0
            except (DRConsoleError, OSError, TimeoutError) as error:
                failures = 1 if self._alive else failures + 1
                self._lost(str(error))
                if isinstance(error, _FINAL) or self.over is not None:
                    return
            pause = _BACKOFF_S[min(failures, len(_BACKOFF_S)) - 1] if failures else _BACKOFF_S[0]
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 -- no secret

    async def _follow(self) -> None:
        platform = platform_of(self._settings, self._site.name)
        first = True
        async for changes in platform.watch(self._site, self._settings):
            reset, first = first, False
            if reset:
                self._objects.clear()
            whole = tuple(self._taken(change) for change in changes)
            self._seen, self.error = time.monotonic(), ""
            if not self._alive:
                self._alive = True
                self._tell_state()
            self._tell(self._batch(whole, reset=reset))
        self._lost("the site ended the watch")

    def _taken(self, change: InventoryChange) -> InventoryChange:
        """Returns the change with all that is known of its object: a site tells only what changed."""
        before = self._objects.pop(change.id, None)
        if change.change == "leave":
            return change
        if before is not None:
            change = msgspec.structs.replace(
                change,
                name=change.name or before.name,
                parent=change.parent or before.parent,
                facts=before.facts | change.facts,
            )
        self._objects[change.id] = change
        return change

    def _lost(self, error: str) -> None:
        if self._alive:
            self._seen = time.monotonic()
        self._alive, self.error = False, error
        self._tell_state()
        self._tell(self._batch(()))

    async def looked_at(self) -> AsyncGenerator[InventoryBatch, None]:
        """Yields all there is, then changes, and a sign of life or of its loss each second.

        Who reads too slowly for the changes is given all there is again instead of them. Raises what
        `over` says.
        """
        queue: asyncio.Queue[InventoryBatch] = asyncio.Queue(_BEHIND)
        self._watchers.add(queue)
        try:
            yield self._whole()
            while True:
                try:
                    batch = await asyncio.wait_for(queue.get(), _SIGN_S)
                except TimeoutError:
                    batch = self._batch(())
                if self.over is not None:
                    raise self.over
                yield batch
        finally:
            self._watchers.discard(queue)

    def _tell(self, batch: InventoryBatch) -> None:
        for queue in self._watchers:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(self._whole())
            else:
                queue.put_nowait(batch)

    def _whole(self) -> InventoryBatch:
        return self._batch(tuple(self._objects.values()), reset=True)

    def _batch(self, changes: tuple[InventoryChange, ...], *, reset: bool = False) -> InventoryBatch:
        return InventoryBatch(
            site=self._site.name,
            state=self.state,
            age_s=self.age_s,
            at=now(),
            reset=reset,
            error=self.error,
            changes=changes,
            run=self._run,
        )


class Inventories:
    """The live inventories of all sites; a site is watched from the first look on."""

    def __init__(self, settings: Settings, tell: Callable[[], None] = lambda: None) -> None:
        self._settings = settings
        self._tell = tell
        self._known: dict[str, Inventory] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def peek(self, site: str) -> Inventory | None:
        """Returns a site's inventory if it is watched already."""
        return self._known.get(site)

    def of(self, site: Site) -> Inventory:
        """Returns a site's inventory, watched from now on."""
        if site.name not in self._known:
            self._known[site.name] = Inventory(site, self._settings, tell=self._tell)
            self._start(site.name)
        return self._known[site.name]

    def resume(self, site: str) -> None:
        """Goes on with a watch that had ended for good: the site has let an operator in again."""
        if site in self._known and self._tasks[site].done():
            self._start(site)

    def _start(self, site: str) -> None:
        self._tasks[site] = asyncio.create_task(self._known[site].watch(), name=f"watch {site}")

    async def close(self) -> None:
        """Stops watching."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
