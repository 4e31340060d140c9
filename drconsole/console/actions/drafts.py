"""What keys do where the host mapping and the VM selection are worked on."""

from __future__ import annotations

from drconsole.console.actions.action import Action

DRAFTS = (
    Action(
        name="pick",
        keys=("enter",),
        label="pick target",
        help="choose the target of this role from those that fit; the others say why not",
        screens=("map",),
    ),
    Action(
        name="toggle",
        keys=("space",),
        label="deploy",
        help="turn the deploy flag: recover this, or not",
        screens=("map", "guests"),
    ),
    Action(
        name="flag_all",
        keys=("F",),
        label="flag all…",
        help="set the deploy flag of all guests that match the filter",
        screens=("guests",),
    ),
    Action(
        name="match",
        keys=("A",),
        label="match all…",
        help="match free targets to all deployed roles anew; choices made by hand go",
        screens=("map",),
        changes=True,
    ),
    Action(
        name="undo",
        keys=("u",),
        label="undo",
        help="take the last edit of this screen back: flags, targets, a match, a document that was read",
        screens=("map", "guests"),
    ),
    Action(
        name="redo",
        keys=("ctrl+r",),
        help="do what was taken back again",
        screens=("map", "guests"),
    ),
    Action(
        name="validate",
        keys=("V",),
        label="validate",
        help="let the service plan a drill with what stands here, and say what would refuse it",
        screens=("map", "guests"),
        changes=True,
    ),
)

DOCUMENTS = (
    Action(
        name="write",
        keys=("w",),
        label="write XML",
        help="write the document of this screen to a file",
        screens=("map", "guests"),
    ),
    Action(
        name="read",
        keys=("r",),
        label="read XML",
        help="read the document of this screen from a file",
        screens=("map", "guests"),
    ),
    Action(
        name="base",
        keys=("b",),
        label="snapshot",
        help="base mapping and selection on another snapshot; what was chosen is carried over",
        screens=("map", "guests"),
    ),
    Action(name="site", keys=("o",), label="site", help="work on another site", screens=("map", "guests")),
)
