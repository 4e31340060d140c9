"""Wraps what a runner does at each boundary of a step, so that it dies where it was told to.

Nothing is replaced: every wrapper calls what it wraps. Where the product no longer has what is
wrapped here, the runner says so at its start and ends.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drconsole.journal import steps
from drconsole.model.run import StepState
from drconsole.model.step import Done, Facts, Handler, Work
from drconsole.recovery import carrier, carry
from drconsole.recovery.schedule import Schedule
from tests.chaos.inside.orders import NAME, Boundary, Place, Point


class Dying:
    """Counts down the points at which this process is to die."""

    def __init__(self, place: Place) -> None:
        self._place = place
        orders = place.orders()
        self._points = set(orders.kill)
        # The first runner sees; those after it do not, once for each step.
        self._blind = frozenset(orders.blind if place.log("kill") else ())
        self._blinded = {line.key for line in place.log("blind")}

    def at(self, key: str, boundary: Boundary) -> None:
        """Kills this process where it was told to die here."""
        if Point(key, boundary) in self._points:
            self._place.write("kill", key=key, boundary=boundary)
            os.kill(os.getpid(), signal.SIGKILL)
            signal.pause()  # a signal to oneself may take a moment where threads run

    def blinds(self, key: str, handler: str) -> bool:
        """Whether a step's first look is to see nothing, which is noted."""
        if handler not in self._blind or key in self._blinded:
            return False
        self._blinded.add(key)
        self.say("blind", key)
        return True

    def say(self, what: str, key: str = "") -> None:
        """Leaves a line."""
        self._place.write(what, key=key)


class Watched:
    """A handler whose act is followed by death, or whose first look is blind."""

    def __init__(self, handler: Handler, dying: Dying) -> None:
        self._handler = handler
        self._dying = dying

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handler, name)

    async def observe(self, work: Work) -> Done | None:
        if self._dying.blinds(work.step.key, work.step.handler):
            return None
        return await self._handler.observe(work)

    async def act(self, work: Work) -> None:
        self._dying.say("act", work.step.key)
        await self._handler.act(work)
        self._dying.at(work.step.key, "after-act")


def install() -> None:
    """Wraps, where there are orders. Ends the process where there is nothing to wrap."""
    words = sys.orig_argv
    orders = Path(words[words.index("--config") + 1]).with_name(NAME)
    if not orders.exists():
        return
    try:
        dying = Dying(Place(orders))
        _wrap(dying)
        dying.say("born")
    except BaseException as error:
        print(f"the chaos hooks do not fit: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(99)


def _wrap(dying: Dying) -> None:
    begin, finish, carry_out, settle = steps.begin, steps.finish, carry.carry_out, Schedule.settle

    @functools.wraps(begin)
    def deadly_begin(connection: Any, run: str, epoch: int, key: str, *rest: Any, **more: Any) -> bool:
        dying.at(key, "before-intent")
        return begin(connection, run, epoch, key, *rest, **more)

    @functools.wraps(finish)
    def deadly_finish(connection: Any, run: str, epoch: int, key: str, *rest: Any, **more: Any) -> None:
        # What had no act of its own outside the journal, or had it before: these are its boundaries.
        dying.at(key, "after-intent")
        dying.at(key, "after-act")
        finish(connection, run, epoch, key, *rest, **more)

    @functools.wraps(carry_out)
    async def deadly_carry_out(handler: Handler, work: Work, **more: Any) -> Facts:
        dying.at(work.step.key, "after-intent")
        return await carry_out(Watched(handler, dying), work, **more)

    @functools.wraps(settle)
    def deadly_settle(schedule: Schedule, key: str, state: StepState) -> None:
        if state == "done":
            dying.at(key, "after-result")
        settle(schedule, key, state)

    _set(steps, "begin", deadly_begin)
    _set(steps, "finish", deadly_finish)
    _set(carrier, "carry_out", deadly_carry_out)
    _set(Schedule, "settle", deadly_settle)


def _set(owner: object, name: str, wrapper: Callable[..., Any]) -> None:
    if not hasattr(owner, name):
        raise AttributeError(f"{owner} has no {name}")
    setattr(owner, name, wrapper)
