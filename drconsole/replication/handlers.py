"""What halts, promotes, presents and cleans up: each reads the array, acts, and reads it again.

Only recovery arrays are spoken to, so a disaster run contacts nothing of the protected site; what a
planned run asks of the protected ones is in `planned`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from drconsole.errors import DeviceError, Refused
from drconsole.model.step import Done, Facts, Handlers, Work
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.replication.contract import Clone, GroupStatus, ReplicationDriver, VolumeStatus
from drconsole.replication.group_handler import GroupHandler
from drconsole.replication.groups import Group, Seen, initiators
from drconsole.replication.planned import Fence, LiftFence, Sync, lost_since_sync
from drconsole.replication.timing import seconds_between
from drconsole.settings.values import Settings


def handlers(settings: Settings, plan: PlanInput) -> Handlers:
    """Binds the handlers that `replication.steps` names. An array is opened for each use."""
    own = settings, plan.site.rpo_s
    return {
        "replication.sync": Sync(*own),
        "replication.halt": _Halt(*own),
        "replication.fence": Fence(*own),
        "replication.lift-fence": LiftFence(*own),
        "replication.promote": _Promote(*own),
        "replication.present": _Present(*own),
        "replication.unpresent": _Unpresent(*own),
        "replication.test-stop": _TestStop(*own),
    }


class _Halt(GroupHandler):
    """A drill: consistent point-in-time clones while replication goes on. Else: replication halts."""

    async def _observe(self, work: Work, group: Group, driver: ReplicationDriver) -> Done | None:
        status = await driver.query(group.name)
        if work.mode == "drill":
            clone = clone_of(status, label(work, group))
            return Done(result=_halted(status, clone.point_in_time, clone.handle)) if clone else None
        if status.state in ("halted", "promoted"):
            halted = _halted(status, status.point_in_time, "")
            lost = lost_since_sync(work, group, status)
            return Done(result=halted if lost is None else halted | {"rpo_s": lost})
        return None

    async def _act(self, work: Work, group: Group, driver: ReplicationDriver) -> None:
        status = await driver.query(group.name)
        _refuse_unsynchronised(group, status)
        self._say_lag(work, group, status)
        if work.mode == "drill":
            await driver.test_start(group.name, token=work.token, label=label(work, group))
            return
        await driver.halt(group.name, token=work.token, planned=work.mode == "planned")
        _refuse_partial(group, await driver.query(group.name))

    def _say_lag(self, work: Work, group: Group, status: GroupStatus) -> None:
        if self.rpo_s is not None and status.lag_s is not None and status.lag_s > self.rpo_s:
            work.say(
                f"{group.id} is {status.lag_s:.0f} s behind its source, more than the objective of"
                f" {self.rpo_s:.0f} s",
                lag_s=status.lag_s,
            )


class _Promote(GroupHandler):
    async def _observe(self, work: Work, group: Group, driver: ReplicationDriver) -> Done | None:
        status = await driver.query(group.name)
        if status.state != "promoted":
            return None
        return Done(result={"point_in_time": status.point_in_time, "as_of": status.as_of})

    async def _act(self, work: Work, group: Group, driver: ReplicationDriver) -> None:
        status = await driver.query(group.name)
        if status.state != "halted":
            raise Refused(
                f"is {status.state}, and only a halted group is promoted", about=f"group {group.id}"
            )
        _refuse_unsynchronised(group, status)
        await driver.promote(group.name, token=work.token)


class _Present(GroupHandler):
    """CONNECT: volumes to the known initiators of the hosts that had them mounted (R66)."""

    async def _observe(self, work: Work, group: Group, driver: ReplicationDriver) -> Done | None:
        volumes = await connectable(work, group, driver)
        shown = {p.volume: set(p.initiators) for p in await driver.presentations()}
        wanted = _wanted(work, volumes)
        if all(set(names) <= shown.get(volume, set()) for volume, names in wanted.items()):
            seen = work.step.arguments["viewers"]
            return Done(result={"volumes": [_fact(group, v, seen[v.source]) for v in volumes]})
        return None

    async def _act(self, work: Work, group: Group, driver: ReplicationDriver) -> None:
        wanted = _wanted(work, await connectable(work, group, driver))
        for volume, names in wanted.items():
            if names:
                await driver.present((volume,), names)


class _Unpresent(GroupHandler):
    """Withdraws a drill's clones from everybody; the group's own volumes were never presented."""

    async def _observe(self, work: Work, group: Group, driver: ReplicationDriver) -> Done | None:
        return Done() if not await self._shown(work, group, driver) else None

    async def _act(self, work: Work, group: Group, driver: ReplicationDriver) -> None:
        for volume, names in (await self._shown(work, group, driver)).items():
            await driver.unpresent((volume,), names)

    async def _shown(self, work: Work, group: Group, driver: ReplicationDriver) -> dict[str, tuple[str, ...]]:
        clone = clone_of(await driver.query(group.name), label(work, group))
        own = {volume.id for volume in clone.volumes} if clone else set()
        return {
            p.volume: p.initiators for p in await driver.presentations() if p.volume in own and p.initiators
        }


class _TestStop(GroupHandler):
    async def _observe(self, work: Work, group: Group, driver: ReplicationDriver) -> Done | None:
        return None if clone_of(await driver.query(group.name), label(work, group)) else Done()

    async def _act(self, work: Work, group: Group, driver: ReplicationDriver) -> None:
        clone = clone_of(await driver.query(group.name), label(work, group))
        if clone:
            await driver.test_stop(group.name, clone.handle)


def label(work: Work, group: Group) -> str:
    """What a run's clones are called on the array: unique a run and a group, the same over attempts."""
    return f"drconsole-{work.run}-{group.name}"


def clone_of(status: GroupStatus, name: str) -> Clone | None:
    return next((clone for clone in status.clones if clone.label == name), None)


async def connectable(work: Work, group: Group, driver: ReplicationDriver) -> tuple[VolumeStatus, ...]:
    """Returns what is connected: the clones in a drill, the promoted volumes in a real run.

    Raises Refused while replication still runs, and DeviceError where a volume of the plan is missing.
    """
    status = await driver.query(group.name)
    volumes = _volumes(work, group, status)
    missing = set(group.datastores) - {volume.source for volume in volumes}
    if missing:
        raise DeviceError(
            f"has no copy of {', '.join(sorted(missing))}", about=f"group {group.id}", code="NOT_FOUND"
        )
    return tuple(volume for volume in volumes if volume.source in group.datastores)


def _volumes(work: Work, group: Group, status: GroupStatus) -> tuple[VolumeStatus, ...]:
    if work.mode == "drill":
        handle = work.result(keys.halted(group.id)).get("clone", "")
        clone = next((c for c in status.clones if c.handle == handle), None)
        if clone is None:
            raise Refused("its clone is gone", about=f"group {group.id}", remedy="start another drill")
        return clone.volumes
    if status.state != "promoted":
        raise Refused(
            f"is {status.state}; volumes that still receive replication are never presented",
            about=f"group {group.id}",
        )
    return status.volumes


def _wanted(work: Work, volumes: tuple[VolumeStatus, ...]) -> dict[str, tuple[str, ...]]:
    told: dict[str, Any] = work.step.arguments["viewers"]
    return {
        volume.id: initiators(
            msgspec.convert(told[volume.source], tuple[Seen, ...]),
            naa=volume.naa,
            nfs_host=volume.nfs_host,
            about=volume.source,
        )
        for volume in volumes
    }


def _fact(group: Group, volume: VolumeStatus, viewers: list[Facts]) -> Facts:
    """`volume` is the protected array's id of it, `replica` the recovery array's; `hosts` may see it."""
    return {
        "volume": volume.source,
        "replica": volume.id,
        "naa": volume.naa,
        "nfs_host": volume.nfs_host,
        "nfs_path": volume.nfs_path,
        "label": group.datastores[volume.source],
        "hosts": [viewer["host"] for viewer in viewers],
    }


def _halted(status: GroupStatus, point_in_time: str, clone: str) -> Facts:
    lag = seconds_between(point_in_time, status.as_of)
    if status.lag_s is not None and not clone:
        lag = status.lag_s
    return {
        "point_in_time": point_in_time,
        "rpo_s": lag,
        "clone": clone,
        "as_of": status.as_of,
        "source_confirmed": status.source_confirmed,
        "volumes": [volume.source for volume in status.volumes],
    }


def _refuse_unsynchronised(group: Group, status: GroupStatus) -> None:
    behind = [volume.source for volume in status.volumes if not volume.synced]
    if behind:
        raise Refused(
            f"the first synchronisation of {', '.join(behind)} is not finished",
            about=f"group {group.id}",
            remedy="wait for it and retry the step",
        )


def _refuse_partial(group: Group, status: GroupStatus) -> None:
    if status.state in ("halted", "promoted"):
        return
    refused = [
        f"{volume.source} ({volume.error or volume.state})"
        for volume in status.volumes
        if volume.state not in ("halted", "promoted")
    ]
    raise DeviceError(
        f"is {status.state}: not halted are {', '.join(refused)}",
        about=f"group {group.id}",
        code="PARTIAL",
        remedy="look at the array, then retry the step",
    )
