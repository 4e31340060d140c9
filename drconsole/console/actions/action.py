"""What a row of the table of actions is, the screens in their order, and the moves of every table."""

from __future__ import annotations

import unicodedata

import msgspec

SCREENS = {
    "sites": "Sites",
    "targets": "Targets",
    "map": "Map",
    "guests": "VMs",
    "run": "Run",
    "uplinks": "Uplinks",
    "snapshots": "Snapshots",
    "reports": "Reports",
}
"""Screens by name, in the order of their digits, with the word that operators read."""

TITLES = {**SCREENS, "file": "Snapshot file"}
"""The same, and the screen that no digit leads to: a snapshot file, read without a service."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What a key does. `name` is the method `do_NAME` of the screen or of what all screens share.

    `screens` () means all. `label` stands in the footer ("" keeps it out), `help` in the help. What
    `changes` something, or asks a device for it, is not there for an observer, nor in a replay.
    """

    name: str
    keys: tuple[str, ...]
    help: str
    label: str = ""
    screens: tuple[str, ...] = ()
    changes: bool = False

    @property
    def shown(self) -> str:
        """The key as an operator reads it."""
        return key_word(self.keys[0])


_KEY_WORDS = {
    "question_mark": "?", "slash": "/", "colon": ":", "minus": "-", "escape": "esc", "pagedown": "pgdn",
    "pageup": "pgup", "left_square_bracket": "[", "right_square_bracket": "]", "plus": "+", "underscore": "_",
    "at": "@", "backslash": "\\",
}  # fmt: skip


def key_word(key: str) -> str:
    """Returns a key as an operator reads it: `?` for question_mark, `^p` for ctrl+p."""
    if key in _KEY_WORDS:
        return _KEY_WORDS[key]
    if key.startswith("ctrl+"):
        return f"^{key_word(key.removeprefix('ctrl+'))}"
    return _character(key) or key


def _character(key: str) -> str:
    """The character of a name such as `full_stop`; "" for a key that writes none."""
    try:
        found = unicodedata.lookup(key.replace("_", " "))
    except KeyError:
        return ""
    return found if found.isprintable() and found != " " else ""


MOVES = (
    Action(name="down", keys=("j", "down"), help="the next row"),
    Action(name="up", keys=("k", "up"), help="the row before"),
    Action(name="first", keys=("g", "home"), help="the first row"),
    Action(name="last", keys=("G", "end"), help="the last row"),
    Action(name="page-down", keys=("pagedown", "ctrl+d"), help="a page on"),
    Action(name="page-up", keys=("pageup", "ctrl+u"), help="a page back"),
)
"""What every table understands. On the Run screen `k` retries: `up` moves there."""
