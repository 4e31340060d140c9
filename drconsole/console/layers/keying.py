"""Keys in their order, and pictures for a line that may stall: what lies between the terminal and the app.

Textual hands a key to the widget that has the focus, and takes the next one meanwhile. Who types fast then
presses keys for a screen that is already left: `/` opens the filter, and the next letter acts before the
filter has the focus. Here each key is taken after all that the one before has caused.
"""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections import deque
from collections.abc import Iterator
from typing import Any

from rich.text import Text
from textual import events
from textual._compositor import ChopsUpdate
from textual.app import App
from textual.css.query import NoMatches
from textual.driver import Driver
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.widgets import Input

from drconsole.console.terminal.driver import LineDriver
from drconsole.console.terminal.memory import Kept
from drconsole.console.terminal.spans import cut
from drconsole.console.ways import remembered
from drconsole.model.text import safe_text

_PATIENCE_S = 0.5
"""How long a key waits for what the one before has caused, where something hangs."""


class Keying(App[None]):
    """The lowest part of the application."""

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(driver_class=LineDriver, ansi_color=ansi_color)
        # Two widgets on every screen that are never used: what there is to say stands in the lines below.
        self._disable_tooltips = self._disable_notifications = True
        self._typed_ahead: deque[events.Key] = deque()
        self._settling: asyncio.Task[None] | None = None
        self._kept = Kept()

    def on_mount(self) -> None:
        """After the first picture the collector leaves alone what is there."""
        self.call_after_refresh(self._kept.begin)

    async def on_unmount(self) -> None:
        """Others in this process have their collector back."""
        self._kept.end()

    def _handle_exception(self, error: Exception) -> None:
        """Ends the console with an error; that a screen has no widgets yet when one leaves is none."""
        if not (self._exit and isinstance(error, NoMatches)):
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Ends with a line, and keeps what happened in a file: pages of our insides help nobody at night."""
        self.bell()
        told = traceback.format_exc()
        try:
            where = f"what happened is in {remembered.keep_crash(told)}"
        except OSError as error:
            where = f"what happened could not be kept ({error}):\n{safe_text(told)}"
        words = f"drconsole: the console ended unexpectedly; runs go on without it\n  → {where}"
        self._exit_renderables.append(Text(words))
        self._close_messages_no_wait()

    def refresh_css(self, animate: bool = True) -> None:
        """Reads all style sheets again where a theme has changed their variables; while the first picture is
        made it has not, and what was read is kept."""
        sheet = self.stylesheet
        if self._dom_ready or self.get_css_variables() != sheet._variables:
            super().refresh_css(animate)
            return
        if sheet._require_parse:
            sheet.parse()
        sheet.update(self, animate=animate)

    # -- keys -------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Takes keys in their order; all else is Textual's."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._settling is not None:
            self._typed_ahead.append(event)
        else:
            await self._take(event)
            self._settling = asyncio.create_task(self._settle())

    async def _take(self, event: events.Key) -> None:
        """Acts on a key at once. A line that one types in, and what no key is bound to, are Textual's."""
        self.app_focus = True
        if not isinstance(self.focused, Input):
            for first in (True, False):
                if await self._check_bindings(event.key, priority=first):
                    return
        await super().on_event(event)

    async def _settle(self) -> None:
        """Waits for what a key has caused, and takes those that were typed meanwhile."""
        try:
            await self._settled()
            while self._typed_ahead:
                await self._take(self._typed_ahead.popleft())
                await self._settled()
        finally:
            self._settling = None

    async def _settled(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                screen: Screen[Any] | None = None
                while self.screen_stack and self.screen is not screen:  # the key may open another one
                    screen = self.screen
                    for pump in self._between(screen):
                        await _passed(pump)

    def _between(self, screen: Screen[Any]) -> Iterator[MessagePump]:
        """Yields whoever has messages to take of a key: a line's way up, the screen, the app."""
        if isinstance(self.focused, Input):
            yield from (pump for pump in self.focused.ancestors_with_self if pump not in (screen, self))
        yield screen
        yield self

    # -- pictures -----------------------------------------------------------------------------------

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        """Sends a picture if the line takes it; else the whole screen is sent when it does."""
        driver: Driver | None = self._driver
        if isinstance(driver, LineDriver):
            driver.on_free = self._repaint
            if renderable is not None and not self._batch_count and not driver.has_room():
                return
        super()._display(screen, cut(renderable) if isinstance(renderable, ChopsUpdate) else renderable)

    def _repaint(self) -> None:
        """Sends the whole screen: something of it was left out."""
        if self.screen_stack:
            self.screen.refresh()


async def _passed(pump: MessagePump) -> None:
    """Waits until somebody has taken all that is in their queue now."""
    passed = asyncio.Event()
    if pump.call_later(passed.set):
        await passed.wait()
