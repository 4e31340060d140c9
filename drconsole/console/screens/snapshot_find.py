"""What is looked for across snapshots, and on which day: "where was web-01 last Tuesday?"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from textual.widget import Widget
from textual.widgets import Input

from drconsole.console.archive.days import day_of, question
from drconsole.console.screens.dialogs import Dialog
from drconsole.console.style.look import Line
from drconsole.console.widgets.painted import Painted


class Question(NamedTuple):
    """A text, and the day on which it is looked for; None: in all snapshots."""

    text: str
    day: date | None


_WORDS: tuple[Line, ...] = (
    [("A name, an address, a MAC, a uuid, a path: any value of any object.", "text")],
    [("A question will do: where was web-01 last tuesday?", "dim")],
    [],
    [("Days: ", "dim"), ("2026-11-24  yesterday  tuesday  last tuesday  3 days ago", "text")],
    [("With a day: as it was at its end. Without one: every snapshot.", "dim")],
)


_HINT: Line = [
    ("enter", "key"),
    (" looks   ", "text"),
    ("tab", "key"),
    (" other line   ", "text"),
    ("esc", "key"),
    (" does nothing", "dim"),
]


class Find(Dialog[Question]):
    """Asks for both; enter goes on from either line."""

    DEFAULT_CSS = """
    Find #answer { margin: 1 0 0 0; }
    Find #day { border: none; height: 1; padding: 0; margin: 1 0 0 0; background: $background; }
    """

    def __init__(self, today: date, text: str = "") -> None:
        super().__init__("Find in snapshots", _WORDS, _HINT)
        self._today = today
        self._text = text

    def answers(self) -> Sequence[Widget]:
        """A line for the text, a line for the day."""
        return (
            Input(value=self._text, id="answer", placeholder="what", select_on_focus=False),
            Input(id="day", placeholder="a day, or nothing", select_on_focus=False),
        )

    def on_mount(self) -> None:
        """The first line has the keys."""
        for line in self.query(Input):
            line.cursor_blink = False
        self.query_one("#answer", Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """What was wrong is said no more."""
        self.query_one("#hint", Painted).paint([_HINT])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Takes both, if the day is one."""
        event.stop()
        text, day = question(self.query_one("#answer", Input).value, self._today)
        said = self.query_one("#day", Input).value.strip()
        if said:
            day = day_of(said, self._today)
            if day is None:
                self.query_one("#hint", Painted).paint([[(f"{said} is no day", "bad")]])
                return
        if text:
            self.dismiss(Question(text, day))
