"""The default world with bare targets made machines at once, and a runner in small over its import.

Nothing is installed over the network here: each role is put on its target as its installer would have
left it. From there on everything is real: the plan, the handlers, the protocols and the world.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from drconsole.errors import DRConsoleError
from drconsole.lab.lab import Lab, make_lab
from drconsole.lab.net.addresses import claim
from drconsole.lab.options import LabOptions
from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.machine import Machine
from drconsole.lab.world.management import Management
from drconsole.model.inventory import Host, Snapshot
from drconsole.model.mapping import HostMapping, VmSelection
from drconsole.model.step import Facts, Handlers, Mode, Step
from drconsole.model.target import Target, TargetDisk, TargetHardware, TargetNic
from drconsole.planning.plan_input import PlanInput
from drconsole.planning.readiness import World as ReadyWorld
from drconsole.platforms.vsphere.platform import VSpherePlatform
from drconsole.recovery.carry import carry_out
from drconsole.recovery.drivers import REPLICATION, close_all, rooms_of
from drconsole.recovery.planner import Request, compose
from drconsole.recovery.schedule import Schedule
from drconsole.settings.file import load
from drconsole.settings.values import DEADLINES, Settings
from tests.lab.bare_roles import install_roles
from tests.unit.devices.work import FakeWork

SPEED = 600.0
ROOMS = (VSpherePlatform(), REPLICATION)
GIVEN = ("preflight", "map", "provision")
"""Stages that are taken as done: their results are given."""

Before = Callable[[Step], Awaitable[None]]


class Recovery:
    """One run over one lab. `results` are of done steps, `failed` the errors of failed ones."""

    def __init__(self, lab: Lab, settings: Settings, plan: PlanInput, steps: tuple[Step, ...]) -> None:
        self.lab = lab
        self.settings = settings
        self.plan = plan
        self.steps = {step.key: step for step in steps}
        self.results: dict[str, Facts] = {}
        self.failed: dict[str, DRConsoleError] = {}
        self.said: list[str] = []
        self.acted: list[str] = []
        self.approved: frozenset[str] = frozenset()
        self.handlers: Handlers = {}
        self._bind()

    async def restart(self) -> None:
        """What a new runner process begins with: handlers without any memory."""
        await self.close()
        self._bind()

    def amend(self, plan: PlanInput) -> None:
        """Goes on by another plan; results stay as they are."""
        self.plan = plan
        self.steps = {step.key: step for room in ROOMS for step in room.steps(plan)}

    def _bind(self) -> None:
        self._rooms = [room.handlers(self.settings, self.plan) for room in ROOMS]
        self.handlers = {
            name: _Noting(handler, self) for room in self._rooms for name, handler in room.items()
        }

    async def close(self) -> None:
        await close_all(self._rooms)

    def work(self, key: str) -> FakeWork:
        work = FakeWork(self.steps[key], self.plan.mode, self.results, self.said)
        work.approved = self.approved
        return work

    async def carry(self, key: str) -> Facts:
        """Carries one step out by the runner's rules and keeps its result."""
        result = await carry_out(self.handlers[self.steps[key].handler], self.work(key))
        self.results[key] = result
        return result

    async def run(self, *wanted: str, until: str = "") -> None:
        """Carries out what these steps need and themselves; all of the plan if none is named.

        `until` names the stage that is the last one. Failed steps stop what needs them, as in a run.
        """
        keys_of = self._with_needs(wanted) if wanted else set(self.steps)
        if until:
            stages = ["uplinks", "storage", "import", "guests"]
            allowed = {*GIVEN, "halt", *stages[: stages.index(until) + 1]}
            keys_of = {key for key in keys_of if self.steps[key].stage in allowed}
        chosen = [step for step in self.steps.values() if step.key in keys_of and step.stage not in GIVEN]
        schedule = Schedule(
            [_within(step, {s.key for s in chosen}) for step in chosen],
            dict.fromkeys(self.results, "done"),
        )
        await self._carry_all(schedule)

    async def _carry_all(self, schedule: Schedule) -> None:
        running: set[asyncio.Task[None]] = set()
        while True:
            while (step := schedule.start()) is not None:
                running.add(asyncio.create_task(self._one(schedule, step.key)))
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()

    async def _one(self, schedule: Schedule, key: str) -> None:
        try:
            await self.carry(key)
        except DRConsoleError as error:
            self.failed[key] = error
            schedule.settle(key, "failed")
        else:
            self.failed.pop(key, None)
            schedule.settle(key, "done")

    def _with_needs(self, wanted: tuple[str, ...]) -> set[str]:
        found: set[str] = set()
        pending = list(wanted)
        while pending:
            key = pending.pop()
            if key in self.steps and key not in found:
                found.add(key)
                pending += [*self.steps[key].needs, *self.steps[key].optional_needs]
        return found

    def order(self) -> list[str]:
        """The keys of all steps that are carried out here, needs first."""
        placed: dict[str, None] = {}
        wanted = [step for step in self.steps.values() if step.stage not in GIVEN]
        while len(placed) < len(wanted):
            for step in wanted:
                needs = {*step.needs, *step.optional_needs} & {s.key for s in wanted}
                if needs <= placed.keys():
                    placed[step.key] = None
        return list(placed)

    def of(self, handler: str) -> list[Step]:
        """Steps by their handler's name."""
        return [step for step in self.steps.values() if step.handler == f"vsphere.{handler}"]

    def host(self, name: str) -> Hypervisor:
        """The recovered host of that protected name, as it is in the world."""
        role = next(role for role in self.plan.mapping.hosts if role.name.startswith(name))
        system = self.lab.world.machines[role.target].system
        assert isinstance(system, Hypervisor)
        return system

    def captured(self, name: str) -> Host:
        return next(host for host in self.plan.snapshot.hosts if host.name.startswith(name))

    @property
    def management(self) -> Management:
        server = self.plan.mapping.management_server
        assert server is not None
        system = self.lab.world.machines[server.target].system
        assert isinstance(system, Management)
        return system

    def effects(self, *names: str) -> list[tuple[str, str]]:
        """(effect, object) of the ledger's lines with these effects, in order."""
        return [(e.effect, e.object) for e in self.lab.world.ledger.entries if e.effect in names]


class _Noting:
    """A handler that notes in the recovery when it acts."""

    def __init__(self, handler: Any, recovery: Recovery) -> None:
        self.inner = handler
        self._recovery = recovery

    async def observe(self, work: Any) -> Any:
        return await self.inner.observe(work)

    async def act(self, work: Any) -> None:
        self._recovery.acted.append(work.step.key)
        await self.inner.act(work)


def _within(step: Step, keys_of: set[str]) -> Step:
    """Needs on steps that are taken as done are left out."""
    return msgspec.structs.replace(
        step,
        needs=tuple(need for need in step.needs if need in keys_of),
        optional_needs=tuple(need for need in step.optional_needs if need in keys_of),
    )


Change = Callable[[Snapshot], Snapshot]


@asynccontextmanager
async def open_recovery(
    directory: Path,
    mode: Mode = "drill",
    *,
    change: Change | None = None,
    configure: Callable[[Path], None] | None = None,
    mapping: Callable[[HostMapping], HostMapping] | None = None,
    selection: Callable[[VmSelection], VmSelection] | None = None,
    speed: float = SPEED,
    unlinked: float = 0.0,
    hosts: int = 4,
    guests: int = 40,
) -> AsyncIterator[Recovery]:
    """A lab whose roles stand on their targets, and the run that would follow.

    `change` edits the captured snapshot, `configure` the configuration file.
    """
    options = LabOptions(
        directory=str(directory),
        speed=speed,
        unlinked=unlinked,
        hosts=hosts,
        vms=guests,
        deadlines=dict.fromkeys(DEADLINES, 60 * speed),
    )
    lab = make_lab(options, claim(), _nothing_boots)
    recovery: Recovery | None = None
    try:
        await lab.open()
        if configure is not None:
            configure(directory / "drconsole.toml")
        settings = load(str(directory / "drconsole.toml"))
        taken = await _captured_once(settings, hosts, guests)
        taken = change(taken) if change else taken
        plan, steps = _planned(lab, settings, taken, mode, mapping, selection)
        recovery = Recovery(lab, settings, plan, steps)
        recovery.results |= install_roles(lab, settings, plan)
        await lab.listeners.settle()
        yield recovery
    finally:
        if recovery is not None:
            await recovery.close()
        await lab.close()


_taken: dict[tuple[int, int], Snapshot] = {}
"""One seed, one world: what was captured of it once is the same for every lab."""


async def _captured_once(settings: Settings, hosts: int, guests: int) -> Snapshot:
    if (hosts, guests) not in _taken:
        _taken[hosts, guests] = await captured(settings)
    return _taken[hosts, guests]


async def captured(settings: Settings) -> Snapshot:
    """The protected site's snapshot, taken over the wire."""
    platform = VSpherePlatform()
    return await platform.capture(settings.sites["pittsburgh"], settings, "recovery", lambda _line: None)


async def _nothing_boots(url: str, headers: Mapping[str, str]) -> bytes:
    raise AssertionError(f"nothing boots here: {url}")


def _planned(
    lab: Lab,
    settings: Settings,
    snapshot: Snapshot,
    mode: Mode,
    mapping: Callable[[HostMapping], HostMapping] | None,
    selection: Callable[[VmSelection], VmSelection] | None,
) -> tuple[PlanInput, tuple[Step, ...]]:
    targets = {n: _target(m) for n, m in lab.world.machines.items() if m.side == "recovery"}
    every = rooms_of(settings, "pittsburgh")
    request = Request(
        run="R-1",
        site="pittsburgh",
        mode=mode,
        snapshot_id="sha256:" + "0" * 64,
        snapshot=snapshot,
        targets=targets,
        world=_ready_world(),
    )
    source = compose(settings, request, every).source
    if mapping or selection:
        chosen = msgspec.structs.replace(
            request,
            mapping=mapping(source.mapping) if mapping else source.mapping,
            selection=selection(source.selection) if selection else source.selection,
        )
        source = compose(settings, chosen, every).source
    steps = [step for room in ROOMS for step in room.steps(source)]
    return source, tuple(steps)


def _ready_world() -> ReadyWorld:
    return ReadyWorld(now=datetime.now(UTC))


def _target(machine: Machine) -> Target:
    return Target(
        name=machine.name,
        segment=machine.segment,
        may_wipe=True,
        hardware=TargetHardware(
            uuid=machine.hardware.uuid,
            serial=machine.hardware.serial,
            cpu_vendor=machine.hardware.cpu_vendor,
            cpu_cores=machine.hardware.cpu_cores,
            cpu_threads=machine.hardware.cpu_threads,
            memory_mib=machine.hardware.memory_mib,
            boot_mode="uefi",
            nics=tuple(
                TargetNic(id=nic.name, mac=nic.mac, link=nic.link, speed_mbit=nic.speed_mbit)
                for nic in machine.nics
            ),
            disks=tuple(
                TargetDisk(id=d.serial, serial=d.serial, size_bytes=d.size_bytes, has_data=False)
                for d in machine.disks
            ),
            wwpns=machine.hardware.wwpns,
        ),
    )
