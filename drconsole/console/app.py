"""The application: owns the store, starts workers, takes in what they post, ticks."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from textual import events
from textual.app import App
from textual.worker import Worker

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.requests import Request
from drconsole.console import feeds, themes
from drconsole.console.following import Following
from drconsole.console.look import Look, wants_ascii
from drconsole.console.messages import Arrived, Joined, Parted, Told, Trouble
from drconsole.console.screens.dialogs import Notice
from drconsole.console.screens.guests import GuestsView
from drconsole.console.screens.mapping import MappingView
from drconsole.console.screens.run import RunScreen
from drconsole.console.screens.sites import SitesView
from drconsole.console.screens.small import TooSmall, too_small
from drconsole.console.screens.targets import TargetsView
from drconsole.console.screens.view import View
from drconsole.console.screens.welcome import Welcome
from drconsole.console.store import Store
from drconsole.errors import DRConsoleError

Reply = TypeVar("Reply")

RUN_TICK_S = 0.5
IDLE_TICK_S = 1.0
VIEWS: dict[str, type[View]] = {
    "sites": SitesView,
    "targets": TargetsView,
    "map": MappingView,
    "guests": GuestsView,
    "run": RunScreen,
}


class ConsoleApp(App[None]):
    """The console on one configuration. `config` None: looked for where DESIGN 6 says."""

    ENABLE_COMMAND_PALETTE = False
    CSS_PATH: ClassVar[Path] = Path(__file__).with_name("console.tcss")
    TITLE = "DRConsole"

    def __init__(self, config: str | None = None) -> None:
        self.colourless = "NO_COLOR" in os.environ
        # NO_COLOR alone still lets greys through: they vanish only with the terminal's own colours.
        super().__init__(ansi_color=True if self.colourless else None)
        self.config = config
        self.store = Store()
        self.client: Client | None = None
        self.themes, self._bad_themes = themes.load_all()
        self._numbers = count(1)
        self._feeds: list[Worker[None]] = []
        self._runs: list[Worker[None]] = []
        self._watched: set[str] = set()
        self._last_tick = 0.0
        self.home_loop: asyncio.AbstractEventLoop | None = None
        self.ascii_only = wants_ascii()
        self.look = Look(themes.load_all()[0][themes.COLOURLESS].styles(), ascii_only=self.ascii_only)
        self._use_theme(self._first_theme())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The variables of our style sheet, until a theme of ours gives them."""
        return {"pane-border": "ansi_default", "pane-focus": "ansi_default", "pane": "ansi_default"}

    def _first_theme(self) -> str:
        asked = themes.COLOURLESS if self.colourless else os.environ.get("DRCONSOLE_THEME", themes.DEFAULT)
        return asked if asked in self.themes else themes.DEFAULT

    def _use_theme(self, name: str) -> None:
        theme = self.themes[name]
        self.look = Look(theme.styles(), ascii_only=self.ascii_only)
        self.register_theme(theme.textual())
        self.theme = name

    def next_theme(self) -> str:
        """Goes on to the next theme and returns its name; without colour there is only one."""
        if self.colourless:
            return self.theme
        names = sorted(self.themes)
        self._use_theme(names[(names.index(self.theme) + 1) % len(names)])
        return self.theme

    # -- life ---------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Shows the first screen, then connects: the frame does not wait for the service."""
        self.home_loop = asyncio.get_running_loop()
        self.set_class(self.ascii_only, "ascii")
        for name, view in VIEWS.items():
            self.install_screen(view(name), name)
        self.push_screen("sites")
        self.call_after_refresh(self._join)
        self.set_interval(RUN_TICK_S, self._tick)
        for error in self._bad_themes:
            self.say(str(error), "bad")

    def _join(self) -> None:
        self._work(feeds.join(self.config, self.post_message))

    def _work(self, work: Any, group: str = "work") -> Worker[None]:
        # A worker's exception must not end the console: what it knew to say, it has posted.
        return self.run_worker(work, group=group, exit_on_error=False)

    async def on_unmount(self) -> None:
        """Leaves the service."""
        if self.client is not None:
            await self.client.close()

    def on_resize(self, event: events.Resize) -> None:
        """Below 80x20 a page says so; it goes when there is room again."""
        small = too_small(event.size)
        if small and not isinstance(self.screen, TooSmall):
            self.push_screen(TooSmall())
        elif not small and isinstance(self.screen, TooSmall):
            self.pop_screen()

    # -- what workers post ----------------------------------------------------------------------

    def on_unconfigured(self) -> None:
        """There is no configuration."""
        self.push_screen(Welcome())

    def on_joined(self, message: Joined) -> None:
        """Starts to listen to everything."""
        client = self.client = message.client
        post = self.post_message
        self.store.lost = ""
        self.store.refusals.clear()
        now = time.monotonic
        polls = (
            feeds.beat(client, post),
            feeds.poll(client, requests.ListSites(), feeds.SITES_S, Store.set_sites, post),
            feeds.poll(
                client, requests.ListTargets(), feeds.POOL_S, lambda s, r: s.set_targets(r, now()), post
            ),
            feeds.poll(client, requests.ListRuns(), feeds.RUNS_S, Store.set_runs, post),
        )
        self._feeds = [self._work(feed, "feed") for feed in polls]
        if self.store.following is not None and self.store.following.attached:
            self.attach()

    def on_parted(self, message: Parted) -> None:
        """Keeps what is known, says how old it is, and tries to get the service back."""
        self.store.lost = str(message.error)
        self.store.dirty.add("status")
        if self.client is None:
            return
        client, self.client = self.client, None
        for worker in (*self._feeds, *self._runs):
            worker.cancel()
        self._watched.clear()
        self._work(client.close())
        self._join()

    def on_arrived(self, message: Arrived) -> None:
        """Puts what is known now into the store."""
        message.apply(self.store)
        if "sites" in self.store.dirty:
            self._look_at_sites()
        if "runs" in self.store.dirty:
            self._look_at_runs()
        if message.now:
            self.update()

    def on_told(self, message: Told) -> None:
        """Shows a line of narration."""
        self.say(message.text, message.role)

    def on_trouble(self, message: Trouble) -> None:
        """Shows what went wrong, whole: it goes when it has been read."""
        error = message.error
        self.push_screen(Notice(f"{message.doing}: not done", str(error.about), error.message, error.remedy))

    # -- listening --------------------------------------------------------------------------------

    def _look_at_sites(self) -> None:
        client = self.client
        if client is None:
            return
        for entry in self.store.sites.values():
            if entry.name not in self._watched:
                self._watched.add(entry.name)
                self._feeds.append(self._work(feeds.watch(client, entry.name, self.post_message), "feed"))
            if entry.snapshot is not None:
                self.want_snapshot(entry.snapshot.id)

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
            self._work(feeds.follow(client, following.run, following.seq, self.post_message), "run"),
            self._work(feeds.view(client, following.run, wanted, self.post_message), "run"),
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

    # -- what operators ask for -------------------------------------------------------------------

    def ask(
        self, doing: str, request: Request[Reply, Any], then: Callable[[Reply], None], *, quiet: bool = False
    ) -> None:
        """Sends a request in a worker; narration is shown, the reply goes to `then` on our loop.

        `quiet`: nobody asked for it, so what goes wrong is a line and no dialog.
        """
        client = self.client
        if client is None:
            self.say("the service does not answer", "bad")
            return

        async def work() -> None:
            reply = await client.ask(request, self._narrated)
            self.post_message(Arrived(lambda _: then(reply), now=True))

        self.do_work(doing, work, quiet=quiet)

    def _narrated(self, item: object) -> None:
        if isinstance(item, str):
            self.post_message(Told(item, "dim"))

    def do_work(self, doing: str, work: Callable[[], Awaitable[None]], *, quiet: bool = False) -> None:
        """Does work in a worker, and shows that it is being done."""
        number = next(self._numbers)
        self.store.doing[number] = doing
        self.update()
        self._work(feeds.carry(doing, work, lambda: self._done(number), self.post_message, quiet=quiet))

    def in_thread(self, doing: str, work: Callable[[], Reply], then: Callable[[Reply], None]) -> None:
        """Does what blocks, such as a file, in a thread; what it gives goes to `then` on our loop."""

        async def carried() -> None:
            reply = await asyncio.to_thread(work)
            self.post_message(Arrived(lambda _: then(reply), now=True))

        self.do_work(doing, carried)

    def _done(self, number: int) -> None:
        self.store.doing.pop(number, None)
        self.store.dirty.add("status")

    def fail(self, doing: str, error: DRConsoleError) -> None:
        """Shows an error that a screen met itself."""
        self.post_message(Trouble(doing, error))

    def say(self, text: str, role: str = "text") -> None:
        """Shows a line for a while."""
        self.store.say(text, role, time.monotonic())
        self.update()

    # -- drawing ----------------------------------------------------------------------------------

    def _tick(self) -> None:
        """Twice a second while a run goes on, once a second otherwise, what changed is shown."""
        following, now = self.store.following, time.monotonic()
        pace = RUN_TICK_S if following is not None and following.live else IDLE_TICK_S
        if now - self._last_tick >= pace - 0.05:
            self.update()

    def update(self) -> None:
        """Carries the store to the screen that is shown."""
        self._last_tick = time.monotonic()
        self.store.dirty.clear()
        for screen in reversed(self.screen_stack):
            if isinstance(screen, View):
                if screen.is_mounted:
                    screen.update()
                break


def _old(following: Following) -> bool:
    return time.monotonic() - following.viewed > 5.0
