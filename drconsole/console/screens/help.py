"""Help: every key of a screen, made from the table of actions."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from drconsole.console.actions import MOVES, SCREENS, actions_of
from drconsole.console.widgets.drawing import Line, wrapped
from drconsole.console.widgets.painted import Painted

_INDENT = 16


def help_lines(screen: str, width: int = 100) -> list[Line]:
    """Returns the lines of a screen's help, wrapped to `width`."""
    own = [action for action in actions_of(screen) if action.screens]
    all_over = [action for action in actions_of(screen) if not action.screens]
    moves = [move for move in MOVES if not (screen == "run" and move.name == "up")]
    lines: list[Line] = [[(f"On {SCREENS[screen]}", "head")]]
    entries = [(action.shown, action.help) for action in own]
    lines += _entries(entries, width)
    lines += [[], [("Everywhere", "head")]]
    digits = ("1–5", ", ".join(SCREENS.values()))
    entries = [digits, ("tab", "the next pane"), *((action.shown, action.help) for action in all_over)]
    lines += _entries(entries, width)
    lines += [[], [("In tables", "head")]]
    entries = [(" ".join(_word(key) for key in move.keys), move.help) for move in moves]
    if screen == "run":
        entries.append(("up", "the row before (k retries here)"))
    return [*lines, *_entries(entries, width)]


def _word(key: str) -> str:
    return {"pagedown": "pgdn", "pageup": "pgup"}.get(key, key)


def _entries(entries: list[tuple[str, str]], width: int) -> Iterator[Line]:
    """The keys at the left, what they do at the right, in as many lines as that takes."""
    for keys, text in entries:
        for number, part in enumerate(wrapped(text, width - _INDENT)):
            left = f"  {keys}" if number == 0 else ""
            yield [(f"{left:<{_INDENT}}", "key"), (part, "text")]


class Help(ModalScreen[None]):
    """Shows the keys until one is pressed."""

    BINDINGS = [Binding("escape,q,question_mark,enter", "dismiss", show=False)]

    def __init__(self, screen: str) -> None:
        super().__init__()
        self._about = screen

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", classes="wide"):
            yield Painted(id="help-text")

    def on_mount(self) -> None:
        """Shows the lines."""
        self.query_one("#dialog").border_title = "Keys: pgup pgdn scroll, esc goes back"
        self.query_one("#help-text", Painted).paint(
            help_lines(self._about, min(100, self.app.size.width - 10))
        )
