"""What passes over the Run screen beside the run itself: the sentence of a walkthrough, zoom, a replay."""

from __future__ import annotations

from drconsole.console.following import Following
from drconsole.console.screens.run_timeline import RunTimeline
from drconsole.console.walkthrough import sentences
from drconsole.console.widgets.drawing import wrapped
from drconsole.console.widgets.painted import Painted


_SENTENCE_LINES = 3
SHOWN = ("machines", "steps", "guests", "timeline")
"""What the table of the Run screen can show."""


class RunShown(RunTimeline):
    """What is explained, and the keys that mean something else in a timeline or in a replay."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._explains: bool | None = None

    def passing_labels(self) -> dict[str, str]:
        """Labels of keys that mean something only now."""
        timed = self.shows == "timeline"
        return {"more": "zoom" if timed else "", "later": "along" if timed else ""}

    def show_walk(self, following: Following | None) -> None:
        """Says in a sentence what happens: where it is asked for, or a walkthrough goes on."""
        pane, app = self.query_one("#walk", Painted), self.console_app
        view = following.view if following is not None else None
        walks = bool(app.store.presenting) or app.presented() is not None
        wanted = self._explains if self._explains is not None else walks
        pane.set_class(not wanted or view is None, "gone")
        if not wanted or view is None or following is None:
            return
        told = sentences(view, following.steps)
        width = max(20, self.size.width - 4)
        lines = [part for sentence in told for part in wrapped(sentence, width)]
        if len(lines) > _SENTENCE_LINES:
            lines = wrapped(told[-1], width)
        pane.paint([[(line, "title")] for line in lines[:_SENTENCE_LINES]])

    def do_walk(self) -> None:
        """Explains what happens, or not any more."""
        self._explains = self.query_one("#walk", Painted).has_class("gone")
        self.update()

    def pose(self) -> str:
        """Which table is shown."""
        return self.shows

    def take_pose(self, pose: str) -> None:
        """Shows the table that the presenter shows."""
        if pose in SHOWN and pose != self.shows:
            self.only = ()
            self.turn_to(pose)

    def turn_to(self, shows: str) -> None:
        """Shows another table."""
        raise TypeError(f"{type(self).__name__} has no {shows}")

    def do_more(self) -> None:
        """Closer."""
        if self.shows == "timeline":
            self.zoom(1)

    def do_last(self) -> None:
        """Less of what `+` gives; elsewhere the screen before this one."""
        if self.shows == "timeline":
            self.zoom(-1)
        else:
            super().do_last()

    def do_later(self) -> None:
        """On in time."""
        self.pan(1)

    def do_earlier(self) -> None:
        """Back in time."""
        self.pan(-1)
