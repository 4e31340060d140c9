"""Tasks of the recovered management server, started once and waited for.

A runner that is killed leaves its tasks behind, at work. The next one must neither start the same work
a second time nor take "not there yet" for "never begun". So before the first task on an object, whatever
somebody else still does to it is waited for; and a server's word that it is there already is no failure
but a reason to observe again.
"""

from __future__ import annotations

import asyncio
import contextlib
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


class _Quiet:
    """The objects of one session on which nobody's tasks but ours can be running, by id."""

    def __init__(self) -> None:
        self.objects: set[str] = set()
        self.locks: dict[str, asyncio.Lock] = {}


_quiet: WeakKeyDictionary[Session, _Quiet] = WeakKeyDictionary()


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
    try:
        task = await session.invoke(on, method, _about=about, **arguments)
        return await session.wait_task(task, seconds, about=about)
    except Fault as fault:
        raise unknown_outcome(fault) from fault


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
    """Waits, once for each object, for tasks that were running on it before ours. True where there were."""
    known = _quiet.setdefault(session, _Quiet())
    async with known.locks.setdefault(on._moId, asyncio.Lock()):
        if on._moId in known.objects:
            return False
        others = await _waited(session, on, seconds)
        known.objects.add(on._moId)
        return others


async def _waited(session: Session, on: Any, seconds: float) -> bool:
    running = await _running_on(session, on)
    for task in running:
        # How it ended is seen by looking at the world.
        with contextlib.suppress(Fault):
            await session.wait_task(task, seconds)
    return bool(running)


async def _running_on(session: Session, on: Any) -> list[Any]:
    """Returns the server's running tasks on an object."""
    manager = session.content.taskManager
    if manager is None:
        return []
    recent = (await session.read(manager, "recentTask")).get("recentTask") or []
    rows = await read_all(session, list(recent), "info.state", "info.entity")
    return [
        task
        for task in recent
        if rows.get(task._moId, {}).get("info.state") in ("queued", "running")
        and getattr(rows[task._moId].get("info.entity"), "_moId", "") == on._moId
    ]
