"""What workers do: they talk to the service and post what they hear; they own nothing."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, ParamSpec

from textual.message import Message

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.values import InventoryBatch
from drconsole.console.hearing.messages import Arrived, Joined, Parted, Told, Trouble, Unconfigured
from drconsole.console.inventories.inventory import Captured
from drconsole.console.known.store import Store
from drconsole.errors import DRConsoleError, InvalidConfiguration, PinMismatch, Unreachable, WrongCredentials
from drconsole.model.run import Event

Given = ParamSpec("Given")
Post = Callable[[Message], object]

VIEW_S = 1.0
AGAIN_S = 2.0
"""How long a run that has come to rest is left alone before its events are asked for again."""

_PAUSES = (0.5, 1.0, 2.0, 5.0)


async def join(config: str | None, post: Post, *, observe: bool = False) -> None:
    """Connects, again and again until the service answers or there is no configuration at all."""
    attempt = 0
    while True:
        try:
            if not await asyncio.to_thread(_configured, config):
                post(Unconfigured())
                return
            post(Joined(await Client.connect(config, name="console", observe=observe)))
            return
        except InvalidConfiguration as error:
            post(Trouble("reading the configuration", error))
            return
        except DRConsoleError as error:
            post(Parted(error))
        await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
        attempt += 1


def _configured(config: str | None) -> bool:
    from drconsole.api.start import is_configured

    return is_configured(config)


def _arrived(
    put: Callable[Concatenate[Store, Given], None], *given: Given.args, **named: Given.kwargs
) -> Arrived:
    """Returns the message that puts these values into the store; they are those of this moment."""
    return Arrived(lambda store: put(store, *given, **named))


async def overview(client: Client, post: Post) -> None:
    """Follows service, sites, pool and runs as they are pushed. Where that ends, the service is gone."""
    try:
        async with contextlib.aclosing(client.items(requests.WatchOverview())) as items:
            async for item in items:
                post(_arrived(Store.set_overview, item, time.monotonic()))
    except DRConsoleError as error:
        post(Parted(error))
    else:
        post(Parted(Unreachable("the service tells no more", about="service")))


async def watch(client: Client, site: str, post: Post) -> None:
    """Follows a site's live inventory for as long as the service does."""
    while True:
        try:
            async with contextlib.aclosing(client.items(requests.WatchInventory(site=site))) as batches:
                async for batch in batches:
                    post(_arrived(Store.set_batch, batch, time.monotonic()))
        except (WrongCredentials, PinMismatch) as error:
            post(Told(f"{site}: {error}", "bad"))
            return
        except DRConsoleError:
            pass  # the overview tells that the service is gone; a site's own trouble is in its batches
        await asyncio.sleep(_PAUSES[-1])


async def watch_recovered(client: Client, site: str, run: str, post: Post) -> None:
    """Follows the inventory that a run has recovered. Why there is none (yet) stands in its `error`."""
    request = requests.WatchInventory(site=site, run=run)
    while True:
        try:
            async with contextlib.aclosing(client.items(request)) as batches:
                async for batch in batches:
                    post(_arrived(Store.set_recovered, run, batch, time.monotonic()))
        except DRConsoleError as error:
            none = InventoryBatch(site=site, state="unwatched", error=str(error))
            post(_arrived(Store.set_recovered, run, none, time.monotonic()))
        await asyncio.sleep(_PAUSES[-1])


async def read_snapshot(client: Client, identity: str, post: Post) -> None:
    """Fetches a snapshot and reads it, off the loop: a large one takes a while."""
    from drconsole.documents import read_snapshot as parse

    found = await client.ask(requests.GetSnapshot(id=identity))
    captured = await asyncio.to_thread(lambda: Captured(parse(found.document, identity)))
    post(Arrived(lambda store: store.set_captured(identity, captured), now=True))


async def follow(client: Client, run: str, after: int, post: Post) -> None:
    """Follows a run's events, also those of a later cleanup; ends only when it is cancelled.

    Events are handed over in batches: as many as came until the handler gets to them.
    """
    heard = _Heard(post, after)
    while True:
        with contextlib.suppress(Unreachable):
            attach = requests.Attach(run=run, after=heard.seq)
            async with contextlib.aclosing(client.items(attach)) as events:
                async for event in events:
                    heard.take(event)
        await asyncio.sleep(AGAIN_S)


class _Heard:
    """Events that no handler has taken yet."""

    def __init__(self, post: Post, seq: int) -> None:
        self.seq = seq
        self._post = post
        self._events: list[Event] = []

    def take(self, event: Event) -> None:
        self.seq = event.seq
        self._events.append(event)
        if len(self._events) == 1:
            self._post(Arrived(self._hand_over))

    def _hand_over(self, store: Store) -> None:
        events, self._events = self._events, []
        following = store.following
        if events and following is not None and following.run == events[0].run:
            following.take_events(events, time.monotonic())
            store.dirty.add("run")


async def view(client: Client, run: str, wanted: Callable[[], bool], post: Post) -> None:
    """Fetches the run whole whenever its events say that more than progress has changed."""
    while True:
        if wanted():
            with contextlib.suppress(Unreachable):
                found = await client.ask(requests.ShowRun(run=run))
                post(_arrived(_take_view, run, found, time.monotonic()))
        await asyncio.sleep(VIEW_S)


def _take_view(store: Store, run: str, found: Any, now: float) -> None:
    if store.following is not None and store.following.run == run:
        store.following.take_view(found, now)
        store.dirty.add("run")


async def carry(
    doing: str,
    work: Callable[[], Awaitable[None]],
    done: Callable[[], None],
    post: Post,
    *,
    quiet: bool = False,
) -> None:
    """Does what the operator asked for, and says what went wrong with it, whole or as a line."""
    try:
        await work()
    except DRConsoleError as error:
        post(Told(str(error), "warn") if quiet else Trouble(doing, error))
    except (OSError, UnicodeError) as error:
        post(Trouble(doing, DRConsoleError(str(error))))
    finally:
        done()
