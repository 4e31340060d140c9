"""What keys do on every screen."""

from __future__ import annotations

from drconsole.console.actions.action import Action

FIRST = (
    Action(name="help", keys=("question_mark",), label="help", help="all keys of this screen"),
    Action(
        name="command",
        keys=("colon",),
        label="command",
        help="type a command: a screen, an action, or an object such as `guest web-01`; tab completes",
    ),
)

FILTER = (
    Action(
        name="filter",
        keys=("slash",),
        label="filter",
        help="show only names that contain all these words; ! before one inverts it",
        screens=("sites", "targets", "map", "guests", "run", "uplinks", "snapshots", "reports"),
    ),
)

LAST = (
    Action(name="up", keys=("escape",), help="back: close, clear the filter, or go up"),
    Action(
        name="palette", keys=("ctrl+p",), label="find", help="find anything by a few letters, and go there"
    ),
    Action(name="last", keys=("minus",), help="the screen before this one"),
    Action(name="back", keys=("left_square_bracket",), help="back on the way that you came"),
    Action(name="forward", keys=("right_square_bracket",), help="forward again"),
    Action(name="copy", keys=("y",), help="copy the name under the cursor to your terminal's clipboard"),
    Action(name="local_time", keys=("L",), help="local times (they end with L), or UTC again (Z)"),
    Action(
        name="present",
        keys=("W",),
        help="present the run to observers, or end that; an observer: go along with the presenter, or not",
    ),
    Action(name="theme", keys=("T",), help="the next theme; it is kept"),
    Action(name="screenshot", keys=("S",), help="keep what is shown as a picture, an SVG file"),
    Action(name="mouse", keys=("M",), help="use the mouse, or leave it to your terminal again"),
    Action(name="suspend", keys=("ctrl+z",), help="back to the shell for a while: `fg` there goes on here"),
    Action(name="quit", keys=("q", "ctrl+c"), label="leave", help="leave; a run goes on without you"),
)
