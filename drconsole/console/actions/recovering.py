"""What begins a recovery, on every screen that shows something to recover."""

from __future__ import annotations

from drconsole.console.actions.action import Action

_HELD = ("sites", "map", "guests", "run")

RECOVERING = (
    Action(
        name="recover",
        keys=("R",),
        label="recover…",
        help="start a recovery: a drill, or in earnest",
        screens=_HELD,
        changes=True,
    ),
)
