"""What devices and the ways to them do to us, drawn from the seed, until it calms down."""

from __future__ import annotations

from random import Random
from typing import Literal

import msgspec

Answer = Literal["ok", "device", "aborted", "unreachable", "unknown", "never"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one request ends. `effect_s` None: it never has its effect; `answer_s` after the request.

    `hidden`: it shows its task to others but not to the session that asked, which hears "done" before it is.
    """

    answer: Answer
    answer_s: float
    effect_s: float | None
    hidden: bool = False


class Weather:
    """Draws outcomes; `storm` 0–1 is how bad it is while it lasts."""

    def __init__(self, random: Random, storm: float) -> None:
        self._random = random
        self.storm = storm

    def calm(self) -> None:
        """From now on every device does what it is asked."""
        self.storm = 0.0

    def outcome(self) -> Outcome:
        """Returns what becomes of one request."""
        random = self._random
        took = random.uniform(0.1, 3.0)
        if random.random() >= self.storm:
            return Outcome(answer="ok", answer_s=took, effect_s=took)
        kind = random.choice(("before", "after", "lost", "hangs", "lies", "late", "busy", "forgets"))
        if kind == "before":
            return Outcome(answer=random.choice(("device", "unreachable")), answer_s=took, effect_s=None)
        if kind == "after":
            return Outcome(answer=random.choice(("unknown", "unreachable")), answer_s=took, effect_s=took)
        if kind == "lost":
            return Outcome(answer="unknown", answer_s=took, effect_s=None)
        if kind == "hangs":
            happens = took if random.random() < 0.5 else None
            return Outcome(answer="never", answer_s=0.0, effect_s=happens)
        if kind == "lies":
            return Outcome(answer="ok", answer_s=took, effect_s=took + random.uniform(0, 3.0), hidden=True)
        if kind == "late":
            return Outcome(answer="unknown", answer_s=took, effect_s=took + random.uniform(0, 8))
        if kind == "busy":
            return Outcome(answer="aborted", answer_s=0.05, effect_s=None)
        return Outcome(answer="ok", answer_s=took, effect_s=None)

    def travel_s(self) -> float:
        """How long a question or a login takes."""
        return self._random.uniform(0.005, 0.15)

    def lost_on_the_way(self) -> bool:
        """Whether a question gets no answer."""
        return self._random.random() < self.storm * 0.3
