"""Walkthroughs: who presents which run, and where they are; in memory, for as long as they say so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import NamedTuple

from drconsole.api.presenting import Presented
from drconsole.errors import Busy
from drconsole.journal.clock import now
from drconsole.service.news import News

HELD_S = 6.0
"""A presenter who says nothing for so long presents no more."""

_LONGEST = 500


class Presenter(NamedTuple):
    """Somebody at one console: two consoles of an account have two processes."""

    account: str
    pid: int


class _Held(NamedTuple):
    presenter: Presenter
    shows: Presented
    end: asyncio.TimerHandle


class Presenters:
    """One presenter a run at a time. Belongs to one event loop."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._news = News()

    def present(self, run: str, presenter: Presenter, screen: str, cursor: str) -> None:
        """Says what a presenter's console shows; a screen of "" ends the walkthrough.

        Raises Busy where somebody else presents the run.
        """
        held = self._held.get(run)
        if held is not None and held.presenter != presenter:
            raise Busy(
                f"{held.shows.by} presents it, since {held.shows.at}",
                about=run,
                remedy=f"watch, or ask {held.shows.by} to end it; it ends by itself after {HELD_S:.0f} s",
            )
        if held is not None:
            held.end.cancel()
        if not screen:
            self._end(run)
            return
        shows = Presented(
            run=run, by=presenter.account, screen=screen[:_LONGEST], cursor=cursor[:_LONGEST], at=now()
        )
        moved = held is None or (held.shows.screen, held.shows.cursor) != (shows.screen, shows.cursor)
        if held is not None and not moved:
            shows = held.shows
        end = asyncio.get_running_loop().call_later(HELD_S, self._end, run)
        self._held[run] = _Held(presenter, shows, end)
        if moved:
            self._news.tell()

    def of(self, run: str) -> Presented:
        """Returns where the presenter of a run is; `by` is "" where nobody presents it."""
        held = self._held.get(run)
        return Presented(run=run, by="") if held is None else held.shows

    async def watched(self, run: str) -> AsyncGenerator[Presented, None]:
        """Yields where the presenter is, then each change, for ever."""
        told: Presented | None = None
        while True:
            seen, shows = self._news.count, self.of(run)
            if shows != told:
                told = shows
                yield shows
            else:
                await self._news.changed(seen)

    def _end(self, run: str) -> None:
        if self._held.pop(run, None) is not None:
            self._news.tell()
