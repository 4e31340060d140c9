"""Is this the machine that the plan means, and may its disk be written to? Asked before each act."""

from __future__ import annotations

from drconsole.errors import DeviceError, Refused
from drconsole.model.target import TargetHardware
from drconsole.provisioning.jobs import Job


def refuse_another_machine(job: Job, found: TargetHardware) -> None:
    """Raises Refused where SMBIOS UUID, serial or MACs differ from those of the plan."""
    differences = []
    if found.uuid.lower() != job.uuid:
        differences.append(f"UUID {found.uuid}, not {job.uuid}")
    if job.serial and found.serial and found.serial != job.serial:
        differences.append(f"serial {found.serial}, not {job.serial}")
    strange = set(job.macs) - {nic.mac for nic in found.nics}
    if strange and found.nics:
        differences.append(f"no NIC {', '.join(sorted(strange))}")
    if differences:
        raise Refused(
            f"another machine answers: {'; '.join(differences)}",
            about=job.target,
            remedy=f"correct its BMC address, then drconsole target check {job.target}",
        )


def refuse_foreign_data(job: Job, found: TargetHardware, *, ours: bool) -> None:
    """Raises Refused where the disk to install on is gone, or holds data that nobody gave up.

    `ours` says that this run itself wrote to it before.
    """
    disk = next((disk for disk in found.disks if disk.serial == job.disk), None)
    if disk is None:
        raise Refused(
            f"disk {job.disk} is gone", about=job.target, remedy=f"drconsole target check {job.target}"
        )
    if disk.has_data and not (ours or job.overwrite):
        raise Refused(
            f"disk {job.disk} holds data",
            about=job.target,
            remedy="allow it with may_wipe = true, or take a spare",
        )


def data_on(job: Job, found: TargetHardware) -> bool | None:
    """Returns whether the job's disk holds data; None where nothing can tell.

    Raises DeviceError where the disk is not listed: nothing is known of it then.
    """
    for disk in found.disks:
        if disk.serial == job.disk:
            return disk.has_data
    raise DeviceError(f"disk {job.disk} is gone", about=job.target, code="NO_DISK")
