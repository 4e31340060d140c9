"""What the garbage collector leaves alone: an inventory of thousands stays, and holds no rubbish.

A full collection looks through all that lives. With ten thousand guests that is a tenth of a second in the
middle of a key. So what is there after the first picture is left alone from then on, and so is whatever
made a collection slow. A cycle that is rubbish just then is never collected: there are few.
"""

from __future__ import annotations

import gc
import time

SLOW_S = 0.008


def hold() -> None:
    """Collects nothing while the console opens: what is made then stays. `Kept.begin` ends it."""
    gc.disable()


class Kept:
    """Keeps the collector away from what stays."""

    def __init__(self) -> None:
        self._began = 0.0
        self._watching = False

    def begin(self) -> None:
        """Leaves alone what is there now, and what makes a collection slow later."""
        gc.freeze()
        gc.enable()
        if not self._watching:
            self._watching = True
            gc.callbacks.append(self._collected)

    def end(self) -> None:
        """Gives everything back."""
        if self._watching:
            self._watching = False
            gc.callbacks.remove(self._collected)
            gc.unfreeze()

    def _collected(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        elif time.perf_counter() - self._began > SLOW_S:
            gc.freeze()
