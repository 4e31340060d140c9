"""Questions to the operator: a notice, yes or no, a text, a typed confirmation, one of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, TypeVar, cast

import msgspec
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from drconsole.console.style.look import Line, Look, Span
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import prose
from drconsole.console.widgets.painted import Painted
from drconsole.console.widgets.table import VirtualTable

if TYPE_CHECKING:
    from drconsole.console.application import Application

_SEEN = 12
"""Lines of a dialog that are seen on the smallest terminal."""

_AROUND = 10
"""Lines that a dialog needs beside its words."""

_TOLD = 6
"""Lines of words that are seen above a table to choose from."""

_AROUND_TABLE = 5
"""Border, hint and gaps of such a dialog."""

_LEAST = 4
"""Lines of the table, its head among them, that are always seen."""

Answer = TypeVar("Answer")


def _look(screen: ModalScreen[Answer]) -> Look:
    return cast("Application", screen.app).look


class Dialog(ModalScreen[Answer], Generic[Answer]):
    """A titled box with words, something to answer with, and a hint of the keys. esc gives it up."""

    BINDINGS = [Binding("escape,ctrl+c", "give_up", show=False)]
    wide = False

    def __init__(self, title: str, lines: Sequence[Line], hint: Line) -> None:
        super().__init__()
        self._title = title
        self._lines = lines
        self._hint = hint

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="wide" if self.wide else ""):
            with VerticalScroll(id="scroll"):
                yield Painted(id="words")
            yield from self.answers()
            yield Painted(id="hint")

    def answers(self) -> Sequence[Widget]:
        """Returns what to answer with."""
        return ()

    def on_mount(self) -> None:
        """Shows the words."""
        self.query_one("#dialog").border_title = Text(_look(self).text(self._title))
        self.query_one("#scroll").styles.max_height = self.words_seen()
        words = self.query_one("#words", Painted)
        words.paint(self._lines)
        scroll: Line = [("   pgup pgdn", "key"), (" scroll", "dim")] if len(self._lines) > _SEEN else []
        self.query_one("#hint", Painted).paint([[*self._hint, *scroll]])

    def words_seen(self) -> int:
        """Returns how many lines of the words are seen at once; the others are scrolled to."""
        return max(3, self.app.size.height - _AROUND)

    def tell(self, lines: Sequence[Line]) -> None:
        """Says something else: what was not known when the question was asked."""
        self._lines = lines
        if self.is_mounted:
            self.query_one("#words", Painted).paint(lines)

    def action_give_up(self) -> None:
        """Leaves the question open: nothing is done."""
        self.dismiss(None)


class Notice(Dialog[None]):
    """Says something, whole."""

    BINDINGS = [Binding("enter,q,space", "give_up", show=False)]

    def __init__(self, title: str, about: str, text: str, remedy: str = "", role: str = "bad") -> None:
        lines = [*(prose(about, "title") if about else []), *prose(text, role)]
        if remedy:
            lines += [[], *prose(f"→ {remedy}")]
        super().__init__(title, lines, [("enter", "key"), (" goes on", "dim")])


class Report(Dialog[None]):
    """Shows lines, such as findings."""

    BINDINGS = [Binding("enter,q,space", "give_up", show=False)]
    wide = True

    def __init__(self, title: str, lines: Sequence[Line]) -> None:
        super().__init__(title, lines, [("enter", "key"), (" goes on", "dim")])


class Confirm(Dialog[bool]):
    """Asks y or n."""

    BINDINGS = [
        Binding("y", "answer(True)", show=False),
        Binding("n,q", "answer(False)", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[Line], yes: str) -> None:
        hint: list[Span] = [("y", "key"), (f" {yes}   ", "text"), ("n", "key"), (" does nothing", "dim")]
        super().__init__(title, lines, hint)

    def action_answer(self, yes: bool) -> None:
        """Takes the answer."""
        self.dismiss(yes)


class Ask(Dialog[str]):
    """Asks for a line of text; an empty one is no answer. `exactly` must be typed as it is."""

    def __init__(self, title: str, lines: Sequence[Line], *, value: str = "", exactly: str = "") -> None:
        hint: list[Span] = [
            ("enter", "key"),
            (" goes on   ", "text"),
            ("esc", "key"),
            (" does nothing", "dim"),
        ]
        super().__init__(title, lines, hint)
        self._value = value
        self._exactly = exactly

    def answers(self) -> Sequence[Widget]:
        """A line to type in."""
        return (Input(value=self._value, id="answer", select_on_focus=False),)

    def on_mount(self) -> None:
        """The line has the keys."""
        line = self.query_one("#answer", Input)
        line.cursor_blink = False
        line.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Takes the answer, if it is one."""
        text = event.value.strip()
        if self._exactly and text != self._exactly:
            refusal: list[Span] = [
                ("that is not ", "bad"),
                (self._exactly, "title"),
                (": nothing was done", "bad"),
            ]
            self.query_one("#hint", Painted).paint([refusal])
            return
        if text:
            self.dismiss(text)


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """Something to choose. `refusal` "" where it can be chosen, else why it cannot."""

    key: str
    cells: tuple[Span, ...]
    refusal: str = ""


class Choose(Dialog[str]):
    """Asks for one of several, with enter."""

    wide = True

    def __init__(
        self, title: str, lines: Sequence[Line], columns: Sequence[Column], options: Sequence[Option]
    ) -> None:
        hint: list[Span] = [
            ("enter", "key"),
            (" chooses   ", "text"),
            ("esc", "key"),
            (" does nothing", "dim"),
        ]
        super().__init__(title, lines, hint)
        self._columns = columns
        self._options = {option.key: option for option in options}

    def answers(self) -> Sequence[Widget]:
        """A table of what there is."""
        self._table = VirtualTable(
            self._columns, lambda key: self._options[key].cells, id="choice", classes="", empty="nothing"
        )
        return (self._table,)

    def on_mount(self) -> None:
        """The table has the keys."""
        words = max(1, min(len(self._lines), self.words_seen()))
        room = int(self.app.size.height * 0.9) - words - _AROUND_TABLE
        self._table.styles.height = max(_LEAST, min(18, len(self._options) + 1, room))
        self._table.show(tuple(self._options))
        self._table.focus()

    def words_seen(self) -> int:
        """The table needs the room."""
        return _TOLD

    def on_key(self, event: events.Key) -> None:
        """Enter takes the row."""
        if event.key == "enter" and self._table.cursor:
            event.stop()
            option = self._options[self._table.cursor]
            if option.refusal:
                self.query_one("#hint", Painted).paint([[(option.refusal, "bad")]])
            else:
                self.dismiss(option.key)
