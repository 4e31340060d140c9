"""What every console shows at once, looked at once for all of them, and only while somebody listens."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

import msgspec

from drconsole.api.overview import Overview
from drconsole.journal.clock import now
from drconsole.journal.journal import Journal
from drconsole.service.news import News

SIGN_S = 2.0
"""How long a listener hears nothing at the most; also how often is looked without any news."""

PAUSE_S = 0.25
"""The least time between two looks: a run writes many times a second."""

_SHARE = 3
"""A look that takes long is followed by so many times its duration without one."""

Look = Callable[[], Awaitable[Overview]]

_PARTS = ("status", "sites", "targets", "runs")


class Overviews:
    """Shares one look at everything between all who listen.

    A listener that reads slowly misses what was between: it gets the difference to what it had, so it
    costs no memory.
    """

    def __init__(self, journal: Journal, news: News) -> None:
        self._journal = journal
        self._news = news
        self._now = Overview(at="")
        self._since: dict[str, int] = dict.fromkeys(_PARTS, 0)
        self._version = 0
        self._changed = asyncio.Event()
        self._listeners = 0
        self._task: asyncio.Task[None] | None = None
        self._made: dict[int, msgspec.Raw] = {}

    async def listened_to(self, look: Look) -> AsyncGenerator[msgspec.Raw, None]:
        """Yields Overviews as raw MessagePack: first whole, then the parts that differ, and an empty one
        where nothing did for a while. Raises what `look` raises, for every listener."""
        with self._listening(look) as task:
            known = 0
            while True:
                changed = self._changed
                if self._version > known:
                    item, known = self._difference(known), self._version
                    yield item
                    continue
                waiting = asyncio.create_task(changed.wait())
                try:
                    await asyncio.wait({waiting, task}, timeout=SIGN_S, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    waiting.cancel()
                if task.done():
                    task.result()
                if self._version == known and known:
                    yield _raw(Overview(at=now()))

    @contextlib.contextmanager
    def _listening(self, look: Look) -> Iterator[asyncio.Task[None]]:
        self._listeners += 1
        if self._task is None or self._task.done():
            self._now, self._version = Overview(at=""), 0
            self._since = dict.fromkeys(_PARTS, 0)
            self._made.clear()
            self._task = asyncio.create_task(self._keep(look), name="overview")
        try:
            yield self._task
        finally:
            self._listeners -= 1
            if not self._listeners and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _keep(self, look: Look) -> None:
        """Looks whenever there is news, and every `SIGN_S` without any: what is late is late by time."""
        while True:
            journal, news = self._journal.news(), self._news.count
            began = time.monotonic()
            self._take(await look())
            took = time.monotonic() - began
            await asyncio.sleep(max(PAUSE_S - took, _SHARE * took))
            waits = {
                asyncio.create_task(self._journal.changed(journal)),
                asyncio.create_task(self._news.changed(news)),
            }
            try:
                await asyncio.wait(waits, timeout=SIGN_S, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()

    def _take(self, seen: Overview) -> None:
        differs = [part for part in _PARTS if _plain(seen, part) != _plain(self._now, part)]
        self._now = seen
        if not differs and self._version:
            return
        self._version += 1
        self._since |= dict.fromkeys(differs, self._version)
        self._made.clear()
        self._changed.set()
        self._changed = asyncio.Event()

    def _difference(self, known: int) -> msgspec.Raw:
        """What has changed after version `known`, packed once for all who know just that."""
        if known not in self._made:
            parts = {part: getattr(self._now, part) for part in _PARTS if self._since[part] > known}
            self._made[known] = _raw(Overview(at=self._now.at, **parts))
        return self._made[known]


def _plain(seen: Overview, part: str) -> object:
    """A part without what passes by itself: an age grows, and whoever shows it counts on; each request
    of anybody is a client that comes and goes."""
    if part == "status" and seen.status is not None:
        return msgspec.structs.replace(seen.status, clients=0)
    if part == "sites" and seen.sites is not None:
        return tuple(msgspec.structs.replace(site, age_s=None) for site in seen.sites)
    return getattr(seen, part)


def _raw(overview: Overview) -> msgspec.Raw:
    return msgspec.Raw(msgspec.msgpack.encode(overview))
