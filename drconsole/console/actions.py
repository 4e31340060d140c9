"""The keys: one table of actions, as data. Bindings, footers and help are all made from it.

A capital letter or "…" acts on many or is dangerous, and asks.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from textual.binding import Binding, BindingType

SCREENS = {"sites": "Sites", "targets": "Targets", "map": "Map", "guests": "VMs", "run": "Run"}
"""Screens by name, in the order of their digits, with the word that operators read."""

_HELD = ("sites", "map", "guests", "run")


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What a key does. `name` is the method `do_NAME` of the screen or of what all screens share.

    `screens` () means all. `label` stands in the footer ("" keeps it out), `help` in the help.
    """

    name: str
    keys: tuple[str, ...]
    help: str
    label: str = ""
    screens: tuple[str, ...] = ()

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

ACTIONS = (
    Action(name="help", keys=("question_mark",), label="help", help="all keys of this screen"),
    Action(
        name="open",
        keys=("enter",),
        label="open",
        help="open what the cursor stands on",
        screens=("sites", "run"),
    ),
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
        name="filter",
        keys=("slash",),
        label="filter",
        help="show only names that contain a text; ! before it inverts",
        screens=("sites", "targets", "map", "guests"),
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
    ),
    Action(
        name="tree",
        keys=("t",),
        label="tree",
        help="open or close the tree of sites",
        screens=("sites",),
    ),
    Action(
        name="capture",
        keys=("c",),
        label="capture",
        help="capture the site's metadata now, as a new snapshot",
        screens=("sites",),
    ),
    Action(
        name="check",
        keys=("c",),
        label="check",
        help="ask this machine's BMC what it is",
        screens=("targets",),
    ),
    Action(
        name="check_all",
        keys=("C",),
        label="check all…",
        help="ask the BMCs of the whole pool",
        screens=("targets",),
    ),
    Action(
        name="approve",
        keys=("a",),
        label="answer…",
        help="answer the question that the run waits with, such as whether the protected side is fenced",
        screens=("run",),
    ),
    Action(
        name="retry",
        keys=("k",),
        label="retry",
        help="try the failed step of this row again; where it has none, all failed ones",
        screens=("run",),
    ),
    Action(
        name="skip",
        keys=("s",),
        label="skip…",
        help="give the failed step of this row up, with a reason; what needs it goes with it",
        screens=("run",),
    ),
    Action(
        name="replace",
        keys=("x",),
        label="replace…",
        help="give the role of this row's machine to a spare of the pool, until storage is connected",
        screens=("run",),
    ),
    Action(
        name="pause",
        keys=("p",),
        label="pause",
        help="start nothing new, what works ends as it would have; again to let the run go on",
        screens=("run",),
    ),
    Action(
        name="cancel",
        keys=("X",),
        label="cancel…",
        help="end the run: running steps may end, no other starts",
        screens=("run",),
    ),
    Action(
        name="cleanup",
        keys=("C",),
        label="cleanup…",
        help="put a drill's machines and clones back",
        screens=("run",),
    ),
    Action(
        name="recover",
        keys=("R",),
        label="recover…",
        help="start a recovery: a drill, or in earnest",
        screens=_HELD,
    ),
    Action(
        name="validate",
        keys=("V",),
        label="validate",
        help="let the service plan a drill with what stands here, and say what would refuse it",
        screens=("map", "guests"),
    ),
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
        name="table",
        keys=("t",),
        label="steps",
        help="show machines, steps or guests in the table",
        screens=("run",),
    ),
    Action(
        name="uplinks",
        keys=("u",),
        label="uplinks",
        help="show this host's uplinks in the place of the log, and back",
        screens=("run",),
    ),
    Action(
        name="flags",
        keys=("f",),
        label="flags…",
        help="recover a guest or a host after all, or leave it out, as long as there is time for it",
        screens=("run",),
    ),
    Action(name="runs", keys=("o",), label="runs", help="look at another run", screens=("run",)),
    Action(
        name="detach",
        keys=("d",),
        label="detach",
        help="stop following the run, which goes on; again to follow it",
        screens=("run",),
    ),
    Action(name="site", keys=("S",), label="site", help="work on another site", screens=("map", "guests")),
    Action(name="up", keys=("escape",), help="back: close, clear the filter, or go up"),
    Action(name="theme", keys=("T",), help="the next theme"),
    Action(name="quit", keys=("q", "ctrl+c"), label="leave", help="leave; a run goes on without you"),
)


def actions_of(screen: str) -> Iterator[Action]:
    """Yields what a screen's keys do, the most wanted first."""
    return (action for action in ACTIONS if not action.screens or screen in action.screens)


def bindings_of(screen: str) -> list[BindingType]:
    """Returns Textual's bindings of a screen: its actions, and the digits of the screens."""
    own: list[BindingType] = [
        Binding(
            ",".join(action.keys), f"perform('{action.name}')", show=False, priority=action.name == "retry"
        )
        for action in actions_of(screen)
    ]
    digits: list[BindingType] = [
        Binding(str(number), f"go('{name}')", show=False) for number, name in enumerate(SCREENS, 1)
    ]
    return own + digits
