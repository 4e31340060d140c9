"""A site of thousands of guests and a run of many machines, as a service tells of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from drconsole.api import requests
from drconsole.api.values import (
    InventoryBatch,
    MatchReply,
    SelectionReply,
    SiteEntry,
    SnapshotDocument,
    SnapshotEntry,
)
from drconsole.documents import write_snapshot
from drconsole.model.inventory import Mount, Snapshot, SwitchMember
from drconsole.model.live import InventoryChange
from drconsole.model.mapping import GuestFlag, HostMapping, HostRole, ManagementRole, VmSelection
from drconsole.model.plan import RoleMatch, Verdict
from drconsole.model.run import Event, MachineView, StepView
from drconsole.model.step import step_key
from tests.console.scripted_service import ScriptedService, shows_run
from tests.console.small_world import RUN, live, run_view
from tests.unit.planning_site import guest, host, small_site, target

A_HOST = 40
"""Guests on a host."""


def large_site(guests: int) -> Snapshot:
    """Returns a site of two clusters with so many guests, 40 on a host."""
    replace, names = msgspec.structs.replace, [f"host-{n}" for n in range(1, max(2, guests // A_HOST) + 1)]
    site = small_site()
    mounts = tuple(Mount(host=name) for name in names)
    return replace(
        site,
        hosts=tuple(host(n, f"c-{1 + n % 2}", memory_gib=1024) for n in range(1, len(names) + 1)),
        clusters=tuple(replace(cluster, groups=(), rules=()) for cluster in site.clusters),
        networks=tuple(replace(network, hosts=tuple(names)) for network in site.networks),
        distributed_switches=tuple(
            replace(switch, members=tuple(SwitchMember(host=name, nics=("vmnic3",)) for name in names))
            for switch in site.distributed_switches
        ),
        datastores=tuple(replace(store, mounts=mounts) for store in site.datastores if not store.local),
        virtual_machines=tuple(
            replace(guest(n, names[n % len(names)], f"rp-{1 + (n % len(names) + 1) % 2}"), name=_name(n))
            for n in range(1, guests + 1)
        ),
        storage_arrays=tuple(replace(array, hosts=tuple(names)) for array in site.storage_arrays),
        physical_servers=(),
    )


def _name(number: int) -> str:
    return f"{('web', 'app', 'db', 'mail', 'queue', 'batch')[number % 6]}-{number:05}"


def large_world(folder: Path, guests: int) -> ScriptedService:
    """Returns a service that has captured such a site."""
    service, site = ScriptedService(folder), large_site(guests)
    document = write_snapshot(site)
    identity = f"sha256:{hashlib.sha256(document).hexdigest()}"
    entry = SnapshotEntry(
        id=identity,
        site=site.site,
        taken=site.taken,
        hosts=len(site.hosts),
        guests=len(site.virtual_machines),
        verified=True,
    )
    listed = SiteEntry(
        name=site.site, platform="vsphere", address="127.0.0.1:443", profile="recovery", snapshot=entry
    )
    targets = tuple(target(f"T{n:03}", memory_gib=1100, threads=64) for n in range(len(site.hosts) + 8))
    mapping = _mapping(site, identity, [t.name for t in targets])
    matches = tuple(
        RoleMatch(
            role="host",
            protected=role.protected,
            name=role.name,
            target=role.target,
            fit="good",
            reason="smallest that fits",
        )
        for role in mapping.hosts
    )
    service.batches = [live(site)]
    service.answers |= {
        requests.ListSites: lambda _: (listed,),
        requests.ListTargets: lambda _: targets,
        requests.ListRuns: lambda _: (),
        requests.GetSnapshot: lambda _: SnapshotDocument(entry=entry, document=document),
        requests.Match: lambda _: MatchReply(snapshot=identity, mapping=mapping, matches=matches),
        requests.Select: lambda _: _selection(site, identity),
    }
    return service


def _mapping(site: Snapshot, identity: str, targets: list[str]) -> HostMapping:
    server = site.management_server
    assert server is not None
    return HostMapping(
        site=site.site,
        snapshot=identity,
        management_server=ManagementRole(protected=server.name, target=targets[-1]),
        hosts=tuple(
            HostRole(protected=one.id, name=one.name, target=name)
            for one, name in zip(site.hosts, targets, strict=False)
        ),
    )


def _selection(site: Snapshot, identity: str) -> SelectionReply:
    guests = site.virtual_machines
    flags = tuple(GuestFlag(id=one.id, name=one.name, deploy=True) for one in guests)
    return SelectionReply(
        snapshot=identity,
        selection=VmSelection(site=site.site, snapshot=identity, virtual_machines=flags),
        verdicts=tuple(Verdict(id=one.id, name=one.name, verdict="recoverable") for one in guests),
    )


def powered(guests: list[int], on: bool) -> InventoryBatch:
    """Returns what the watch says when guests, by number, are switched on or off."""
    word = "poweredOn" if on else "poweredOff"
    return InventoryBatch(
        site="pittsburgh",
        state="live",
        age_s=0.0,
        changes=tuple(
            InventoryChange(id=f"vm-{n}", kind="virtualMachine", change="upsert", facts={"power": word})
            for n in guests
        ),
    )


def large_run(service: ScriptedService, machines: int) -> None:
    """Lets the service have a drill that provisions so many machines."""
    small = run_view(small_site(), state="running")
    names = [f"esx-{n:02}" for n in range(1, machines + 1)]
    places = tuple(
        MachineView(
            target=f"T{n:03}", role="host", protected=name, state="leased", phase="installing", fraction=0.0
        )
        for n, name in enumerate(names)
    )
    steps = tuple(
        StepView(
            key=step_key("provision", name, verb),
            state="running" if verb == "install" else "pending",
            attempts=1,
            started="2026-11-22T13:00:00Z",
            ended=None,
            error=None,
        )
        for name in names
        for verb in ("install", "join", "prove")
    )
    stages = tuple(msgspec.structs.replace(stage, failed=0) for stage in small.stages)
    shows_run(service, msgspec.structs.replace(small, machines=places, steps=steps, stages=stages))


def progressed(service: ScriptedService, machines: int, fraction: float) -> None:
    """Lets every machine of the run say how far it is."""
    seq = service.events[-1].seq if service.events else 0
    service.events += [
        Event(
            seq=seq + n + 1,
            at="2026-11-22T13:00:00Z",
            run=RUN,
            kind="progress",
            step=step_key("provision", f"esx-{n + 1:02}", "install"),
            facts={"phase": "installing", "fraction": fraction, "machine": f"T{n:03}"},
        )
        for n in range(machines)
    ]
