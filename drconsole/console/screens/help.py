"""Help: every key of a screen, made from the table of actions."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from drconsole.console.actions import ACTIONS, SCREENS, TITLES, Keymap
from drconsole.console.actions.action import key_word
from drconsole.console.style.look import Line
from drconsole.console.widgets.drawing import wrapped
from drconsole.console.widgets.painted import Painted

_INDENT = 16
_OWN = [
    ("keys.toml", 'keys of your own, in ~/.config/drconsole/: under [run], such as retry = ["r"]'),
    ("themes/", "colours of your own, in the same folder; both are followed as soon as they change"),
    ("--plain", "drconsole --plain: the console as plain lines, for a screen reader or a poor terminal"),
]


def help_lines(screen: str, width: int = 100, keymap: Keymap | None = None) -> list[Line]:
    """Returns the lines of a screen's help, wrapped to `width`, with the keys as they are now."""
    keymap = keymap or Keymap(ACTIONS)
    own = [(shown, action.help) for action, shown in keymap.shown(screen) if action.screens]
    all_over = [(shown, action.help) for action, shown in keymap.shown(screen) if not action.screens]
    lines: list[Line] = [[(f"On {TITLES[screen]}", "head")], *_entries(own, width)]
    digits = (f"1–{len(SCREENS)}", ", ".join(SCREENS.values()))
    lines += [[], [("Everywhere", "head")]]
    lines += _entries([digits, ("tab", "the next pane"), *all_over], width)
    lines += [[], [("In tables", "head")]]
    lines += _entries([*_moves(screen, keymap)], width)
    return [*lines, [], [("Made to fit", "head")], *_entries(_OWN, width)]


def _moves(screen: str, keymap: Keymap) -> Iterator[tuple[str, str]]:
    """The moves of tables, without the keys that this screen gives another meaning."""
    taken = {key: action for action in keymap.actions_of(screen) for key in keymap.keys(screen, action)}
    for _, keys, told in keymap.moves():
        other = [f"{key_word(key)} is {taken[key].label.rstrip('…')} here" for key in keys if key in taken]
        left = " ".join(key_word(key) for key in keys if key not in taken)
        yield left, f"{told} ({', '.join(other)})" if other else told


def _entries(entries: list[tuple[str, str]], width: int) -> Iterator[Line]:
    """The keys at the left, what they do at the right, in as many lines as that takes."""
    for keys, text in entries:
        for number, part in enumerate(wrapped(text, width - _INDENT)):
            left = f"  {keys}" if number == 0 else ""
            yield [(f"{left:<{_INDENT}}", "key"), (part, "text")]


class Help(ModalScreen[None]):
    """Shows the keys until one is pressed."""

    BINDINGS = [Binding("escape,q,question_mark,enter", "dismiss", show=False)]

    def __init__(self, screen: str, keymap: Keymap) -> None:
        super().__init__()
        self._about = screen
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", classes="wide"):
            yield Painted(id="help-text")

    def on_mount(self) -> None:
        """Shows the lines."""
        self.query_one("#dialog").border_title = "Keys: pgup pgdn scroll, esc goes back"
        self.query_one("#help-text", Painted).paint(
            help_lines(self._about, min(100, self.app.size.width - 10), self._keymap)
        )
