"""What workers do beside following a run's events: its timeline, and walkthroughs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial

from textual.message import Message

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.presenting import Presented
from drconsole.api.timeline import Timeline
from drconsole.console.hearing.messages import Arrived, Told
from drconsole.console.known.following import Following
from drconsole.console.known.store import Store
from drconsole.errors import DRConsoleError, Unreachable

Post = Callable[[Message], object]

SHOWN_S = 2.0
"""A timeline that is looked at is asked for so often; the forecast beside the stages less so."""

BESIDE_S = 6.0
PRESENT_S = 2.0
_MOVES_S = 0.25
_REFUSED_S = 15.0
_LOOK_S = 0.5


async def timeline(client: Client, following: Following, post: Post) -> None:
    """Fetches the run's timeline as long as it goes on, and once more when it rests."""
    asked, wait, live = 0.0, 0.0, True
    while True:
        if (live or following.live) and time.monotonic() - asked >= _every(following, wait):
            live, wait = following.live, SHOWN_S
            try:
                found = await client.ask(requests.ShowTimeline(run=following.run))
                post(Arrived(partial(_take_timeline, found)))
            except DRConsoleError:
                live, wait = True, _REFUSED_S  # the beat tells where the service is gone
            asked = time.monotonic()
        await asyncio.sleep(_LOOK_S)


def _every(following: Following, wait: float) -> float:
    return wait if following.timeline_shown or following.timeline is None else max(wait, BESIDE_S)


def _take_timeline(found: Timeline, store: Store) -> None:
    if store.following is not None and store.following.run == found.run:
        store.following.timeline = found
        store.dirty.add("run")


async def presenter(client: Client, run: str, post: Post) -> None:
    """Follows where the presenter of a run is, for as long as the service does."""
    while True:
        with contextlib.suppress(DRConsoleError):
            async with contextlib.aclosing(client.items(requests.WatchPresenter(run=run))) as places:
                async for place in places:
                    post(_presented(place))
        await asyncio.sleep(PRESENT_S)


def _presented(place: Presented) -> Arrived:
    def take(store: Store) -> None:
        if store.following is not None and store.following.run == place.run:
            store.following.presented = place
            store.dirty.add("presented")

    return Arrived(take, now=True)


async def present(client: Client, run: str, where: Callable[[], tuple[str, str]], post: Post) -> None:
    """Says what this console shows, at once when that changes, until it is cancelled or refused."""
    said, at = ("", ""), 0.0
    while True:
        here = where()
        if here != said or time.monotonic() - at >= PRESENT_S:
            said, at = here, time.monotonic()
            try:
                await client.ask(requests.Present(run=run, screen=here[0], cursor=here[1]))
            except Unreachable:
                pass  # the beat tells
            except DRConsoleError as error:
                post(Told(f"not presented: {error}", "bad"))
                post(Arrived(_present_no_more, now=True))
                return
        await asyncio.sleep(_MOVES_S)


def _present_no_more(store: Store) -> None:
    store.presenting = ""
