"""A small site's drill in a journal, with a room that gives a step for each thing that matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection

from drconsole.api.values import CommandReply
from drconsole.journal import pool, runs, steps
from drconsole.journal.journal import Journal
from drconsole.model.mapping import GuestFlag, HostRole, RoleKind, VmSelection
from drconsole.model.plan import Plan
from drconsole.model.run import StepState
from drconsole.model.site import Provisioning
from drconsole.model.step import Handlers, Step, step_key
from drconsole.model.target import Target
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.planning.verdicts import judge
from drconsole.recovery import amend, planner
from drconsole.recovery.amend import Change, Seen
from drconsole.settings.values import DEADLINES, Settings
from tests.unit.planning_site import HOSTS, ID, mapping, small_plan, small_site, target
from tests.unit.runs.plans import settings, step

FITTING = ("T0", "T1", "T2", "T3", "X1", "X2")
GUESTS = ("vm-2", "vm-3", "vm-4", "vm-5")


def pool_of(journal: Journal) -> dict[str, Target]:
    """The pool as the service sees it: X1 and X2 are spares for hosts, D for the management server alone."""
    held = journal.read(pool.leases)
    every = (
        *(target(name) for name in FITTING),
        target("D", memory_gib=32, threads=8),
        target("D2", memory_gib=32, threads=8),
        target("S", memory_gib=96, threads=24),
    )
    return {
        each.name: msgspec.structs.replace(each, state=held[each.name].state, run=held[each.name].run)
        if each.name in held
        else each
        for each in every
    }


def source(run: str = "R-1", hosts: tuple[str, ...] = HOSTS) -> PlanInput:
    plan, snapshot = small_plan(), small_site()
    made = mapping(hosts)
    named = {
        role.protected: host.name
        for role in made.hosts
        for host in snapshot.hosts
        if host.id == role.protected
    }
    made = msgspec.structs.replace(
        made, hosts=tuple(msgspec.structs.replace(role, name=named[role.protected]) for role in made.hosts)
    )
    roles = ("vc-01", "esx-01", "esx-02", "esx-03", "esx-04", "db-01")
    selection = VmSelection(
        site="pittsburgh",
        snapshot=ID,
        virtual_machines=tuple(GuestFlag(id=guest, name=guest, deploy=guest != "vm-5") for guest in GUESTS),
    )
    return PlanInput(
        run=run,
        mode="drill",
        site=plan,
        provisioning=Provisioning(
            address="172.16.0.1", netmask="255.255.255.0", first="172.16.0.10", last="172.16.0.99"
        ),
        snapshot_id=ID,
        snapshot=snapshot,
        mapping=made,
        selection=selection,
        verdicts=judge(snapshot, plan),
        targets={name: target(name) for name in ("D", "T0", "T1", "T2", "T3", "S")},
        addresses={name: f"172.16.0.{10 + number}" for number, name in enumerate(roles)},
        deadlines=DEADLINES,
    )


class SmallRoom:
    """Boot, ready, uplinks and membership of each host, and the registration of each guest."""

    def steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        return tuple(_steps(plan))

    def cleanup_steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        names = [role.target for role in plan.mapping.hosts if role.deploy]
        names += [gone.target for gone in plan.former]
        return tuple(step(step_key("cleanup", name, "wipe"), machine=name) for name in sorted(names))

    def handlers(self, settings: Settings, plan: PlanInput, /) -> Handlers:
        return {}


def _steps(plan: PlanInput) -> Iterator[Step]:
    server = plan.mapping.management_server
    assert server is not None
    for group in dict.fromkeys(entry.id for entry in plan.site.groups):
        yield step(keys.halted(group), keys.PREFLIGHT)
    yield from _machine(server.protected, server.target)
    yield step(keys.MANAGEMENT_DATACENTERS, keys.ready(server.protected), object=server.protected)
    hosts = [role for role in plan.mapping.hosts if role.deploy]
    for role in hosts:
        yield from _machine(role.name, role.target)
        about: dict[str, Any] = {"object": role.name, "machine": role.target}
        yield from _uplinks(plan, role)
        yield step(keys.host_added(role.name), keys.BARRIER, **about)
    for physical in plan.mapping.physical_servers:
        if physical.deploy:
            yield from _machine(physical.protected, physical.target)
    proofs = (keys.proved(role.name) for role in hosts)
    yield step(keys.BARRIER, keys.ready(server.protected), *proofs)
    for group in dict.fromkeys(entry.id for entry in plan.site.groups):
        yield step(keys.presented(group), keys.BARRIER)
    for flag in plan.selection.virtual_machines:
        if flag.deploy:
            yield step(keys.registered(flag.id), keys.BARRIER, object=flag.name)


def _uplinks(plan: PlanInput, role: HostRole) -> Iterator[Step]:
    """Tried, moved and proved; reviewed in between where the plan says so."""
    about: dict[str, Any] = {"object": role.name, "machine": role.target}
    refused = plan.refused_uplinks.get(role.target)
    arranged = about | ({"arguments": {"refused": list(refused)}} if refused else {})
    tried, moved = keys.uplinks_tried(role.name), keys.uplinks_applied(role.name)
    yield step(tried, keys.ready(role.name), keys.MANAGEMENT_DATACENTERS, **arranged)
    yield step(moved, tried, asks=plan.review_uplinks, **arranged)
    yield step(keys.proved(role.name), moved, **about)


def _machine(name: str, machine: str) -> tuple[Step, Step]:
    boot = step_key("provision", name, "boot")
    about: dict[str, Any] = {"object": name, "machine": machine, "arguments": {"job": f"{name}@{machine}"}}
    return step(boot, keys.leased(machine), **about), step(keys.ready(name), boot, **about)


async def frozen(folder: Path, journal: Journal, made: PlanInput | None = None) -> str:
    """Writes a run that has reserved and leased its targets, and is `running`."""
    made = made or source()
    graph, cleanup = planner.graphs(settings(folder), made, [SmallRoom()])
    plan = Plan(
        run=made.run,
        site=made.site.name,
        mode=made.mode,
        snapshot=ID,
        mapping=made.mapping,
        selection=made.selection,
        verdicts=made.verdicts,
        steps=graph,
    )
    held: dict[str, RoleKind] = dict.fromkeys(("T0", "T1", "T2", "T3"), "host")

    def write(connection: Connection) -> None:
        runs.create(connection, plan, msgspec.json.encode(made), actor="op", auto_cleanup=False)
        steps.add(connection, made.run, graph, cleanup=False)
        steps.add(connection, made.run, cleanup, cleanup=True)
        for name, kind in (held | {"D": "management", "S": "physical"}).items():
            pool.reserve(connection, made.run, name, name, kind)
            pool.lease(connection, made.run, name)
        runs.set_state(connection, made.run, "running")

    await journal.write(write)
    return made.run


async def went(journal: Journal, states: Mapping[str, StepState], run: str = "R-1") -> None:
    """Lets steps have gone so: tried once, and come to a state."""

    def write(connection: Connection) -> None:
        epoch = runs.current_epoch(connection, run)
        for key, state in states.items():
            steps.begin(connection, run, epoch, key, 1)
            if state == "done":
                steps.finish(connection, run, epoch, key, {"of": key})
            elif state == "failed":
                steps.fail(connection, run, epoch, key, error="broken", remedy="", attempt=1)

    await journal.write(write)


async def amended(
    folder: Path, journal: Journal, decide: Callable[[Seen], Change], actor: str = "ann", run: str = "R-1"
) -> CommandReply:
    """Decides, composes and writes an amendment, as the service does."""
    seen = journal.read(partial(amend.see, run=run))
    made = amend.compose(settings(folder), seen, decide(seen), [SmallRoom()])
    return await journal.write(partial(amend.write, made=made, actor=actor))
