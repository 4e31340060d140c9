"""Help: every key of a screen, made from the table of actions."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from drconsole.console.actions import MOVES, SCREENS, actions_of
from drconsole.console.widgets.drawing import Line
from drconsole.console.widgets.painted import Painted


def help_lines(screen: str) -> list[Line]:
    """Returns the lines of a screen's help."""
    own = [action for action in actions_of(screen) if action.screens]
    all_over = [action for action in actions_of(screen) if not action.screens]
    moves = [move for move in MOVES if not (screen == "run" and move.name == "up")]
    lines: list[Line] = [[(f"On {SCREENS[screen]}", "head")]]
    lines += [_line(action.shown, action.help) for action in own]
    lines += [[], [("Everywhere", "head")]]
    lines += [_line("1–5", ", ".join(SCREENS.values())), _line("tab", "the next pane")]
    lines += [_line(action.shown, action.help) for action in all_over]
    lines += [[], [("In tables", "head")]]
    lines += [_line(" ".join(_word(key) for key in move.keys), move.help) for move in moves]
    if screen == "run":
        lines.append(_line("up", "the row before (k retries here)"))
    return lines


def _word(key: str) -> str:
    return {"pagedown": "pgdn", "pageup": "pgup"}.get(key, key)


def _line(keys: str, text: str) -> Line:
    return [(f"  {keys:<13}", "key"), (text, "text")]


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
        self.query_one("#dialog").border_title = "Keys"
        self.query_one("#help-text", Painted).paint(help_lines(self._about))
