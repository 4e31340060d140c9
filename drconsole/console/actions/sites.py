"""What keys do on Sites."""

from __future__ import annotations

from drconsole.console.actions.action import Action

SITES = (
    Action(
        name="tree",
        keys=("t",),
        label="tree",
        help="open or close the tree of sites",
        screens=("sites",),
    ),
    Action(
        name="sort",
        keys=("s",),
        label="sort",
        help="sort the table by the next column",
        screens=("sites",),
    ),
    Action(name="reverse", keys=("v",), help="turn the order of the table round", screens=("sites",)),
    Action(
        name="capture",
        keys=("c",),
        label="capture",
        help="capture the site's metadata now, as a new snapshot",
        screens=("sites",),
        changes=True,
    ),
)
