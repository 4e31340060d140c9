"""What passes over the Run screen beside the run itself: the sentence of a walkthrough, zoom, a replay."""

from __future__ import annotations

from drconsole.console.following import Following
from drconsole.console.screens.run_timeline import RunTimeline
from drconsole.console.widgets.painted import Painted


class RunShown(RunTimeline):
    """The keys that mean something else in a timeline or in a replay."""

    def passing_labels(self) -> dict[str, str]:
        """Labels of keys that mean something only now."""
        timed = self.shows == "timeline"
        return {"more": "zoom" if timed else "", "later": "along" if timed else ""}

    def show_walk(self, following: Following | None) -> None:
        """Says in a sentence what happens."""
        self.query_one("#walk", Painted).set_class(True, "gone")

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
