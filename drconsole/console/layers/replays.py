"""Replays in the console: a run that is over is loaded, played, and left again."""

from __future__ import annotations

import time

from textual.timer import Timer

from drconsole.console.hearing.messages import Arrived
from drconsole.console.layers.presenting import Presenting
from drconsole.console.replay.player import Player
from drconsole.console.replay.recorded import recorded
from drconsole.console.replay.replaying import Recording

_TICK_S = 0.25
PACE = 8.0
"""At which a replay begins that is asked for by a key."""


class Replays(Presenting):
    """The part of the application that shows a run as it was."""

    replay: Player | None = None
    wants_replay: tuple[str, float] | None = None
    """A run that is to be replayed as soon as the service answers, and the pace."""

    _replay_timer: Timer | None = None

    @property
    def read_only(self) -> str:
        """Why nothing can be changed from here: an observer changes nothing, and a replay is over."""
        return "this is a replay: nothing is changed in it" if self.replay is not None else super().read_only

    def attach(self) -> None:
        """Follows the run that is looked at; a replay follows nothing."""
        if self.replay is None:
            super().attach()
            if self.wants_replay is not None and self.client is not None:
                wanted, self.wants_replay = self.wants_replay, None
                self.start_replay(*wanted)

    def follow(self, run: str) -> None:
        """Looks at a run; a replay is left for it."""
        self.end_replay(anew=False)
        super().follow(run)

    def start_replay(self, run: str, speed: float = PACE) -> None:
        """Loads a run that is over, and plays it from its beginning."""
        client = self.client
        if client is None:
            self.say("the service does not answer", "bad")
            return

        async def load() -> None:
            recording = await recorded(client, run)
            self.post_message(Arrived(lambda _: self._play(recording, speed), now=True))

        self.do_work("reading the run's events", load)

    def _play(self, recording: Recording, speed: float) -> None:
        self.end_replay(anew=False)
        self.detach()
        self.replay = Player(recording, speed, time.monotonic())
        self._replay_timer = self.set_interval(_TICK_S, self._play_on)
        self.show_replay()
        self.go("run")

    def _play_on(self) -> None:
        if self.replay is not None and self.replay.tick(time.monotonic()):
            self.show_replay()

    def show_replay(self) -> None:
        """Lets the screens draw the replay as it stands."""
        if self.replay is not None:
            self.store.following = self.replay.following
            self.store.badges["replay"] = (f" {self.replay.badge()} ", "here")
            self.store.dirty.add("run")
            self.update()

    def end_replay(self, *, anew: bool = True) -> None:
        """Leaves a replay; with `anew` its run is looked at as it is now."""
        if self.replay is None:
            return
        run, self.replay = self.replay.recording.view.run, None
        self.store.badges.pop("replay", None)
        if self._replay_timer is not None:
            self._replay_timer.stop()
        if anew:
            self.follow(run)
            self.update()
