"""Taking a machine back: off, empty, and as we found it (DESIGN 4, wiping).

Only the disk that this run installed on is ever wiped; what the run did not touch is left alone.
"""

from __future__ import annotations

import asyncio
import time

from drconsole.errors import DeadlinePassed, DeviceError
from drconsole.model.step import Done, Work
from drconsole.provisioning.bench import Bench
from drconsole.provisioning.boot_service import BootService
from drconsole.provisioning.contract import Machine
from drconsole.provisioning.identity import data_on, refuse_another_machine
from drconsole.provisioning.jobs import Job
from drconsole.provisioning.limits import Limits
from drconsole.provisioning.netboot import netboot, on_its_way


class PowerOff:
    """The machine is off, or was never touched by this run."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def observe(self, work: Work) -> Done | None:
        job = self._bench.job(work)
        if not touched(self._bench.boot, job):
            return Done()
        async with self._bench.machine(job) as machine:
            return Done() if await machine.power() == "off" else None

    async def act(self, work: Work) -> None:
        job = self._bench.job(work)
        async with self._bench.machine(job) as machine:
            refuse_another_machine(job, await machine.probe())
            await work.check()
            await machine.turn_off(within_s=self._bench.limits(job).power)


class Wipe:
    """The disk that was installed on is empty: read from the BMC, or reported by the wipe itself where
    the BMC cannot tell."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def observe(self, work: Work) -> Done | None:
        job, boot = self._bench.job(work), self._bench.boot
        if not touched(boot, job):
            return Done(result={"wiped": []})
        async with self._bench.machine(job) as machine:
            data = data_on(job, await machine.probe())
        if data is False or (data is None and _wiped_since(boot, job)):
            return Done(result={"wiped": [job.disk]})
        return None

    async def act(self, work: Work) -> None:
        job = self._bench.job(work)
        async with self._bench.machine(job) as machine:
            refuse_another_machine(job, await machine.probe())
            await erase(work, machine, self._bench.boot, job, self._bench.limits(job))


class Restore:
    """The machine is off and boots as usual: it may go back to the pool."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def observe(self, work: Work) -> Done | None:
        job = self._bench.job(work)
        if not touched(self._bench.boot, job):
            return Done()
        async with self._bench.machine(job) as machine:
            idle = await machine.power() == "off" and await machine.boots_as_usual()
        return Done() if idle else None

    async def act(self, work: Work) -> None:
        job = self._bench.job(work)
        async with self._bench.machine(job) as machine:
            await work.check()
            await machine.boot_as_usual()
            await work.check()
            await machine.turn_off(within_s=self._bench.limits(job).power)


def touched(boot: BootService, job: Job) -> bool:
    """Whether this run ever ordered the machine to do something, or took it from one that had: its BMC
    may be silent else."""
    if job.inherited:
        return True
    installs = f"{job.name}@{job.target}"
    return bool(boot.log.history(installs) or boot.log.history(f"wipe@{job.target}"))


def _wiped_since(boot: BootService, job: Job) -> bool:
    """Whether the wipe was reported after the last thing that the install did."""
    wiped = boot.log.find(job.id, ("wiped",))
    installs = boot.log.history(f"{job.name}@{job.target}")
    return wiped is not None and (not installs or wiped.at >= installs[-1].at)


async def erase(work: Work, machine: Machine, boot: BootService, job: Job, limits: Limits) -> None:
    """Empties the job's disk: by the drive itself where it offers that, else by a network boot.

    Returns once it is done; the caller reads the disks again. Raises DeadlinePassed, DeviceError.
    """
    work.progress("wiping")
    if await _erases_itself(machine, job):
        await work.check()
        await machine.turn_off(within_s=limits.power)
        await work.check()
        await machine.erase(job.disk)
        await _erased(machine, boot, job, limits)
        return
    if boot.installed(job) or not await on_its_way(machine, boot, job, limits):
        await netboot(work, machine, boot, job, limits)
    event = await boot.log.wait_for(job.id, ("wiped", "error"), limits.wipe)
    if event is None:
        boot.log.add(job.id, "gave-up")
        raise DeadlinePassed(f"disk {job.disk} was not wiped in {limits.wipe:g} s", about=job.target)
    if event.kind == "error":
        raise DeviceError(f"wiping stopped: {event.text}", about=job.target, code="WIPE")
    await work.check()
    await machine.turn_off(within_s=limits.power)


async def _erases_itself(machine: Machine, job: Job) -> bool:
    return any(d.secure_erase for d in (await machine.probe()).disks if d.serial == job.disk)


async def _erased(machine: Machine, boot: BootService, job: Job, limits: Limits) -> None:
    """Waits for the drive. One that cannot tell whether it holds data has nothing left to wait for."""
    end, pause = time.monotonic() + limits.wipe, 0.1
    while (data := data_on(job, await machine.probe())) is True:
        if time.monotonic() > end:
            raise DeadlinePassed(f"disk {job.disk} still holds data", about=job.target)
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 5.0)
    if data is None:
        boot.log.begin(job.id)
        boot.log.add(job.id, "wiped", serial=job.disk)
