"""Tasks of the recovered management server, started once and waited for.

A runner that is killed leaves its tasks behind, at work. The next one must neither start the same work
a second time nor take "not there yet" for "never begun". So what was at work when this runner came is
waited for before its objects are touched; and a server's word that something is there already is no
failure but a reason to observe again.

The same holds within one runner: where the answer to a task's start, or to a look at it, was lost, the
task may be at work all the same. Such a task is left behind too, and looked for before the next attempt.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from drconsole.errors import OutcomeUnknown
from drconsole.platforms.vsphere.faults import Fault
from drconsole.platforms.vsphere.importer.recovered import read_all
from drconsole.platforms.vsphere.session import Session

_THERE_ALREADY = frozenset(
    {
        "DuplicateName",
        "AlreadyExists",
        "AlreadyConnected",
        "ConcurrentAccess",
        "TaskInProgress",
        "VmfsVolumeAlreadyMounted",
        "InvalidPowerState",
    }
)
"""What a server says of work that was done, or is being done, by somebody else: an earlier attempt."""


class _Left:
    """The tasks that are at work on one server and that nobody here waits for: by the id of what they are
    about. None where that is not known: they are asked for before the next task is started.

    `own` are the ids of those that somebody here waits for.
    """

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.tasks: dict[str, list[Any]] | None = None
        self.own: set[str] = set()

    @contextlib.contextmanager
    def ours(self) -> Iterator[_Ours]:
        """Gives what somebody here starts and waits for. One that has not ended afterwards, because it is
        late, its line died or it was called off, may be at work all the same."""
        ours = _Ours(self.own)
        try:
            yield ours
        finally:
            if not ours.ended:
                self.tasks = None
            ours.let_go()


class _Ours:
    """A task of ours, once it is known."""

    def __init__(self, own: set[str]) -> None:
        self._own = own
        self._task: Any = None
        self.ended = False

    def known(self, task: Any) -> Any:
        """Returns the task that was started; from now on it is one that somebody waits for."""
        self._task = task
        self._own.add(task._moId)
        return task

    def let_go(self) -> None:
        """Nobody waits for it any more."""
        if self._task is not None:
            self._own.discard(self._task._moId)


_left: WeakKeyDictionary[Session, _Left] = WeakKeyDictionary()


async def run_task(
    session: Session,
    on: Any,
    method: str,
    /,
    *,
    seconds: float,
    about: str,
    entity: Any = None,
    **arguments: Any,
) -> Any:
    """Starts a task, waits for its end and returns its result: a word of the server, so observe all the same.

    `entity` is what the task is about where `on` is only its manager, such as the host of a datastore
    system. Raises OutcomeUnknown where an earlier attempt was at work, or has done it already; else as
    `Session.wait_task`.
    """
    if await _others_ended(session, entity or on, seconds):
        raise OutcomeUnknown(f"an earlier attempt at {method} was still at work", about=about)
    with _left[session].ours() as ours:
        try:
            task = ours.known(await session.invoke(on, method, _about=about, **arguments))
            result = await session.wait_task(task, seconds, about=about)
        except Fault as fault:
            ours.ended = True
            raise unknown_outcome(fault) from fault
        ours.ended = True
    return result


async def call(session: Session, on: Any, method: str, /, *, about: str, **arguments: Any) -> Any:
    """Calls a method that is no task. Raises OutcomeUnknown where it says that the thing is there already."""
    try:
        return await session.invoke(on, method, _about=about, **arguments)
    except Fault as fault:
        raise unknown_outcome(fault) from fault


def unknown_outcome(fault: Fault) -> Fault | OutcomeUnknown:
    """Returns what a fault means to a step: that it has to look again, or the fault itself."""
    if fault.code in _THERE_ALREADY:
        return OutcomeUnknown(fault.message, about=fault.about)
    return fault


async def _others_ended(session: Session, on: Any, seconds: float) -> bool:
    """Waits for tasks on an object that others had left at work. True where there were any."""
    left = _left.setdefault(session, _Left())
    async with left.lock:
        if left.tasks is None:
            running = await _running(session)
            left.tasks = {
                entity: others
                for entity, tasks in running.items()
                if (others := [task for task in tasks if task._moId not in left.own])
            }
    found = left.tasks.pop(on._moId, [])
    for task in found:
        # How it ended is seen by looking at the world.
        with contextlib.suppress(Fault):
            await session.wait_task(task, seconds)
    return bool(found)


async def _running(session: Session) -> dict[str, list[Any]]:
    """Returns the server's running tasks by what they are about."""
    manager = session.content.taskManager
    if manager is None:
        return {}
    recent = (await session.read(manager, "recentTask")).get("recentTask") or []
    rows = await read_all(session, list(recent), "info.state", "info.entity")
    found: dict[str, list[Any]] = {}
    for task in recent:
        row = rows.get(task._moId, {})
        if row.get("info.state") in ("queued", "running") and row.get("info.entity") is not None:
            found.setdefault(row["info.entity"]._moId, []).append(task)
    return found
