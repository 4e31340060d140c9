"""What passes over the Run screen beside the run itself: the sentence of a walkthrough, zoom, a replay."""

from __future__ import annotations

import time

from drconsole.console.known.following import Following
from drconsole.console.known.walkthrough import sentences
from drconsole.console.screens.run_timeline import RunTimeline
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
        timed, replay = self.shows == "timeline", self.console_app.replay
        if replay is not None:
            return {
                "replay": "leave replay", "play": "hold" if replay.playing else "play", "more": "faster",
                "later": "", "next_stage": "next stage", "runs": "", "detach": "", "recover": "",
            }  # fmt: skip
        following = self.store.following
        over = following is not None and following.view is not None and not following.live
        return {
            "more": "zoom" if timed else "", "later": "along" if timed else "", "play": "", "next_stage": "",
            "replay": "replay" if over else "",
        }  # fmt: skip

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

    # -- replays ----------------------------------------------------------------------------------

    def action_perform(self, name: str) -> None:
        """The keys of a pause hold a replay; all else is as on every screen."""
        super().action_perform("play" if name == "pause" and self.console_app.replay is not None else name)

    def do_replay(self) -> None:
        """Plays the run from its beginning; again to leave that."""
        app, following = self.console_app, self.store.following
        if app.replay is not None:
            app.end_replay()
        elif following is not None:
            app.start_replay(following.run)

    def do_play(self) -> None:
        """Holds a replay on, or lets it go on."""
        if (replay := self.console_app.replay) is not None:
            replay.turn(time.monotonic())
            self.console_app.show_replay()

    def do_next_stage(self) -> None:
        """To where the next stage of a replay begins."""
        self._chapter(1)

    def do_stage_before(self) -> None:
        """Back to the stage before."""
        self._chapter(-1)

    def _chapter(self, by: int) -> None:
        if (replay := self.console_app.replay) is not None:
            replay.chapter(by, time.monotonic())
            self.console_app.show_replay()

    def do_up(self) -> None:
        """Back, where there is something to go back from; then out of a replay."""
        if self.console_app.replay is not None and self.shows == "machines" and not self.filter:
            self.console_app.end_replay()
        else:
            super().do_up()

    # -- keys of two meanings ---------------------------------------------------------------------

    def do_more(self) -> None:
        """A replay faster, a timeline closer."""
        if (replay := self.console_app.replay) is not None:
            replay.faster(1)
            self.console_app.show_replay()
        elif self.shows == "timeline":
            self.zoom(1)

    def do_last(self) -> None:
        """Less of what `+` gives; elsewhere the screen before this one."""
        if (replay := self.console_app.replay) is not None:
            replay.faster(-1)
            self.console_app.show_replay()
        elif self.shows == "timeline":
            self.zoom(-1)
        else:
            super().do_last()

    def do_later(self) -> None:
        """On in time."""
        self.pan(1)

    def do_earlier(self) -> None:
        """Back in time."""
        self.pan(-1)
