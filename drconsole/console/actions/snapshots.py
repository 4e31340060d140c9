"""What keys do where a snapshot is read, and on Snapshots itself."""

from __future__ import annotations

from drconsole.console.actions.action import Action

_READ = ("snapshots", "file")
_HERE = ("snapshots",)

READING = (
    Action(
        name="open",
        keys=("enter",),
        label="open",
        help="open the snapshot, the branch or what was found; with a base marked: the difference",
        screens=_READ,
    ),
    Action(
        name="filter",
        keys=("slash",),
        label="filter",
        help="list, tree, differences: only what contains all these words; XML: look for a text",
        screens=("file",),
    ),
    Action(
        name="tree",
        keys=("t",),
        label="tree",
        help="the snapshot as a tree; from XML, a hit or a change: at its object",
        screens=_READ,
    ),
    Action(
        name="xml",
        keys=("x",),
        label="XML",
        help="the snapshot as XML; from the tree: at the object under the cursor",
        screens=_READ,
    ),
    Action(
        name="summary",
        keys=("s",),
        label="summary",
        help="what the snapshot holds, in figures",
        screens=_READ,
    ),
    Action(
        name="next",
        keys=("n",),
        label="next",
        help="XML: the next place of the text; differences: the next change",
        screens=_READ,
    ),
    Action(
        name="previous",
        keys=("N",),
        label="previous",
        help="XML: the place before; differences: the change before",
        screens=_READ,
    ),
    Action(
        name="close_branch", keys=("left", "h"), help="tree: close the branch, or go up to it", screens=_READ
    ),
    Action(name="open_branch", keys=("right", "l"), help="tree: open the branch", screens=_READ),
)

SNAPSHOTS = (
    Action(
        name="base",
        keys=("b",),
        label="base",
        help="mark this snapshot as the one that others are compared with; again: no more",
        screens=_HERE,
    ),
    Action(
        name="difference",
        keys=("d",),
        label="diff",
        help="what changed, by meaning, since the base; without one: since the snapshot before; "
        "of a file: since another one",
        screens=_READ,
    ),
    Action(
        name="find",
        keys=("f",),
        label="find…",
        help="look for a name, an address or any value in all snapshots, or as it was on a day",
        screens=_HERE,
    ),
    Action(
        name="recover_this",
        keys=("R",),
        label="recover…",
        help="start a recovery from this snapshot: a drill, or in earnest",
        screens=_HERE,
        changes=True,
    ),
    Action(
        name="drafts",
        keys=("m",),
        label="map",
        help="match targets and choose guests for this snapshot, on Map and VMs",
        screens=_HERE,
    ),
    Action(
        name="export_part",
        keys=("e",),
        label="export part…",
        help="write the XML of the object under the tree's cursor to a file",
        screens=_READ,
    ),
    Action(
        name="export",
        keys=("E",),
        label="export…",
        help="write the whole document to a file, its exact bytes",
        screens=_READ,
    ),
    Action(
        name="import",
        keys=("i",),
        label="import…",
        help="store a snapshot document that came as a file, after every check",
        screens=_HERE,
        changes=True,
    ),
)
