"""A run that is listened to: which of its events are news to somebody who hears them one after the other."""

from __future__ import annotations

import asyncio

from drconsole.console.plain.terminal import Lines
from drconsole.console.words import phrases
from drconsole.model.run import Event

_ENDED = ("done", "running", "pending")


class Heard:
    """Says stages as they begin, what fails or asks, and what people do; with `whole` each step, too.

    Hundreds of steps that succeed are no news to a listener: they are counted as a stage goes on.
    """

    def __init__(self, lines: Lines, *, since: str = "", whole: bool = False) -> None:
        self.seq = 0
        self._lines = lines
        self._since = since
        self._whole = whole
        self.moved = asyncio.Event()
        """Set where the walkthrough has something new to say."""
        self._begun: set[str] = set()
        self._done = 0

    def take(self, event: Event) -> None:
        """Takes one event in."""
        self.seq = event.seq
        if event.at <= self._since:
            return
        state = str(event.facts.get("state", ""))
        self._begins(event, state)
        if self._is_news(event, state):
            self._lines.say(words(event, state))
        if event.kind == "step" and state in ("failed", "waiting"):
            self._lines.say("this waits for you: `waiting` lists what to type")

    def _begins(self, event: Event, state: str) -> None:
        stage = event.step.partition("/")[0] if event.kind == "step" else ""
        if stage and stage not in self._begun and state == "running":
            before = f", {phrases.count(self._done, 'step')} done so far" if self._done else ""
            self._lines.say(f"{phrases.seconds_clock(event.at)} stage {stage} begins{before}")
            self._begun.add(stage)
            self.moved.set()
        self._done += state == "done" and event.kind == "step"

    def _is_news(self, event: Event, state: str) -> bool:
        if event.kind == "progress":
            return False
        if event.kind == "step":
            return state not in _ENDED or (self._whole and state == "done")
        return self._whole or event.kind in ("run", "command")


def words(event: Event, state: str) -> str:
    """Returns an event as one line: when, what, how it stands, why, and by whom."""
    error = str(event.facts.get("error", "") or "")
    told = (event.step, state, event.text if event.text not in (error, state) else "", error)
    by = f", by {event.actor}" if event.actor else ""
    return f"{phrases.seconds_clock(event.at)} {', '.join(part for part in told if part) or event.kind}{by}"
