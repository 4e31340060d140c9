"""Enter, where a table is opened into what its row stands for."""

from __future__ import annotations

from drconsole.console.actions.action import Action

OPENING = (
    Action(
        name="open",
        keys=("enter",),
        label="open",
        help="open what the cursor stands on",
        screens=("sites", "run"),
    ),
)
