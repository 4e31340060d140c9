"""The frame that all screens share: screens and mode, where I am, the body, what is live, the keys."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from drconsole.console import phrases
from drconsole.console.actions import SCREENS, actions_of, bindings_of
from drconsole.console.look import Look
from drconsole.console.screens.help import Help
from drconsole.console.store import Store
from drconsole.console.widgets.drawing import Line, Span, length_of
from drconsole.console.widgets.painted import Painted
from drconsole.console.widgets.table import VirtualTable

if TYPE_CHECKING:
    from drconsole.console.app import ConsoleApp

SEPARATOR: Span = (" │ ", "dim")
NARROW = 110
LOW = 34


class View(Screen[None]):
    """A screen. Subclasses give `body`, `show` (called at each tick) and a `do_NAME` for each action."""

    id_word: ClassVar[str] = ""

    def __init_subclass__(cls, *, screen: str = "", **rest: object) -> None:
        if screen:
            cls.id_word = screen
            cls.BINDINGS = bindings_of(screen)
        super().__init_subclass__(**rest)  # type: ignore[arg-type]

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.filter = ""

    @property
    def console_app(self) -> ConsoleApp:
        """The application, typed."""
        return cast("ConsoleApp", self.app)

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

    def on_screen_resume(self) -> None:
        """The screen comes to the front."""
        self._fit(self.app.size.width, self.app.size.height)
        self.update()

    def on_resize(self, event: events.Resize) -> None:
        """Chooses the arrangement for the size."""
        self._fit(event.size.width, event.size.height)
        self.call_after_refresh(self.update)

    def _fit(self, width: int, height: int) -> None:
        self.set_class(width < NARROW, "narrow")
        self.set_class(height < LOW, "low")

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
        return site_state(self.store)

    def labels(self) -> dict[str, str]:
        """Returns labels that differ now from those of the table of actions; "" keeps a key out."""
        return {}

    # -- drawing ----------------------------------------------------------------------------------

    def update(self) -> None:
        """Draws what changed."""
        if not self.is_mounted or not self.query("#keys"):
            return
        width = self.size.width
        self.query_one("#head", Painted).paint([self._head(width)])
        crumb: list[Span] = [(f" {' › '.join((SCREENS[self.id_word], *self.crumbs()))}", "title")]
        if self.filter:
            crumb.append((f"  filter: {self.filter}", "changed"))
        self.query_one("#crumb", Painted).paint([crumb])
        self.show()
        self.query_one("#state", Painted).paint([self._state()])
        self.query_one("#keys", Painted).paint([self._keys(width)])

    def _head(self, width: int) -> Line:
        left: list[Span] = [(" drconsole ", "title")]
        for number, (name, word) in enumerate(SCREENS.items(), 1):
            here = name == self.id_word
            left.append((f"[{number} {word}]" if here else f" {number} {word} ", "here" if here else "tab"))
        right = self._badges()
        look = self.console_app.look
        room = width - length_of(left, look) - 1
        while right and length_of(right, look) > room:
            right.pop()
        gap = room - length_of(right, look) + 1
        return [*left, (" " * max(1, gap), "text"), *right]

    def _badges(self) -> list[Span]:
        mode, status = self.store.mode(), self.store.status
        badges: list[Span] = []
        if mode:
            badges.append((" DRILL ", "drill") if mode == "drill" else (" !! REAL !! ", "real"))
        if status is not None and status.single_user:
            badges.append((" SINGLE USER", "dim"))
        badges.append((f" op:{operator()} ", "dim"))
        return badges

    def _state(self) -> Line:
        text, role, until = self.store.note
        if self.store.lost:
            return [(" service lost, trying again: ", "bad"), (self.store.lost, "warn")]
        if text and time.monotonic() < until:
            doing = " ".join(f"{word} …" for word in self.store.doing.values())
            return [(f" {doing} │" if doing else " ", "work"), (f" {text}", role)]
        if self.store.doing:
            return [(f" {word} … ", "work") for word in self.store.doing.values()]
        if self.store.status is None:
            return [(" connecting to the service …", "work")]
        return [(" ", "text"), *_whole(self.live(), self.size.width - 1, self.console_app.look)]

    def _keys(self, width: int) -> Line:
        """The keys that fit whole; the first ones of the table are the most wanted."""
        line: list[Span] = []
        used, labels, look = 0, self.labels(), self.console_app.look
        for action in actions_of(self.id_word):
            label = labels.get(action.name, action.label)
            if not label or (action.changes and self.console_app.read_only):
                continue
            gap = "  " if line else " "
            entry: list[Span] = [(gap, "text"), (action.shown, "key"), (f" {label}", "text")]
            length = length_of(entry, look)
            if used + length > width:
                continue
            used += length
            line += entry
        return line

    # -- actions of all screens -------------------------------------------------------------------

    def action_perform(self, name: str) -> None:
        """Does what a key of the table of actions stands for, if it may be done from here."""
        refusal = self.console_app.read_only
        if refusal and any(action.changes for action in actions_of(self.id_word) if action.name == name):
            self.console_app.say(refusal, "warn")
            return
        getattr(self, f"do_{name}")()

    def action_go(self, screen: str) -> None:
        """Goes to another screen."""
        if screen != self.id_word:
            self.app.switch_screen(screen)

    def do_help(self) -> None:
        """Shows the keys."""
        self.app.push_screen(Help(self.id_word))

    def do_quit(self) -> None:
        """Leaves; nothing that runs is touched."""
        self.app.exit()

    def do_theme(self) -> None:
        """Goes on to the next theme."""
        name = self.console_app.next_theme()
        for widget in self.query(Painted):
            widget.refresh()
        for table in self.query(VirtualTable):
            table.restyle()
        self.console_app.say(f"theme {name}")

    def do_up(self) -> None:
        """Clears the filter, or does what the screen thinks of."""
        if self.filter:
            self._filtered("")

    def do_open(self) -> None:
        """Enter: the table that has the keys says what is to be opened."""
        if isinstance(table := self.focused, VirtualTable):
            table.opened()

    # -- the filter -------------------------------------------------------------------------------

    def do_filter(self) -> None:
        """Opens the line to type a filter in."""
        line = self.query_one("#filter", Input)
        line.value = self.filter
        line.add_class("open")
        line.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filters while one types."""
        if event.input.id == "filter" and event.input.has_class("open"):
            self.filter = event.value
            self.update()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keeps the filter and gives the keys back to the table."""
        if event.input.id == "filter":
            self._filtered(event.value)

    def on_key(self, event: events.Key) -> None:
        """Escape in the filter's line gives it up."""
        if event.key == "escape" and self.query_one("#filter", Input).has_focus:
            event.stop()
            event.prevent_default()
            self._filtered("")

    def _filtered(self, text: str) -> None:
        self.filter = text
        line = self.query_one("#filter", Input)
        line.remove_class("open")
        line.value = text
        self.focus_table()
        self.update()

    def focus_table(self) -> None:
        """Gives the keys to the screen's main table."""
        self.query(VirtualTable).last().focus()

    def passes(self, name: str) -> bool:
        """Whether a name passes the filter."""
        wanted = self.filter.lower()
        if wanted.startswith("!"):
            return wanted[1:] not in name.lower() if len(wanted) > 1 else True
        return wanted in name.lower()


def _whole(spans: list[Span], width: int, look: Look) -> list[Span]:
    """Drops the last parts of a line until it fits: a state is never cut in its middle."""
    while length_of(spans, look) > width and SEPARATOR in spans:
        del spans[len(spans) - 1 - spans[::-1].index(SEPARATOR) :]
    return spans


def operator() -> str:
    """Returns the account that sits here; by its number where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def site_state(store: Store) -> list[Span]:
    """Returns what is live, a part a site: how old it is, its snapshot, the run."""
    now, spans = time.monotonic(), list[Span]()
    for entry in store.sites.values():
        spans += live_span(store, entry.name, now, named=True)
        spans.append(SEPARATOR)
    live = store.live_runs()
    spans.append((f"{live[-1].run} {live[-1].state}" if live else "run none", "text" if live else "dim"))
    if store.site in store.sites:
        spans += [SEPARATOR, *snapshot_span(store, store.site)]
    return spans


def live_span(store: Store, site: str, now: float, *, named: bool = False) -> list[Span]:
    """Returns how old a site's inventory is: `live 2s`, or STALE and since when."""
    inventory = store.inventories.get(site)
    name = f"{site} " if named else ""
    if inventory is None:
        return [(f"{name}not watched yet", "dim")]
    state, age = inventory.state(now), phrases.age(inventory.age(now))
    if state == "live":
        return [(f"{name}live {age}", "ok")]
    return [(f"{name}STALE {age}" if state == "stale" else f"{name}no answer yet", "warn")]


def snapshot_span(store: Store, site: str) -> list[Span]:
    """Returns the newest snapshot of a site: its time, and whether it was verified."""
    entry = store.sites[site]
    if entry.snapshot is None:
        return [("no snapshot yet: c captures", "warn")]
    good = entry.snapshot.verified
    word = "verified" if good else "not verified" if entry.snapshot.consistent else "inconsistent"
    late = entry.capture.state in ("late", "failed")
    spans: list[Span] = [
        (f"last snapshot {phrases.clock(entry.snapshot.taken)} {word}", "ok" if good else "warn")
    ]
    return [*spans, (f" (capture {entry.capture.state})", "bad")] if late else spans
