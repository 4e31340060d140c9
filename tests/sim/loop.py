"""An event loop whose time jumps to the next timer, and processes that can be killed or stopped on it.

Nothing here knows threads, sockets or the machine's clock: one seed, one order of everything. A
process is a context: each callback of its tasks asks it first. Killed, it never runs another line, no
`finally` either, as after SIGKILL; stopped, its callbacks wait until it goes on.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, cast

PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("PROCESS", default=None)

_Callback = Callable[..., object]


class Stuck(Exception):
    """Nothing is left that could ever happen: somebody waits for ever."""


class Process:
    """One process of the simulation. `host` is the machine that it lives on."""

    def __init__(self, name: str, pid: int, host: str) -> None:
        self.name = name
        self.pid = pid
        self.host = host
        self.dead = False
        self.stopped = False
        self.stops = 0
        self._parked: list[tuple[_Callback, tuple[Any, ...], contextvars.Context]] = []

    @property
    def alive(self) -> bool:
        return not self.dead

    def kill(self) -> None:
        """SIGKILL: what is with the world already goes on there; here nothing does."""
        self.dead = True

    def stop(self) -> None:
        """SIGSTOP."""
        self.stopped = True
        self.stops += 1

    def go_on(self) -> None:
        """SIGCONT: what came meanwhile happens at once, in its order. The dead stay dead."""
        if self.dead:
            return
        self.haunt(asyncio.get_running_loop())

    def haunt(self, loop: asyncio.AbstractEventLoop) -> None:
        """Lets even a killed process run again: for the very end, when nobody looks any more."""
        self.dead = self.stopped = False
        for callback, arguments, context in self._parked:
            loop.call_soon(callback, *arguments, context=context)
        self._parked.clear()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Starts the process's first task."""
        context = contextvars.copy_context()
        context.run(PROCESS.set, self)
        return asyncio.get_running_loop().create_task(work, name=self.name, context=context)

    def turn(self, callback: _Callback, arguments: tuple[Any, ...], context: contextvars.Context) -> None:
        """One callback of this process, if it still runs any."""
        if self.dead or self.stopped:
            self._parked.append((callback, arguments, context))
            return
        callback(*arguments)


class _Jump:
    """A selector that finds nothing and lets time pass at once."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[object]:
        if timeout is None:
            raise Stuck("nothing is left to happen")
        self._loop.now += timeout
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """asyncio's own loop over virtual time. `now` is in seconds since it began."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._selector = _Jump(self)

    def time(self) -> float:
        return self.now

    def call_soon(  # type: ignore[override]  # typeshed's own uses type variable tuples
        self, callback: _Callback, *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        context = contextvars.copy_context() if context is None else context
        process = context.get(PROCESS)
        if process is None:
            return super().call_soon(callback, *args, context=context)
        return super().call_soon(process.turn, callback, args, context, context=context)

    def call_at(  # type: ignore[override]  # as above
        self, when: float, callback: _Callback, *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        context = contextvars.copy_context() if context is None else context
        process = context.get(PROCESS)
        if process is None:
            return super().call_at(when, callback, *args, context=context)
        return super().call_at(when, process.turn, callback, args, context, context=context)

    def run_in_executor(  # type: ignore[override]  # as above
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Threads would run in an order of their own: what is given to one is done at once."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # it is the caller's
            future.set_exception(error)
        return future

    def _process_events(self, events: list[object]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps who would have to be woken."""


def outside(callback: _Callback, *arguments: Any, after: float = 0.0) -> asyncio.TimerHandle:
    """Lets the world do something later, whatever becomes of the process that asked for it."""
    context = contextvars.copy_context()
    context.run(PROCESS.set, None)
    return asyncio.get_running_loop().call_later(after, callback, *arguments, context=context)


def here() -> Process:
    """Returns the process whose code runs now."""
    return cast("Process", PROCESS.get())
