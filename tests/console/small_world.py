"""The small site of the planning tests, as a service tells of it; names may be made hostile."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from drconsole.api import requests
from drconsole.api.uplinks import HostUplinks, UplinkPort, UplinkState, UplinkSwitch
from drconsole.api.values import (
    CommandReply,
    InventoryBatch,
    MatchReply,
    RunStarted,
    SelectionReply,
    SiteEntry,
    SnapshotDocument,
    SnapshotEntry,
)
from drconsole.documents import write_snapshot
from drconsole.model.inventory import Host, Snapshot
from drconsole.model.live import InventoryChange
from drconsole.model.mapping import HostMapping, HostRole, ManagementRole, PhysicalRole
from drconsole.model.run import (
    Event,
    Fidelity,
    GuestView,
    MachineView,
    RunnerPlace,
    RunView,
    StageView,
    StepView,
)
from drconsole.model.step import STAGES, step_key
from drconsole.model.target import Target
from drconsole.planning.carrying import carried
from drconsole.planning.mapping_check import check_mapping
from drconsole.planning.selection import select
from drconsole.planning.verdicts import judge
from tests.console.scripted_service import ScriptedService, shows_run
from tests.unit.planning_site import small_plan, small_site, target

RUN = "R-20261122-1402"
POOL = ("D", "E", "F", "G", "H", "I", "S")
Named = Callable[[str], str]


def world(
    folder: Path,
    *,
    named: Named = lambda name: name,
    run: bool = True,
    site: Snapshot | None = None,
    pool: Sequence[str] = POOL,
) -> ScriptedService:
    """Returns a service that has captured the small site and, with `run`, recovers it.

    `site` and `pool` (names of targets) stand in the place of the small site and its seven targets.
    """
    service = ScriptedService(folder)
    site_now, snapshot = renamed(named, site), renamed(lambda name: in_xml(named(name)), site)
    document = write_snapshot(snapshot)
    identity = f"sha256:{hashlib.sha256(document).hexdigest()}"
    entry = SnapshotEntry(
        id=identity,
        site=snapshot.site,
        taken=snapshot.taken,
        hosts=len(snapshot.hosts),
        guests=len(snapshot.virtual_machines),
        verified=True,
    )
    site_entry = SiteEntry(
        name=snapshot.site, platform="vsphere", address="127.0.0.1:443", profile="recovery", snapshot=entry
    )
    targets = targets_of(named, pool)
    service.batches = [live(site_now)]
    service.answers |= {
        requests.ListSites: lambda _: (site_entry,),
        requests.ListTargets: lambda _: targets,
        requests.ListRuns: lambda _: (),
        requests.GetSnapshot: lambda _: SnapshotDocument(entry=entry, document=document),
        requests.Capture: lambda _: entry,
        requests.CheckTargets: lambda asked: tuple(
            t for t in targets if not asked.names or t.name in asked.names
        ),
        requests.Match: lambda asked: _match(snapshot, identity, targets, asked),
        requests.Select: lambda _: _select(snapshot, identity),
        requests.Recover: lambda _: RunStarted(run=RUN, pid=1),
        requests.Retry: lambda asked: CommandReply(run=RUN, steps=asked.steps, state="running"),
        requests.Approve: lambda asked: CommandReply(run=RUN, steps=(asked.step,), state="running"),
        requests.Skip: lambda asked: CommandReply(run=RUN, steps=(asked.step,), state="running"),
        requests.Cancel: lambda _: CommandReply(run=RUN, steps=(), state="cancelled"),
        requests.Cleanup: lambda _: CommandReply(run=RUN, steps=(), state="held"),
    }
    if run:
        shows_run(service, run_view(site_now))
        shown = uplinks(site_now)
        service.answers |= {
            requests.ShowUplinks: lambda _: shown,
            requests.ApplyUplinks: lambda asked: CommandReply(run=RUN, steps=asked.hosts, state="running"),
            requests.ReviewUplinks: lambda asked: CommandReply(run=RUN, steps=(), state="running"),
            requests.RollBackUplinks: lambda asked: CommandReply(
                run=RUN, steps=(asked.host,), state="running", text=f"{asked.host} is rolled back"
            ),
        }
        service.events = [*events(site_now)]
    return service


def in_xml(name: str) -> str:
    """Returns a name without what XML cannot hold: a document with it is never written."""
    return "".join(c for c in name if c.isprintable() or c in "\u202e")


def renamed(named: Named, site: Snapshot | None = None) -> Snapshot:
    """Returns a site (None: the small one) with other names for its guests, hosts, networks, datastores."""
    site = site or small_site()
    replace = msgspec.structs.replace
    return replace(
        site,
        hosts=tuple(replace(thing, name=named(thing.name)) for thing in site.hosts),
        virtual_machines=tuple(replace(thing, name=named(thing.name)) for thing in site.virtual_machines),
        datastores=tuple(replace(thing, name=named(thing.name)) for thing in site.datastores),
        networks=tuple(replace(thing, name=named(thing.name)) for thing in site.networks),
        clusters=tuple(replace(thing, name=named(thing.name)) for thing in site.clusters),
    )


def targets_of(named: Named, pool: Sequence[str]) -> tuple[Target, ...]:
    """One target is too small, one has a management port without link."""
    links = {"E": (True, True, False, True)}
    found = [
        target(named(name), memory_gib=8 if name == "I" else 160, links=links.get(name, (True,) * 4))
        for name in pool
    ]
    silent = Target(
        name=named("X"), segment="rack-9", state="unreachable", error=named("no answer"), checked=_AT
    )
    return (*(msgspec.structs.replace(t, checked=_AT) for t in found), silent)


_AT = "2026-11-22T13:00:00Z"


def live(snapshot: Snapshot) -> InventoryBatch:
    """The whole inventory, as the watch says it at first."""
    changes = [
        InventoryChange(id=thing.id, kind=thing.kind, change="upsert", name=thing.name, parent=parent)
        for thing, parent in (
            *((d, "") for d in snapshot.datacenters),
            *((f, f.parent) for f in snapshot.folders),
            *((c, c.parent) for c in snapshot.clusters),
            *((h, h.parent) for h in snapshot.hosts),
            *((n, n.parent) for n in snapshot.networks),
            *((d, d.parent) for d in snapshot.datastores),
        )
    ]
    changes += [
        InventoryChange(
            id=guest.id,
            kind="virtualMachine",
            change="upsert",
            name=guest.name,
            parent=guest.folder,
            facts={"power": "poweredOn", "host": guest.host},
        )
        for guest in snapshot.virtual_machines
    ]
    return InventoryBatch(
        site=snapshot.site, state="live", age_s=0.0, at=_AT, reset=True, changes=tuple(changes)
    )


def _match(
    snapshot: Snapshot, identity: str, targets: tuple[Target, ...], asked: requests.Match
) -> MatchReply:
    """Gives each role the next target, without the solver, which takes a while to import."""
    names = iter([t.name for t in targets if t.hardware and t.hardware.memory_mib > 100 * 1024])
    off = {role.protected for role in asked.mapping.hosts if not role.deploy} if asked.mapping else set()
    server = snapshot.management_server
    assert server is not None
    mapping = HostMapping(
        site=snapshot.site,
        snapshot=identity,
        management_server=ManagementRole(protected=server.name, target=next(names)),
        hosts=tuple(
            HostRole(
                protected=host.id,
                name=host.name,
                target="" if host.id in off else next(names),
                deploy=host.id not in off,
            )
            for host in snapshot.hosts
        ),
        physical_servers=tuple(
            PhysicalRole(protected=one.name, target=next(names)) for one in snapshot.physical_servers
        ),
    )
    return MatchReply(snapshot=identity, mapping=mapping, matches=check_mapping(mapping, snapshot, targets))


def _select(snapshot: Snapshot, identity: str) -> SelectionReply:
    verdicts = judge(snapshot, small_plan())
    return SelectionReply(
        snapshot=identity, selection=select(snapshot, identity, verdicts), verdicts=verdicts
    )


# -- a run in which one host's installation has failed --------------------------------------------------


def run_view(snapshot: Snapshot, state: str = "waiting", pool: Sequence[str] = POOL[1:]) -> RunView:
    """A drill that waits: the first host never booted."""
    hosts = [host.name for host in snapshot.hosts]
    states = {"preflight": "done", "halt": "done", "map": "done", "provision": "failed"}
    view = {
        "run": RUN,
        "site": snapshot.site,
        "mode": "drill",
        "state": state,
        "snapshot": "sha256:" + "0" * 64,
        "started": _AT,
        "ended": None,
        "rto_s": None,
        "rpo_s": 4.0,
        "runner": RunnerPlace(pid=1, host="here"),
        "stages": tuple(
            StageView(
                name=name,
                state=states.get(name, "pending"),  # type: ignore[arg-type]
                started=_AT if name in states else None,
                ended=_AT if states.get(name) == "done" else None,
                steps=4,
                done=2,
                failed=int(states.get(name) == "failed"),
            )
            for name in STAGES
        ),
        "steps": tuple(
            StepView(
                key=step_key("provision", name, "install"),
                state="failed" if number == 0 else "running",
                attempts=1,
                started=_AT,
                ended=None,
                error="it never fetched its script" if number == 0 else None,
            )
            for number, name in enumerate(hosts)
        ),
        "fidelity": Fidelity(matched=9, total=10),
        "guests": tuple(
            GuestView(name=guest.name, id=guest.id, state="pending", power="")
            for guest in snapshot.virtual_machines
        ),
        "machines": tuple(
            MachineView(target=target_name, role="host", protected=name, state="leased")
            for target_name, name in zip(pool, hosts, strict=False)
        ),
        "cleanup": None,
        "elapsed_s": 401.0,
    }
    return RunView(**view)  # type: ignore[arg-type]


def uplinks(snapshot: Snapshot) -> tuple[HostUplinks, ...]:
    """One host is reviewed, one has no port left, one is not read yet, one has moved."""
    states: tuple[UplinkState, ...] = ("waiting", "failed", "pending", "applied")
    first, second, third, fourth = (
        HostUplinks(host=host.name, target=on, state=state, captured=_switches(host, snapshot))
        for host, on, state in zip(snapshot.hosts, POOL[1:], states, strict=False)
    )
    replace, late = msgspec.structs.replace, "it has moved for good already"
    ports = tuple(
        UplinkPort(name=f"vmnic{n}", link=n != 2, speed_mbit=10_000 * (n != 2), booted=n == 0)
        for n in range(4)
    )
    moves = {"vmnic0": "vmnic2", "vmnic1": "vmnic1", "vmnic2": "vmnic0"}
    why = {"vmnic2": f"vmnic2 has no link here; management of {first.host} takes vmnic0, which has"}
    planned = replace(first, now=ports, planned=moves, why=why, trial="vmnic0")
    return (
        replace(planned, trouble=f"{first.host} on {first.target}: its trial on vmnic0 stands. Move it?"),
        replace(
            second,
            now=ports,
            refused=("vmnic0", "vmnic1"),
            spent=True,
            trouble=f"the management server does not reach {second.host}",
            remedy="check the ports",
            cannot_roll_back="no trial stands",
        ),
        replace(third, cannot_apply="nothing of it waits", cannot_roll_back="no trial stands"),
        replace(fourth, now=ports, planned=moves, applied=moves, cannot_apply=late, cannot_roll_back=late),
    )


def _switches(host: Host, snapshot: Snapshot) -> tuple[UplinkSwitch, ...]:
    return tuple(
        UplinkSwitch(name=name, nics=nics, carries=carries) for name, nics, carries in carried(host, snapshot)
    )


def events(snapshot: Snapshot) -> list[Event]:
    """What the run has said: progress, a log line, the uplinks of the first host."""
    host = snapshot.hosts[0].name
    step = step_key("uplinks", host, "plan")
    shown = {
        "host": host,
        "captured": [{"switch": "vSwitch0", "nics": ["vmnic2"]}, {"switch": "vSwitch1", "nics": ["vmnic0"]}],
        "now": [
            {"name": f"vmnic{n}", "link": n != 2, "speed": 10000 if n != 2 else 0, "mac": "", "pci": ""}
            for n in range(4)
        ],
        "planned": {"vmnic2": "vmnic0", "vmnic0": "vmnic1"},
        "why": {"vmnic2": f"vmnic2 of {host} has no link"},
        "unconnected": [],
    }
    progress = {"phase": "installing", "fraction": 0.5, "machine": POOL[2]}
    return [
        Event(seq=1, at=_AT, run=RUN, kind="run", text="created", actor="night-shift"),
        Event(
            seq=2,
            at=_AT,
            run=RUN,
            kind="log",
            step=step,
            text=f"re-arranging {host}",
            facts={"uplinks": shown},
        ),
        Event(seq=3, at=_AT, run=RUN, kind="progress", step="provision/x/install", facts=progress),
        Event(
            seq=4,
            at=_AT,
            run=RUN,
            kind="step",
            step=step_key("provision", host, "install"),
            text="it never fetched its script",
            facts={"state": "failed", "error": "it never fetched its script"},
        ),
    ]
