"""The palette: find anything by a few letters, an action, a screen or an object, and go there."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from drconsole.console.known.objects import Found, Index
from drconsole.console.style.look import Span
from drconsole.console.ways.commands import Command
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.painted import Painted
from drconsole.console.widgets.table import VirtualTable

Row = tuple[str, str, str, Command]
_COLUMNS = (
    Column(name="what", title="", width=9),
    Column(name="name", title="", width=24, flex=2),
    Column(name="key", title="", width=5),
    Column(name="told", title="", width=20, flex=2),
)


class Choice(msgspec.Struct, frozen=True):
    """What was chosen: a command of the screen, or an object."""

    command: Command | None = None
    found: Found | None = None


class Palette(ModalScreen[Choice]):
    """A line to type in and what matches below it."""

    DEFAULT_CSS = """
    Palette #matches { height: 14; border: none; padding: 0; }
    Palette #sought { border: none; height: 1; padding: 0; margin: 0 0 1 0; background: $background; }
    """
    BINDINGS = [
        Binding("escape,ctrl+c", "give_up", show=False),
        Binding("down,ctrl+n", "move('down')", show=False, priority=True),
        Binding("up", "move('up')", show=False, priority=True),
        Binding("pagedown", "move('page-down')", show=False, priority=True),
        Binding("pageup", "move('page-up')", show=False, priority=True),
    ]

    def __init__(self, rows: Sequence[Row], index: Index | None = None, text: str = "") -> None:
        super().__init__()
        self._rows = rows
        self._index = index
        self._text = text
        self._choices: dict[str, tuple[Choice, tuple[Span, ...]]] = {}

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="wide"):
            yield Input(self._text, id="sought", select_on_focus=False)
            yield VirtualTable(
                _COLUMNS,
                self._cells,
                id="matches",
                headed=False,
                classes="",
                empty="nothing",
            )
            yield Painted(id="hint")

    def on_mount(self) -> None:
        """The line has the keys."""
        self.query_one("#dialog").border_title = "Find anything"
        line = self.query_one("#sought", Input)
        line.cursor_blink = False
        line.focus()
        self._search(self._text)

    def take(self, index: Index) -> None:
        """The names are there."""
        self._index = index
        if self.is_mounted:
            self._search(self.query_one("#sought", Input).value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Searches at each key."""
        self._search(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Goes to what the cursor stands on."""
        key = self.query_one("#matches", VirtualTable).cursor
        if key:
            self.dismiss(self._choices[key][0])

    def on_virtual_table_opened(self, event: VirtualTable.Opened) -> None:
        """A click on a match."""
        self.dismiss(self._choices[event.key][0])

    def action_move(self, how: str) -> None:
        """Moves the cursor of the matches while one types."""
        self.query_one("#matches", VirtualTable).action_move(how)

    def action_give_up(self) -> None:
        """Goes nowhere."""
        self.dismiss(None)

    def _search(self, text: str) -> None:
        low = text.strip().lower()
        self._choices = {}
        for word, key, told, command in _ranked(self._rows, low):
            cells = (command.kind, "dim"), (word, "text"), (key, "key"), (told, "dim")
            self._choices[f"command {command.kind} {command.name}"] = Choice(command=command), cells
        found = self._index.search(low) if self._index is not None and low else []
        for number, each in enumerate(found):
            cells = (each.kind, "dim"), (each.name, "text"), ("", "key"), (each.site, "dim")
            self._choices[f"object {number}"] = Choice(found=each), cells
        matches = self.query_one("#matches", VirtualTable)
        matches.show(())
        matches.show(tuple(self._choices))
        self._hint()

    def _cells(self, key: str) -> tuple[Span, ...]:
        return self._choices[key][1]

    def _hint(self) -> None:
        known = "reading names …" if self._index is None else f"{len(self._index)} names"
        hint: list[Span] = [
            ("enter", "key"),
            (" goes there   ", "text"),
            ("esc", "key"),
            (" goes back   ", "text"),
        ]
        self.query_one("#hint", Painted).paint([[*hint, (known, "dim")]])


def _ranked(rows: Sequence[Row], low: str) -> list[Row]:
    """Commands whose word begins so, then those whose word or help contains every word."""
    if not low:
        return list(rows)
    first = [row for row in rows if row[0].startswith(low)]
    words = low.split()
    told = [(row, f"{row[0]} {row[2].lower()}") for row in rows if row not in first]
    return [*first, *[row for row, text in told if all(word in text for word in words)][:5]]
