"""The application: owns the store, starts workers, takes in what they post, ticks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from textual import events
from textual.screen import Screen

from drconsole.api.requests import CHANGES, Request
from drconsole.console.hearing.messages import Arrived, Told, Trouble
from drconsole.console.layers.replays import Replays
from drconsole.console.screens.dialogs import Notice
from drconsole.console.screens.small import TooSmall, too_small
from drconsole.console.screens.view import View
from drconsole.console.wanted import Wanted
from drconsole.errors import DRConsoleError

Reply = TypeVar("Reply")

RUN_TICK_S = 0.5
IDLE_TICK_S = 1.0
AGE_TICK_S = 2.0
"""The shortest step of an age: where nothing else changes, nothing is looked at more often."""

VIEWS = {
    "sites": "sites:SitesView",
    "targets": "targets:TargetsView",
    "map": "mapping:MappingView",
    "guests": "guests:GuestsView",
    "run": "run:RunScreen",
    "uplinks": "uplinks:UplinksView",
    "snapshots": "snapshots:SnapshotsView",
    "reports": "reports:ReportsView",
}
"""Screen → its module in `screens/` and its class there, imported when it is shown for the first time."""


def view_class(name: str) -> type[View]:
    """Returns the class of a screen."""
    module, _, kind = VIEWS[name].partition(":")
    found: type[View] = getattr(import_module(f"drconsole.console.screens.{module}"), kind)
    return found


def _view(name: str) -> View:
    return view_class(name)(name)


class ConsoleApp(Replays):
    """The console on one configuration. `config` None: looked for where DESIGN 6 says."""

    ENABLE_COMMAND_PALETTE = False
    CSS_PATH: ClassVar[Path] = Path(__file__).with_name("console.tcss")
    TITLE = "DRConsole"
    SCREENS: ClassVar[dict[str, Callable[[], Screen[Any]]]] = {name: partial(_view, name) for name in VIEWS}

    def __init__(self, config: str | None = None) -> None:
        super().__init__(config)
        self.animation_level = "none"  # a page that glides is sent many times over
        self.wanted: Wanted = None
        self._last_tick = 0.0

    # -- life ---------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Begins, and ticks from then on."""
        self.home_loop = asyncio.get_running_loop()
        self.set_class(self.ascii_only, "ascii")
        self.begin()
        self.set_interval(RUN_TICK_S, self._tick)
        self.work(self.reread(), "reread")
        self.work(self.recall(), "recall")

    def begin(self) -> None:
        """Shows the first screen, then connects: the frame does not wait for the service."""
        self.push_screen("sites")
        self.call_after_refresh(self.join)

    async def on_unmount(self) -> None:
        """Leaves the service, and the mouse to the terminal."""
        if self.mouse:
            self.turn_mouse()
        if self.client is not None:
            await self.client.close()

    def on_resize(self, event: events.Resize) -> None:
        """Below 80x20 a page says so; it goes when there is room again."""
        small = too_small(event.size)
        if small and not isinstance(self.screen, TooSmall):
            self.push_screen(TooSmall())
        elif not small and isinstance(self.screen, TooSmall):
            self.pop_screen()

    def on_unconfigured(self) -> None:
        """There is no configuration."""
        from drconsole.console.screens.welcome import Welcome

        self.push_screen(Welcome())

    def leave_for(self, wanted: Wanted) -> None:
        """Leaves, and asks whoever opened the console for something."""
        self.wanted = wanted
        self.exit()

    # -- what operators are told --------------------------------------------------------------------

    def on_told(self, message: Told) -> None:
        """Shows a line of narration."""
        self.say(message.text, message.role)

    def on_trouble(self, message: Trouble) -> None:
        """Shows what went wrong, whole: it goes when it has been read."""
        error = message.error
        self.push_screen(Notice(f"{message.doing}: not done", str(error.about), error.message, error.remedy))

    # -- what operators ask for -------------------------------------------------------------------

    def ask(
        self, doing: str, request: Request[Reply, Any], then: Callable[[Reply], None], *, quiet: bool = False
    ) -> None:
        """Sends a request in a worker; narration is shown, the reply goes to `then` on our loop.

        `quiet`: nobody asked for it, so what goes wrong is a line and no dialog.
        """
        client = self.client
        if self.read_only and type(request) in CHANGES:
            self.say(self.read_only, "warn")
            return
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

    def in_thread(self, doing: str, work: Callable[[], Reply], then: Callable[[Reply], None]) -> None:
        """Does what blocks, such as a file, in a thread; what it gives goes to `then` on our loop."""

        async def carried() -> None:
            reply = await asyncio.to_thread(work)
            self.post_message(Arrived(lambda _: then(reply), now=True))

        self.do_work(doing, carried)

    def fail(self, doing: str, error: DRConsoleError) -> None:
        """Shows an error that a screen met itself."""
        self.post_message(Trouble(doing, error))

    # -- drawing ----------------------------------------------------------------------------------

    def _tick(self) -> None:
        """Shows what changed: twice a second while a run goes on, else once a second; ages in their steps."""
        following, now = self.store.following, time.monotonic()
        self.listen_for_life(now)
        live, dirty = following is not None and following.live, bool(self.store.dirty)
        pace = RUN_TICK_S if live and dirty else IDLE_TICK_S if live or dirty else AGE_TICK_S
        if now - self._last_tick >= pace - 0.05:
            self.update()

    def update(self) -> None:
        """Carries the store to the screen that is shown."""
        self._last_tick = time.monotonic()
        self.store.dirty.clear()
        self.dress()
        for screen in reversed(self.screen_stack):
            if isinstance(screen, View):
                if screen.is_mounted:
                    screen.update()
                break
