"""Which keys stand for which actions: those of the table, or those that a user chose instead."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

from textual.binding import Binding, BindingType

from drconsole.console.actions.action import MOVES, SCREENS, Action, key_word

Changed = Mapping[tuple[str, str], tuple[str, ...]]
"""(screen, or `tables`, and the action's name) → its keys as Textual calls them."""

TABLES = "tables"
_MOVE_KEYS = frozenset(key for move in MOVES for key in move.keys)


class Keymap:
    """The keys as they are now. `actions` are the rows of the table, the most wanted first."""

    def __init__(self, actions: tuple[Action, ...], changed: Changed | None = None) -> None:
        self._actions = actions
        self._changed = dict(changed or {})

    def actions_of(self, screen: str) -> Iterator[Action]:
        """Yields what a screen's keys do."""
        return (action for action in self._actions if not action.screens or screen in action.screens)

    def keys(self, screen: str, action: Action) -> tuple[str, ...]:
        """Returns the keys of an action on a screen."""
        return self._changed.get((screen, action.name), action.keys)

    def differs(self, other: Keymap) -> bool:
        """Whether any key is another one."""
        return self._changed != other._changed

    def shown(self, screen: str) -> Iterator[tuple[Action, str]]:
        """Yields each action of a screen and its first key as an operator reads it."""
        return ((action, key_word(self.keys(screen, action)[0])) for action in self.actions_of(screen))

    def moves(self) -> Iterator[tuple[str, tuple[str, ...], str]]:
        """Yields what every table understands: the move, its keys, what it does."""
        return ((move.name, self.keys(TABLES, move), move.help) for move in MOVES)

    def bindings(self, screen: str) -> list[BindingType]:
        """Returns Textual's bindings of a screen: its actions, and the digits of the screens.

        An action that takes a table's key, such as `k` for retry, goes before the table.
        """
        moves = _MOVE_KEYS | {key for _, keys, _ in self.moves() for key in keys}
        found: list[BindingType] = []
        for action in self.actions_of(screen):
            for key in self.keys(screen, action):
                found.append(Binding(key, f"perform('{action.name}')", show=False, priority=key in moves))
        digits = (Binding(str(number), f"go('{name}')", show=False) for number, name in enumerate(SCREENS, 1))
        return [*found, *digits]


def key_named(key: str) -> str:
    """Returns Textual's name of a key as one writes it: `question_mark` for ?, `escape` for esc."""
    if key in _WRITTEN:
        return _WRITTEN[key]
    if len(key) > 1 and key[0] == "^":
        return f"ctrl+{key_named(key[1:].lower())}"
    if len(key) == 1 and not key.isalnum():
        return _REPLACED.get(name := unicodedata.name(key).lower().replace("-", "_").replace(" ", "_"), name)
    return key.lower() if len(key) > 1 and "+" not in key else key


_WRITTEN = {"esc": "escape", "pgdn": "pagedown", "pgup": "pageup", " ": "space", "return": "enter"}
_REPLACED = {
    "solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at", "hyphen_minus": "minus",
    "plus_sign": "plus", "low_line": "underscore",
}  # fmt: skip
