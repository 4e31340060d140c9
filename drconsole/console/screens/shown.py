"""The frame that all screens share, as a Textual screen: what it is made of, how it is kept up to date."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingsMap
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from drconsole.console.actions import SCREENS, TITLES, bindings_of
from drconsole.console.known.store import Store
from drconsole.console.screens import frame
from drconsole.console.style.look import Line, Span
from drconsole.console.ways.visits import Visit
from drconsole.console.widgets.painted import Painted
from drconsole.console.widgets.table import VirtualTable

if TYPE_CHECKING:
    from drconsole.console.application import Application

NARROW = 110
LOW = 34
SEEK_S = 10.0
"""How long an object is waited for that the service is still asked about."""


class Shown(Screen[None]):
    """A screen's frame. Subclasses give `body` and `show`, which is called at each tick."""

    id_word: ClassVar[str] = ""

    def __init_subclass__(cls, *, screen: str = "", **rest: object) -> None:
        if screen:
            cls.id_word = screen
        super().__init_subclass__(**rest)  # type: ignore[arg-type]

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.filter = ""
        self._hints: Line = ()
        self._sought: tuple[str, str, float] | None = None

    @property
    def console_app(self) -> Application:
        """The application, typed."""
        return cast("Application", self.app)

    @property
    def store(self) -> Store:
        """All that is known."""
        return self.console_app.store

    def compose(self) -> ComposeResult:
        yield Painted(id="head")
        yield Painted(id="crumb")
        with Container(id="body"):
            yield from self.body()
        yield Input(id="filter", placeholder="names that contain this; ! inverts", select_on_focus=False)
        yield Painted(id="state")
        yield Painted(id="keys")

    def on_mount(self) -> None:
        """A quiet cursor: a blinking one would send bytes for ever."""
        self.query_one("#filter", Input).cursor_blink = False
        self.rekey()

    def on_screen_resume(self) -> None:
        """The screen comes to the front."""
        if self.id_word in SCREENS:
            self.console_app.visits.arrive(self.id_word)
        self._fit(self.app.size.width, self.app.size.height)
        self.update()

    def on_resize(self, event: events.Resize) -> None:
        """Chooses the arrangement for the size."""
        self._fit(event.size.width, event.size.height)
        self.call_after_refresh(self.update)

    def _on_timer_update(self) -> None:
        """Paints after what is on its way to be painted has arrived: one key is one picture, not two.

        Under a dialog it paints at once: there a message to itself would wake it to paint again, for ever.
        """
        self._update_timer.pause()
        if self.app.screen is self:
            self.call_later(super()._on_timer_update)
        else:
            super()._on_timer_update()

    def _fit(self, width: int, height: int) -> None:
        self.set_class(width < NARROW, "narrow")
        self.set_class(height < LOW, "low")

    def rekey(self) -> None:
        """Takes the keys as they are set now."""
        keymap = self.console_app.keymap
        fixed = {
            key: [binding for binding in bindings if not binding.action.startswith(("perform(", "go("))]
            for key, bindings in self._bindings.key_to_bindings.items()
        }
        ours = BindingsMap(bindings_of(self.id_word, keymap))
        self._bindings = BindingsMap.merge([ours, BindingsMap.from_keys(fixed)])
        for table in self.query(VirtualTable):
            table.rekey(keymap)

    def on_click(self, event: events.Click) -> None:
        """A click on a screen's word goes there."""
        if event.widget is not None and event.widget.id == "head":
            screen = frame.tab_at(event.x, self.id_word, self.size.width)
            if screen:
                self.console_app.go(screen)

    # -- for subclasses ---------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """Yields what is between the lines above and below."""
        raise TypeError(f"{type(self).__name__} has no body")

    def show(self) -> None:
        """Brings the body up to date with the store."""
        raise TypeError(f"{type(self).__name__} shows nothing")

    def crumbs(self) -> Sequence[str]:
        """Returns where I am, the outermost first."""
        return ()

    def live(self) -> list[Span]:
        """Returns what stands at the left of the line of what is live."""
        return frame.site_state(self.store)

    def labels(self) -> dict[str, str]:
        """Returns labels that differ now from those of the table of actions; "" keeps a key out."""
        return {}

    def reveal(self, kind: str, key: str) -> bool:
        """Puts the cursor on an object of another screen's naming; False while it is not shown (yet).

        `kind` is one of `objects.KINDS`, `key` what its index gave: here the key of a row.
        """
        for table in self.query(VirtualTable):
            if key in table.keys:
                table.select(key)
                table.focus()
                return True
        return False

    # -- drawing ----------------------------------------------------------------------------------

    def update(self) -> None:
        """Draws what changed."""
        if not self.is_mounted or not self.query("#keys"):
            return
        width, look = self.size.width, self.console_app.look
        badges = frame.badges(self.store, narrow=width < NARROW)
        head, rest = frame.head(self.id_word, width, badges, look)
        self.query_one("#head", Painted).paint([head])
        words = (TITLES[self.id_word], *filter(None, self.crumbs()))
        self.query_one("#crumb", Painted).paint([frame.crumb(words, self.filter, rest, width, look)])
        self.show()
        self._seek()
        self.query_one("#state", Painted).paint([self._hints or self._standing(width)])
        self.query_one("#keys", Painted).paint([frame.keys(self._footer(), width, look)])

    def _standing(self, width: int) -> Line:
        return frame.standing(self.store, self.live(), width, self.console_app.look)

    def _footer(self) -> Iterator[tuple[str, str]]:
        labels, read_only = self.labels(), self.console_app.read_only
        for action, shown in self.console_app.keymap.shown(self.id_word):
            if action.changes and read_only:
                continue
            if label := labels.get(action.name, action.label):
                yield shown, label

    # -- an object that one comes for -----------------------------------------------------------------

    def seek(self, kind: str, key: str) -> None:
        """Puts the cursor on an object, as soon as it is shown; a filter does not hide it."""
        self.filter = ""
        self._sought = (kind, key, time.monotonic() + SEEK_S)
        self.update()

    def _seek(self) -> None:
        if self._sought is None:
            return
        # What reveals it may draw the screen, which comes by here again.
        sought, self._sought = self._sought, None
        kind, key, until = sought
        if self.reveal(kind, key):
            self.show()
        elif time.monotonic() > until:
            self.console_app.say("it is not shown here (any more)", "warn")
        else:
            self._sought = sought

    # -- where one is on it --------------------------------------------------------------------------

    def visit(self) -> Visit:
        """Returns how the screen looks now."""
        cursors = {table.id or "": table.cursor for table in self.query(VirtualTable)}
        return Visit(screen=self.id_word, cursors=cursors, filter=self.filter)

    def restore(self, visit: Visit) -> None:
        """Looks again as it did; a table that hangs on another one's cursor follows it first."""
        self.filter = visit.filter
        self.update()
        for table in self.query(VirtualTable):
            table.select(visit.cursors.get(table.id or "", ""))
            self.update()
