"""What a runner does beside its steps: it beats, and notices what operators write."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from drconsole.errors import DRConsoleError
from drconsole.journal import runs, tenure
from drconsole.journal.tenure import Standing
from drconsole.recovery.work import RunWork

BEAT_S = 1.0
"""How often a runner that has nothing to write proves that it lives."""


class Attention:
    """Keeps `standing` up to date, and sets `wake` where it changed or the run is lost."""

    def __init__(self, shared: RunWork) -> None:
        """Reads the journal. Raises UnknownName where the run is not in it."""
        self._shared = shared
        self._journal = shared.journal
        self._tasks: list[asyncio.Task[None]] = []
        self._lost: BaseException | None = None
        self.wake = asyncio.Event()
        self.standing = self._read()

    async def __aenter__(self) -> Self:
        """Begins to beat and to listen, and to hear of what could not be written."""
        self._shared.lose = self.lose
        self._tasks = [asyncio.create_task(self._beat()), asyncio.create_task(self._listen())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends both."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def refresh(self) -> None:
        """Reads anew how the run stands: for whoever met the effect of a verb before we noticed it."""
        self.standing = self._read()
        self.wake.set()

    def lose(self, error: BaseException) -> None:
        """The run cannot be carried any further by this process; the first reason is the one told."""
        self._lost = self._lost or error
        self.wake.set()

    def must_go_on(self) -> None:
        """Raises what `lose` was told: Fenced, or why the journal cannot be written."""
        if self._lost is not None:
            raise self._lost

    def _read(self) -> Standing:
        return self._journal.glance(lambda c: tenure.standing(c, self._shared.run))

    async def _beat(self) -> None:
        shared = self._shared
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                self._journal.must_stand()
                await self._journal.write(lambda c: runs.prove(c, shared.run, shared.epoch))
            except DRConsoleError as error:
                self.lose(error)
                return

    async def _listen(self) -> None:
        while True:
            seen = self._journal.news()
            try:
                standing = self._read()
            except DRConsoleError as error:
                self.lose(error)
                return
            if standing != self.standing:
                self.standing = standing
                self.wake.set()
            await self._journal.changed(seen)
