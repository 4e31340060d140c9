"""What only a planned run asks of arrays: the last writes, and that none can follow (DESIGN 4, planned).

The order is the run's: guests off, synchronised, halted, fenced. Where the protected side does not
answer any more, the operator decides: the run then goes on with what has arrived.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from drconsole.errors import (
    DeviceError,
    OutcomeUnknown,
    PinMismatch,
    Question,
    Unreachable,
    WrongCredentials,
)
from drconsole.model.step import Done, Work
from drconsole.planning import keys
from drconsole.replication.contract import GroupStatus, ReplicationDriver
from drconsole.replication.group_handler import GroupHandler, group_of
from drconsole.replication.groups import Group, protected_array
from drconsole.replication.timing import seconds_between
from drconsole.settings.values import Settings

T = TypeVar("T")
_LOOK_S = 1.0
_PATIENCE_S = (0.5, 1.0, 2.0)
"""Pauses before an array that does not answer is asked again; then the operator is."""

_CANNOT = frozenset({"FAILED_PRECONDITION", "REFUSED", "UNIMPLEMENTED", "NOT_FOUND"})


class Sync(GroupHandler):
    """All that the source held once its guests were off has arrived.

    What counts is the array's own clock: `floor` is its time when this handler first looked, after the
    guests were off; a consistent point in time that is no earlier misses nothing. A new runner looks
    anew, and at worst synchronises twice.
    """

    def __init__(self, settings: Settings, rpo_s: float | None) -> None:
        super().__init__(settings, rpo_s)
        self._floors: dict[str, str] = {}

    async def _observe(self, work: Work, group: Group, driver: ReplicationDriver) -> Done | None:
        status = await driver.query(group.name)
        floor = self._floors.setdefault(work.token, status.as_of)
        if _reaches(status, floor):
            return Done(result={"after": floor, "point_in_time": status.point_in_time})
        if said := work.answered(_unsynchronised(group)):
            told = {"after": "", "point_in_time": status.point_in_time}
            return Done(result=told | {"accepted_by": said[0], "at": said[1]})
        return None

    async def _act(self, work: Work, group: Group, driver: ReplicationDriver) -> None:
        status = await driver.query(group.name)
        if status.state != "target":
            self._ask(work, group, status, f"it is {status.state}, and receives nothing")
        try:
            await driver.sync(group.name, token=work.token)
        except (OutcomeUnknown, Unreachable) as error:
            work.say(f"{error}; what has arrived is looked at")
        except DeviceError as error:
            if error.code not in _CANNOT:
                raise
            if error.code != "UNIMPLEMENTED":
                self._ask(work, group, status, error.message)
            work.say(f"{group.id} cannot be synchronised on demand: its next point in time is waited for")
        await self._arrived(work, group, driver)

    async def _arrived(self, work: Work, group: Group, driver: ReplicationDriver) -> None:
        end = time.monotonic() + work.step.arguments["within_s"]
        while not _reaches(status := await driver.query(group.name), self._floors[work.token]):
            if time.monotonic() >= end:
                self._ask(work, group, status, "its source has sent nothing since its guests are off")
            work.progress("waiting for the last writes")
            await asyncio.sleep(_LOOK_S)

    def _ask(self, work: Work, group: Group, status: GroupStatus, why: str) -> None:
        work.say(f"{group.id}: {why}; its last point in time is {status.point_in_time}")
        raise Question(
            _unsynchronised(group),
            about=group.id,
            remedy="approve: go on with what has arrived; retry: try again; or cancel the run",
        )


def _reaches(status: GroupStatus, floor: str) -> bool:
    if not floor or not all(volume.synced for volume in status.volumes):
        return False
    return (seconds_between(floor, status.point_in_time) or 0.0) >= 0.0 and bool(status.point_in_time)


def _unsynchronised(group: Group) -> str:
    return (
        f"the last writes of {group.id} have not arrived, and its source gives no more: go on without them?"
    )


def lost_since_sync(work: Work, group: Group, status: GroupStatus) -> float | None:
    """Returns the seconds of writes that a planned run lost: 0.0 where the guests were off, synchronised
    and then halted. None where that is not known: the lag at the halt counts then."""
    found = work.results(keys.synced(group.id)).get(keys.synced(group.id), {})
    guests = work.step.arguments.get("guests", ())
    off = all(_is_off(work, guest) for guest in guests)
    if work.mode != "planned" or not found.get("after") or not off:
        return None
    behind = seconds_between(status.point_in_time, found["after"])
    return None if behind is None else max(0.0, behind)


def _is_off(work: Work, guest: str) -> bool:
    key = keys.shut_down(guest)
    return work.results(key).get(key, {}).get("power") in ("off", "suspended", "gone")


class _AtSource(GroupHandler):
    """A verb on the protected array, which may be gone."""

    def array_of(self, group: Group) -> str:
        return protected_array(group)


class Fence(_AtSource):
    """No host of the protected site can write to the group's volumes any more.

    Kept writable are those of the protected management server, and those of guests that an operator
    left out of the run: they go on there.
    """

    async def observe(self, work: Work) -> Done | None:
        group = group_of(work)
        if said := work.answered(_unfenced(protected_array(group))):
            return Done(result={"fenced": [], "kept": [], "accepted_by": said[0], "at": said[1]})
        return await _patiently(lambda: super(Fence, self).observe(work), group)

    async def act(self, work: Work) -> None:
        await _patiently(lambda: super(Fence, self).act(work), group_of(work))

    async def _observe(self, work: Work, group: Group, driver: ReplicationDriver) -> Done | None:
        wanted, kept = volumes_to_fence(work, group)
        status = await driver.query(group.name)
        fenced = {volume.id for volume in status.volumes if volume.fenced}
        if not set(wanted) <= fenced:
            return None
        return Done(result={"fenced": list(wanted), "kept": list(kept)})

    async def _act(self, work: Work, group: Group, driver: ReplicationDriver) -> None:
        wanted, kept = volumes_to_fence(work, group)
        if kept:
            work.say(f"{', '.join(kept)} of {group.id} stay writable: what runs on them is not moved")
        try:
            await driver.fence(group.name, wanted, token=work.token)
        except DeviceError as error:
            if error.code not in _CANNOT:
                raise
            work.say(f"{group.id}: {error}")
            raise _fence_by_hand(group) from error


class LiftFence(_AtSource):
    """Hosts of the protected site can write again: a planned run was given up before it moved anything."""

    async def _observe(self, work: Work, group: Group, driver: ReplicationDriver) -> Done | None:
        status = await driver.query(group.name)
        own = set(_fenced_by(work, group))
        return None if any(v.fenced and v.id in own for v in status.volumes) else Done()

    async def _act(self, work: Work, group: Group, driver: ReplicationDriver) -> None:
        await driver.lift_fence(group.name, _fenced_by(work, group), token=work.token)


def volumes_to_fence(work: Work, group: Group) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns the volumes (ids of the protected array) that are fenced, and those that stay writable."""
    arguments = work.step.arguments
    kept = set(arguments["kept"])
    for lying in arguments["lying"]:
        if not _is_off(work, lying["guest"]):
            kept |= set(lying["volumes"])
    every = tuple(group.datastores)
    return tuple(v for v in every if v not in kept), tuple(v for v in every if v in kept)


def _fenced_by(work: Work, group: Group) -> tuple[str, ...]:
    """What the run fenced, or may have begun to."""
    key = keys.fenced(group.id)
    found = work.results(key).get(key)
    return tuple(found["fenced"]) if found is not None else tuple(group.datastores)


async def _patiently(call: Callable[[], Awaitable[T]], group: Group) -> T:
    """Asks an array some times, then the operator. Wrong credentials are not sent again."""
    for pause in (*_PATIENCE_S, None):
        try:
            return await call()
        except Unreachable as error:
            if pause is None or isinstance(error, WrongCredentials | PinMismatch):
                raise _fence_by_hand(group) from error
            await asyncio.sleep(pause)
    raise AssertionError("the last pause is None")


def _unfenced(array: str) -> str:
    return (
        f"the protected array {array} cannot be made to fence the volumes that move:"
        " are they withdrawn from the protected hosts, or the hosts off?"
    )


def _fence_by_hand(group: Group) -> Question:
    return Question(
        _unfenced(protected_array(group)),
        about=group.id,
        remedy="approve once that is so; retry: try again; or cancel the run",
    )
