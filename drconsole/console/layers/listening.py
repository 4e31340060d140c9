"""What the application listens to: service, sites, the run that is looked at; the store is filled here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from typing import Any

from textual.worker import Worker

from drconsole.api.client import Client
from drconsole.api.setting_up import SiteSetup
from drconsole.console.hearing import feeds, run_feeds
from drconsole.console.hearing.messages import Arrived, Joined, Parted
from drconsole.console.known.following import Following
from drconsole.console.known.store import Store
from drconsole.console.layers.keying import Keying

_SILENT_S = 2.0
"""A runner that gave no sign of life for so long is looked at more often: another may take over soon."""


class Listening(Keying):
    """The half of the application that hears. `ConsoleApp` is the half that shows and asks.

    `observe`: the service refuses whatever changes something. `setup`: what a first site is set up with.
    """

    observe = False
    setup: SiteSetup | None = None

    def __init__(self, config: str | None, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self.config = config
        self.store = Store()
        self.client: Client | None = None
        self.home_loop: asyncio.AbstractEventLoop | None = None
        self._numbers = count(1)
        self._feeds: list[Worker[None]] = []
        self._runs: list[Worker[None]] = []
        self._watched: set[str] = set()

    def update(self) -> None:
        """Carries the store to the screen that is shown."""
        raise TypeError(f"{type(self).__name__} shows nothing")

    def join(self) -> None:
        """Connects to the service, again and again until it answers."""
        self.work(feeds.join(self.config, self.post_message, observe=self.observe))

    def work(self, work: Any, group: str = "work") -> Worker[None]:
        """Starts a worker. Its exception must not end the console: what it knew to say, it has posted."""
        return self.run_worker(work, group=group, exit_on_error=False)

    def do_work(self, doing: str, work: Callable[[], Awaitable[None]], *, quiet: bool = False) -> None:
        """Does work in a worker, and shows that it is being done."""
        number = next(self._numbers)
        self.store.doing[number] = doing
        self.update()
        self.work(feeds.carry(doing, work, lambda: self._done(number), self.post_message, quiet=quiet))

    def _done(self, number: int) -> None:
        self.store.doing.pop(number, None)
        self.store.dirty.add("status")

    # -- what workers post ----------------------------------------------------------------------

    def on_joined(self, message: Joined) -> None:
        """Starts to listen to everything."""
        client = self.client = message.client
        self.observe = client.observe
        post = self.post_message
        self.store.lost, self.store.heard = "", time.monotonic()
        self.store.refusals.clear()
        self._feeds = [self.work(feeds.overview(client, post), "feed")]
        for run in tuple(self.store.recovered):
            self.watch_recovered(run)
        if self.store.following is not None and self.store.following.attached:
            self.attach()

    def on_parted(self, message: Parted) -> None:
        """Keeps what is known, says how old it is, and tries to get the service back."""
        self.store.lose(str(message.error))
        if self.client is None:
            return
        client, self.client = self.client, None
        for worker in (*self._feeds, *self._runs):
            worker.cancel()
        self._watched.clear()
        self.work(client.close())
        self.join()

    def listen_for_life(self, now: float) -> None:
        """Calls what is shown stale where the service says nothing; it may only stand still."""
        if self.client is not None and not self.store.lost and self.store.stale(now):
            self.store.lose("it gives no sign of life")

    def on_arrived(self, message: Arrived) -> None:
        """Puts what is known now into the store."""
        message.apply(self.store)
        news = set(self.store.dirty)  # whoever draws in between takes them
        if "sites" in news:
            self._look_at_sites()
        if "runs" in news:
            self._look_at_runs()
        if message.now:
            self.update()

    # -- listening --------------------------------------------------------------------------------

    def _look_at_sites(self) -> None:
        client = self.client
        if client is None:
            return
        for entry in self.store.sites.values():
            if entry.name not in self._watched:
                self._watched.add(entry.name)
                self._feeds.append(
                    self.work(partial(feeds.watch, client, entry.name, self.post_message), "feed")
                )
            if entry.snapshot is not None:
                self.want_snapshot(entry.snapshot.id)

    def watch_recovered(self, run: str) -> None:
        """Listens to what a run has recovered (`store.recovered`), until the service is lost or we leave."""
        client, wanted = self.client, f"recovered {run}"
        summary = next((one for one in self.store.runs if one.run == run), None)
        if client is None or wanted in self._watched or summary is None:
            return
        self._watched.add(wanted)
        feed = feeds.watch_recovered(client, summary.site, run, self.post_message)
        self._feeds.append(self.work(feed, "feed"))

    def want_snapshot(self, identity: str) -> None:
        """Fetches a snapshot that is not known yet."""
        client, wanted = self.client, f"snapshot {identity}"
        if client is None or identity in self.store.captured or wanted in self._watched:
            return
        self._watched.add(wanted)
        self.do_work("reading a snapshot", lambda: feeds.read_snapshot(client, identity, self.post_message))

    def _look_at_runs(self) -> None:
        """A console that opens while a run goes on shows that run."""
        if self.store.following is None and self.store.runs:
            live = self.store.live_runs()
            self.follow((live or list(self.store.runs))[-1].run)

    def follow(self, run: str) -> None:
        """Looks at a run from its beginning on."""
        self.detach()
        self.store.following = Following(run)
        self.attach()

    def attach(self) -> None:
        """Follows the run that is looked at."""
        client, following = self.client, self.store.following
        if client is None or following is None:
            return
        self.detach()
        following.attached = True
        wanted = lambda: following.wants_view or (following.live and _old(following))  # noqa: E731
        following.wants_view = True
        self._runs = [
            # Not coroutines: one that is called off before it has begun would never be awaited.
            self.work(partial(feeds.follow, client, following.run, following.seq, self.post_message), "run"),
            self.work(partial(feeds.view, client, following.run, wanted, self.post_message), "run"),
            self.work(partial(run_feeds.timeline, client, following, self.post_message), "run"),
            self.work(partial(run_feeds.presenter, client, following.run, self.post_message), "run"),
        ]
        self.store.dirty.add("run")

    def detach(self) -> None:
        """Stops following; the run goes on."""
        for worker in self._runs:
            worker.cancel()
        self._runs = []
        if self.store.following is not None:
            self.store.following.attached = False
        self.store.dirty.add("run")


def _old(following: Following) -> bool:
    """Whether a view is to be taken again though nothing happened; sooner where the runner falls silent."""
    runner = following.view.runner if following.view is not None else None
    silent = runner is not None and (runner.silent_s or 0.0) > _SILENT_S
    return time.monotonic() - following.viewed > (1.0 if silent else 5.0)
