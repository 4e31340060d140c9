"""The journal, opened: writes through its one writer, reads beside it, and news of changes."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from drconsole.errors import DatabaseFailed
from drconsole.journal.schema import HEAD
from drconsole.journal.writer import Writer
from drconsole.repository.database import Database

T = TypeVar("T")

_SCRIPTS = "drconsole.journal:migrations"
POLL_S = 0.02
"""How soon a reader looks again whether somebody wrote, while somebody does (SQLite's data_version)."""

IDLE_S = 0.06
"""How seldom it looks while nobody does: an operator's verb is noticed within that."""

AGAIN_S = 0.5
"""The pause after a look that failed."""


class Journal:
    """One process's journal. Open it once; close it at the end."""

    _told = False

    def __init__(self, url: str) -> None:
        """Raises Refused for a newer schema; migrates an older one after a backup."""
        self._database = Database(url, scripts=_SCRIPTS, head=HEAD)
        self._writer = Writer(self._database)
        self._poller: asyncio.Task[None] | None = None
        self._version = 0
        self._changed = asyncio.Event()
        self._outcomes: deque[tuple[asyncio.Future[Any], Future[Any]]] = deque()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Carries `work` out in a transaction and returns its value once that is on the disk.

        Work is not cancelled with its caller: it may be committed already.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[T] = loop.create_future()
        future = self._writer.submit(work)
        future.add_done_callback(lambda done: self._landed(loop, waiter, done))
        return await waiter

    def _landed(self, loop: asyncio.AbstractEventLoop, waiter: asyncio.Future[T], done: Future[T]) -> None:
        """In the writer's thread: of a whole group, only the first wakes the event loop."""
        self._outcomes.append((waiter, done))
        if not self._told:
            self._told = True
            with contextlib.suppress(RuntimeError):  # the loop is gone, and whoever waited with it
                loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._told = False  # before the look: what comes after it is told anew
        while self._outcomes:
            waiter, done = self._outcomes.popleft()
            if waiter.done():
                continue
            if (error := done.exception()) is not None:
                waiter.set_exception(error)
            else:
                waiter.set_result(done.result())

    def post(
        self, work: Callable[[Connection], object], failed: Callable[[BaseException], None] | None = None
    ) -> None:
        """Queues work that nobody waits for, such as progress. A later `write` comes after it.

        `failed` is called on the event loop with the reason, where it could not be committed.
        """
        future = self._writer.submit(work)
        if failed is not None:
            loop = asyncio.get_running_loop()
            future.add_done_callback(partial(_tell, loop, failed))

    def must_stand(self) -> None:
        """Raises DatabaseFailed where the journal's file has been removed or replaced."""
        self._database.must_stand()

    @property
    def commits(self) -> int:
        """How many transactions this process has committed."""
        return self._writer.commits

    def read(self, work: Callable[[Connection], T]) -> T:
        """Reads at once, on a snapshot of what is committed. For short questions."""
        with self._database.reading() as connection:
            return work(connection)

    def glance(self, work: Callable[[Connection], T]) -> T:
        """Like `read`, for one prepared statement: on the event loop, without a transaction around it."""
        with self._database.glancing() as connection:
            return work(connection)

    async def query(self, work: Callable[[Connection], T]) -> T:
        """Reads in a thread. For long lists."""
        return await asyncio.to_thread(self.read, work)

    def news(self) -> int:
        """Returns the number of the last change seen here; ask before reading, then `changed`."""
        if self._poller is None:
            self._poller = asyncio.create_task(self._poll(), name="journal-poll")
        return self._version

    async def changed(self, since: int, timeout_s: float | None = None) -> bool:
        """Waits until somebody, here or in another process, has written after `since`.

        False on a time-out.
        """
        if self.news() != since:
            return True
        try:
            await asyncio.wait_for(self._changed.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Commits what is queued and lets go of the database."""
        if self._poller is not None:
            self._poller.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._poller
        await asyncio.to_thread(self._writer.close)
        self._database.close()

    async def _poll(self) -> None:
        """A look that fails is news as well: who waits reads then, and meets the failure itself."""
        while True:
            with contextlib.suppress(DatabaseFailed):
                await self._watch()
            self._announce()
            await asyncio.sleep(AGAIN_S)

    async def _watch(self) -> None:
        with contextlib.closing(self._database.data_versions()) as versions:
            seen, pause = next(versions), POLL_S
            while True:
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, IDLE_S)
                if (version := next(versions)) != seen:
                    seen, pause = version, POLL_S
                    self._announce()

    def _announce(self) -> None:
        self._version += 1
        self._changed.set()
        self._changed = asyncio.Event()


def _tell(
    loop: asyncio.AbstractEventLoop, failed: Callable[[BaseException], None], future: Future[Any]
) -> None:
    """In the writer's thread; a loop that is gone has nobody left to tell."""
    if (error := future.exception()) is not None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(failed, error)
