"""What one machine shall boot from the network for: decided from the plan alone, nothing secret."""

from __future__ import annotations

from typing import Literal

import msgspec

from drconsole.errors import Refused
from drconsole.model.target import Target, TargetDisk, TargetHardware, TargetNic
from drconsole.planning.plan_input import PlanInput
from drconsole.provisioning.images import WIPE, folder_name
from drconsole.provisioning.roles import Became, Role, deployed, former


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A machine and what it boots for.

    `id` names it in tokens and in the boot log. `uuid`, `serial` and `macs` are the target's identity
    at its probe; `mac` its first NIC with link, which the installer uses. `disk` is the serial of the
    disk to install on or to wipe; it may be able to erase itself; `overwrite` says that the operator
    agreed to lose what is on it. `folder` is the medium's. `inherited` is a machine that a drill
    installed before it was taken from it: it is to be wiped even where this run never ordered anything.
    """

    id: str
    kind: Became | Literal["wipe"]
    name: str
    target: str
    protected: str
    uuid: str
    serial: str
    macs: tuple[str, ...]
    mac: str
    second_mac: str
    disk: str
    erases_itself: bool
    overwrite: bool
    folder: str
    address: str
    inherited: bool = False


def jobs_of(plan: PlanInput) -> tuple[Job, ...]:
    """Returns an install and a wipe for each deployed role, and for each target that was given up.

    Raises what `install_job` raises.
    """
    installs = tuple(install_job(plan, role) for role in (*deployed(plan), *former(plan)))
    return installs + tuple(wipe_job(job) for job in installs)


def install_job(plan: PlanInput, role: Role) -> Job:
    """Returns the install of one role.

    Raises Refused for a target that was never probed, has no link anywhere, or no disk that may be
    written to.
    """
    target = plan.targets[role.target]
    hardware = target.hardware
    if hardware is None:
        raise Refused("was never probed", about=target.name, remedy=f"drconsole target check {target.name}")
    linked = _linked(target, hardware)
    disk = _install_disk(target, hardware, _smallest_disk(plan, role))
    return Job(
        id=f"{role.name}@{target.name}",
        kind=role.became,
        name=role.name,
        target=target.name,
        protected=role.protected,
        uuid=hardware.uuid.lower(),
        serial=hardware.serial,
        macs=tuple(nic.mac for nic in hardware.nics),
        mac=linked[0].mac,
        second_mac=linked[min(1, len(linked) - 1)].mac,
        disk=disk.serial,
        erases_itself=disk.secure_erase,
        overwrite=target.may_wipe,
        folder=_folder(plan, role),
        address=role.address or plan.addresses[role.name],
        inherited=role.target in plan.taken,
    )


def wipe_job(job: Job) -> Job:
    """Returns the wipe of what an install wrote to."""
    return msgspec.structs.replace(job, id=f"wipe@{job.target}", kind="wipe", folder=WIPE, overwrite=True)


def _linked(target: Target, hardware: TargetHardware) -> list[TargetNic]:
    """A BMC that cannot tell link leaves the choice to the firmware, which takes the first that works."""
    linked = [nic for nic in hardware.nics if nic.link] or [n for n in hardware.nics if n.link is None]
    if not linked:
        raise Refused("no NIC has link", about=target.name, remedy="look at its cables, or take a spare")
    return linked


def _install_disk(target: Target, hardware: TargetHardware, least_bytes: int) -> TargetDisk:
    """The first disk that is large enough and empty, then one whose data may be lost."""
    large = [disk for disk in hardware.disks if disk.serial and disk.size_bytes >= least_bytes]
    empty = [disk for disk in large if not disk.has_data]
    if empty or (target.may_wipe and large):
        return (empty or large)[0]
    text = "every disk that is large enough holds data" if large else "no disk is large enough"
    raise Refused(text, about=target.name, remedy="target add --may-wipe, or take a spare")


def _smallest_disk(plan: PlanInput, role: Role) -> int:
    if role.became != "linux":
        return 1
    server = next((s for s in plan.site.physical_servers if s.name == role.protected), None)
    return (server.disk_gib if server else 0) * 2**30


def _folder(plan: PlanInput, role: Role) -> str:
    """The medium of exactly the captured product and version (R56)."""
    if role.became == "management":
        server = plan.snapshot.management_server
        return folder_name(server.product if server else "", server.version if server else "")
    if role.became == "hypervisor":
        host = next((h for h in plan.snapshot.hosts if h.id == role.protected), None)
        product = host.product if host else None
        return folder_name(product.name if product else "", product.version if product else "")
    physical = next((s for s in plan.site.physical_servers if s.name == role.protected), None)
    return folder_name(physical.operating_system if physical else "", physical.version if physical else "")
