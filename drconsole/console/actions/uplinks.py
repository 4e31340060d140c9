"""What keys do on Uplinks."""

from __future__ import annotations

from drconsole.console.actions.action import Action

UPLINKS = (
    Action(
        name="why",
        keys=("enter",),
        label="why",
        help="all that is known of this host's uplinks, and why they are arranged so",
        screens=("uplinks",),
    ),
    Action(
        name="apply",
        keys=("a",),
        label="apply…",
        help="move this host to its planned uplinks for good, or try again what failed of it",
        screens=("uplinks",),
        changes=True,
    ),
    Action(
        name="apply_all",
        keys=("A",),
        label="apply all…",
        help="the same for every host that waits to be moved, or has failed",
        screens=("uplinks",),
        changes=True,
    ),
    Action(
        name="roll_back",
        keys=("v",),
        label="roll back…",
        help="take this host's trial back and have its next port tried, with a reason",
        screens=("uplinks",),
        changes=True,
    ),
    Action(
        name="review",
        keys=("r",),
        label="review…",
        help="have each host ask from now on before it moves to other uplinks for good, or not any more",
        screens=("uplinks",),
        changes=True,
    ),
)
