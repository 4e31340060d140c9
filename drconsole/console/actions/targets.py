"""What keys do on Targets."""

from __future__ import annotations

from drconsole.console.actions.action import Action

TARGETS = (
    Action(
        name="check",
        keys=("c",),
        label="check",
        help="ask this machine's BMC what it is",
        screens=("targets",),
        changes=True,
    ),
    Action(
        name="check_all",
        keys=("C",),
        label="check all…",
        help="ask the BMCs of the whole pool",
        screens=("targets",),
        changes=True,
    ),
    Action(
        name="release",
        keys=("X",),
        label="release…",
        help="end this machine's tie to a real run that is over; its name is typed to confirm",
        screens=("targets",),
        changes=True,
    ),
)
