"""A recording that is played: its pace, and where it stands. Knows no screen and no clock of its own."""

from __future__ import annotations

from drconsole.console.known.following import Following
from drconsole.console.replay.replaying import Playhead, Recording
from drconsole.console.words import phrases

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)


class Player:
    """Plays a recording into a `Following`, which screens draw as that of any run."""

    def __init__(self, recording: Recording, speed: float, now: float) -> None:
        self.recording = recording
        self.speed = speed
        self.playing = True
        self.following = Following(recording.view.run)
        self._head = Playhead(recording)
        self._chapters = recording.chapters()
        self._ticked = now
        self._show(0.0, now)

    @property
    def at_s(self) -> float:
        """Where it stands, in seconds since the first event."""
        return self._head.at_s

    def tick(self, now: float) -> bool:
        """Goes on by the time that has passed; True where something is shown now that was not."""
        passed, self._ticked = now - self._ticked, now
        if not self.playing:
            return False
        self._show(self.at_s + passed * self.speed, now)
        if self._head.over:
            self.playing = False
        return True

    def turn(self, now: float) -> None:
        """Holds on, or goes on; at its end it begins anew."""
        if not self.playing and self._head.over:
            self._show(0.0, now)
        self.playing, self._ticked = not self.playing, now

    def faster(self, by: int) -> None:
        """Takes the next pace, or the one before."""
        faster = [speed for speed in SPEEDS if speed > self.speed]
        slower = [speed for speed in SPEEDS if speed < self.speed]
        self.speed = (faster[0] if faster else self.speed) if by > 0 else slower[-1] if slower else self.speed

    def chapter(self, by: int, now: float) -> None:
        """Goes to where the next stage begins, or to the begin of this or the one before."""
        near = 0.01 if by > 0 else 1.0 * max(1.0, self.speed)
        starts = [at for at, _ in self._chapters]
        if by > 0:
            at = next((start for start in starts if start > self.at_s + near), self.recording.length_s)
        else:
            before = [start for start in starts if start < self.at_s - near]
            at = before[-1] if before else 0.0
        self._show(at, now)

    def _show(self, at_s: float, now: float) -> None:
        if at_s < self.at_s:
            shown = self.following.timeline_shown
            self.following = Following(self.recording.view.run)
            self.following.timeline_shown = shown
        self.following.take_events(self._head.go(at_s), now)
        self.following.take_view(self._head.view(), now)
        self.following.moment = self._head.moment
        self.following.timeline = self._head.timeline()

    def badge(self) -> str:
        """Returns what the frame says: that it is a replay, where it stands, and at which pace."""
        pace = f"×{self.speed:g}" if self.playing else "held"
        return f"REPLAY {phrases.span(self.at_s)}/{phrases.span(self.recording.length_s)} {pace}"
