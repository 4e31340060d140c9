"""Making a machine boot from the network, and making sure that it did.

A BMC that took a boot order has promised nothing: some ignore Once, some boot the disk. The proof is the
machine's own request at the boot service.
"""

from __future__ import annotations

from drconsole.errors import DeadlinePassed, DeviceError, Unreachable
from drconsole.model.step import Work
from drconsole.provisioning.boot_service import BootService
from drconsole.provisioning.contract import Machine
from drconsole.provisioning.jobs import Job
from drconsole.provisioning.limits import ATTEMPTS, Limits


async def netboot(work: Work, machine: Machine, boot: BootService, job: Job, limits: Limits) -> None:
    """Orders network boots until the machine asks for its boot script.

    Twice with Once, then with Continuous, which is taken back as soon as it worked. Raises
    DeadlinePassed after the last.
    """
    for attempt in range(1, ATTEMPTS + 1):
        work.progress("booting")
        await order(work, machine, boot, job, limits, always=attempt == ATTEMPTS)
        if await boot.log.wait_for(job.id, ("netboot",), limits.netboot):
            if attempt == ATTEMPTS:
                await work.check()
                await machine.boot_as_usual()
            return
        # From here on a late machine gets no script: it would install under the next power cycle.
        boot.log.add(job.id, "gave-up")
        work.say(f"{job.target} did not boot from the network (attempt {attempt} of {ATTEMPTS})")
    await work.check()
    await machine.boot_as_usual()
    raise DeadlinePassed(
        f"never booted from the network, in {ATTEMPTS} attempts of {limits.netboot:g} s",
        about=job.target,
        remedy=f"look at its cable and firmware, or replace {job.target} by a spare of the pool",
    )


async def order(
    work: Work, machine: Machine, boot: BootService, job: Job, limits: Limits, *, always: bool
) -> None:
    """Sets the boot order and restarts the machine: one power cycle."""
    await work.check()
    untouched = boot.log.find(job.id, ("cycle",)) is None
    await machine.turn_off(within_s=limits.power, graceful=untouched)
    await work.check()
    await machine.boot_from(f"{boot.url(job)}/boot.ipxe", always=always)
    await work.check()
    boot.log.begin(job.id)
    await machine.turn_on(within_s=limits.power)


async def on_its_way(machine: Machine, boot: BootService, job: Job, limits: Limits) -> bool:
    """Whether the power cycle that was ordered last leads somewhere: ask before ordering another.

    A machine that an earlier runner restarted is given the rest of its time. One that is off is not: its
    power-on got lost.
    """
    ordered = boot.log.find(job.id, ("cycle",))
    if ordered is None or boot.log.find(job.id, ("gave-up", "error")):
        return False
    if boot.log.find(job.id, ("netboot",)):
        return True
    if await _is_off(machine):
        return False
    left = limits.netboot - ordered.age_s()
    return await boot.log.wait_for(job.id, ("netboot",), left) is not None


async def _is_off(machine: Machine) -> bool:
    """A BMC that says nothing is no reason to cut an install off."""
    try:
        return await machine.power() == "off"
    except (Unreachable, DeviceError):
        return False
