"""What a row of the table of actions is, the screens in their order, and the moves of every table."""

from __future__ import annotations

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
        return _KEY_WORDS.get(self.keys[0], self.keys[0])


_KEY_WORDS = {"question_mark": "?", "slash": "/", "escape": "esc", "pagedown": "pgdn", "pageup": "pgup"}

MOVES = (
    Action(name="down", keys=("j", "down"), help="the next row"),
    Action(name="up", keys=("k", "up"), help="the row before"),
    Action(name="first", keys=("g", "home"), help="the first row"),
    Action(name="last", keys=("G", "end"), help="the last row"),
    Action(name="page-down", keys=("pagedown", "ctrl+d"), help="a page on"),
    Action(name="page-up", keys=("pageup", "ctrl+u"), help="a page back"),
)
"""What every table understands. On the Run screen `k` retries: `up` moves there."""
