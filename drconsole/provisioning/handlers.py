"""What installs machines: boot, install, ready. `wiping` takes them back.

Four ways in which nothing happens have four messages: never booted from the network, no kickstart
fetched, the installer fell silent, installed but never came up.
"""

from __future__ import annotations

import asyncio
import time

from drconsole.errors import DeadlinePassed, DeviceError
from drconsole.model.step import Done, Handler, Handlers, Work
from drconsole.planning.plan_input import PlanInput
from drconsole.provisioning.bench import Bench, Served
from drconsole.provisioning.boot_log import Kind
from drconsole.provisioning.boot_service import BootService
from drconsole.provisioning.contract import Machine
from drconsole.provisioning.identity import data_on, refuse_another_machine, refuse_foreign_data
from drconsole.provisioning.jobs import Job, wipe_job
from drconsole.provisioning.limits import Limits
from drconsole.provisioning.netboot import netboot, on_its_way
from drconsole.provisioning.wiping import PowerOff, Restore, Wipe, erase
from drconsole.settings.values import Settings

_LOOK_S = 5.0
"""How often the machine itself is asked while its report is waited for: a report can be lost."""

_STUCK: tuple[Kind, ...] = ("error", "gave-up")
_INSTALLED: tuple[Kind, ...] = ("end", "firstboot")


def handlers(settings: Settings, plan: PlanInput, boot: BootService | None = None) -> Handlers:
    """Binds the handlers that `provisioning.steps` names.

    `boot` is a boot service that has started; without one the run's own is opened at the first use, in
    the running event loop, and listens until the handlers are closed.
    """
    bench = Bench(settings, plan, boot)
    own: Handlers = {
        "provision.boot": _Boot(bench),
        "provision.install": _Install(bench),
        "provision.ready": _Ready(bench),
        "provision.power-off": PowerOff(bench),
        "provision.wipe": Wipe(bench),
        "provision.restore": Restore(bench),
    }
    return _Bound(bench, {name: Served(bench, handler) for name, handler in own.items()})


class _Bound(dict[str, Handler]):
    """The handlers by name. To close them ends the boot service that they share."""

    def __init__(self, bench: Bench, handlers: Handlers) -> None:
        super().__init__(handlers)
        self._bench = bench

    async def close(self) -> None:
        await self._bench.close()


class _Boot:
    """The machine asked the boot service for its script, in a power cycle that we ordered."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def observe(self, work: Work) -> Done | None:
        job, log = self._bench.job(work), self._bench.boot.log
        seen = log.find(job.id, ("netboot", "script", "start", *_INSTALLED))
        if seen is None or log.find(job.id, ("gave-up",)):
            return None
        return Done(result={"target": job.target, "mac": seen.mac or job.mac, "at": seen.at})

    async def act(self, work: Work) -> None:
        await boot_again(work, self._bench, self._bench.job(work))


async def boot_again(work: Work, bench: Bench, job: Job) -> None:
    """Orders a network boot, after making sure of the machine and of its disk.

    Nothing is ordered while an earlier order leads somewhere: its install may be complete by now.
    """
    limits = bench.limits(job)
    async with bench.machine(job) as machine:
        if await on_its_way(machine, bench.boot, job, limits):
            return
        found = await machine.probe()
        ours = any(event.kind == "start" for event in bench.boot.log.history(job.id))
        refuse_another_machine(job, found)
        refuse_foreign_data(job, found, ours=ours)
        if job.kind == "management" and data_on(job, found):
            await _make_room(work, machine, bench, job, limits)
        await netboot(work, machine, bench.boot, job, limits)


async def _make_room(work: Work, machine: Machine, bench: Bench, job: Job, limits: Limits) -> None:
    """An appliance takes an empty disk only; the operator, or this run's own install, gave it up."""
    work.say(f"{job.target}: disk {job.disk} is wiped, as agreed", serial=job.disk)
    await erase(work, machine, bench.boot, wipe_job(job), limits)


class _Install:
    """The machine reported the end of its install, or answers already as what was installed."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def observe(self, work: Work) -> Done | None:
        job = self._bench.job(work)
        if self._bench.boot.installed(job) or await self._answers(job):
            return Done(result={"target": job.target, "disk": job.disk, "folder": job.folder})
        return None

    async def act(self, work: Work) -> None:
        job = self._bench.job(work)
        if self._bench.boot.log.find(job.id, _STUCK):
            await boot_again(work, self._bench, job)
        limits = self._bench.limits(job)
        if not await self._fetched(work, job, limits):
            # Nothing is installed yet, and the boot service may have been away: a second boot is harmless.
            work.say(f"{job.target} fetched no {_script_name(job)}; it is booted again")
            self._bench.boot.log.add(job.id, "gave-up")
            await boot_again(work, self._bench, job)
            if not await self._fetched(work, job, limits):
                raise self._gave_up(
                    job,
                    f"booted from the network and fetched no {_script_name(job)} within {limits.netboot:g} s",
                    "look at its screen: a missing file of the medium, or no way back to the boot service",
                )
        work.progress("installing")
        await self._ended(job, limits)

    async def _fetched(self, work: Work, job: Job, limits: Limits) -> bool:
        work.progress("loading")
        wanted: tuple[Kind, ...] = ("script", *_INSTALLED, "error")
        return await self._bench.boot.log.wait_for(job.id, wanted, limits.netboot) is not None

    async def _ended(self, job: Job, limits: Limits) -> None:
        end = time.monotonic() + limits.install
        look = min(_LOOK_S, limits.install / 10)
        while time.monotonic() < end:
            event = await self._bench.boot.log.wait_for(job.id, ("error", *_INSTALLED), look)
            if event is not None and event.kind == "error":
                raise DeviceError(
                    f"the installer stopped: {event.text or 'it gave no reason'}",
                    about=job.target,
                    code="INSTALLER",
                    remedy="look at its screen, then retry the step or replace the target",
                )
            if event is not None or await self._answers(job):
                return
        raise self._gave_up(
            job,
            f"the installer has been silent for {limits.install:g} s"
            if self._bench.boot.log.find(job.id, ("start",))
            else f"fetched its {_script_name(job)}, and the installer never reported",
            "look at its screen, then retry the step or replace the target",
        )

    async def _answers(self, job: Job) -> bool:
        return isinstance(await self._bench.answer(job), dict)

    def _gave_up(self, job: Job, text: str, remedy: str) -> DeadlinePassed:
        self._bench.boot.log.add(job.id, "gave-up")
        return DeadlinePassed(text, about=job.target, remedy=remedy)


def _script_name(job: Job) -> str:
    return "answers.json" if job.kind == "management" else "kickstart"


class _Ready:
    """It answers at its address as what it should be (R63, R64)."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def observe(self, work: Work) -> Done | None:
        told = await self._bench.answer(self._bench.job(work))
        return Done(result=told) if isinstance(told, dict) else None

    async def act(self, work: Work) -> None:
        job = self._bench.job(work)
        limits = self._bench.limits(job)
        work.progress("starting")
        end, pause = time.monotonic() + limits.ready, 0.1
        while not isinstance(told := await self._bench.answer(job), dict):
            if time.monotonic() > end:
                raise DeadlinePassed(
                    f"installed, and did not come up at {job.address} within {limits.ready:g} s: {told}",
                    about=job.target,
                    remedy="look at its screen: its first boot from disk, its NIC, its address",
                ) from told
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LOOK_S)
