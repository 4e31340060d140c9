"""What keys do on every screen."""

from __future__ import annotations

from drconsole.console.actions.action import Action

FIRST = (Action(name="help", keys=("question_mark",), label="help", help="all keys of this screen"),)

FILTER = (
    Action(
        name="filter",
        keys=("slash",),
        label="filter",
        help="show only names that contain a text; ! before it inverts",
        screens=("sites", "targets", "map", "guests", "uplinks", "snapshots", "reports"),
    ),
)

LAST = (
    Action(name="up", keys=("escape",), help="back: close, clear the filter, or go up"),
    Action(name="theme", keys=("T",), help="the next theme"),
    Action(name="quit", keys=("q", "ctrl+c"), label="leave", help="leave; a run goes on without you"),
)
