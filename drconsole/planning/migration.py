"""What a planned run takes along, and what it must not leave behind (DESIGN 4, planned).

All groups of the site are halted and their source is fenced. So whatever runs on them is either shut
down by the run, or named before it begins. The protected management server is asked until the end:
it is left running, and its volume is not fenced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from drconsole.model.inventory import Snapshot, VirtualMachine
from drconsole.model.mapping import HostMapping, VmSelection
from drconsole.model.plan import Finding, Verdict
from drconsole.model.site import SitePlan
from drconsole.planning.plan_input import PlanInput
from drconsole.planning.readiness import GroupHealth
from drconsole.planning.replicated import Replication
from drconsole.planning.selection import chosen


class Lying(msgspec.Struct, frozen=True, kw_only=True):
    """A guest that the run shuts down, and the volumes of one group that it lies on."""

    guest: str
    volumes: tuple[str, ...]


def moved(snapshot: Snapshot, selection: VmSelection) -> tuple[VirtualMachine, ...]:
    """Returns the guests that a planned run shuts down: the selected ones, however they were captured."""
    wanted = chosen(selection)
    return tuple(g for g in snapshot.virtual_machines if g.id in wanted and not g.template)


def lying_on(plan: PlanInput, group: str) -> tuple[Lying, ...]:
    """Returns the guests to be shut down that have a file in a replication group (`array/group`)."""
    found = ((guest, _volumes(plan, guest, group)) for guest in moved(plan.snapshot, plan.selection))
    return tuple(Lying(guest=guest.id, volumes=volumes) for guest, volumes in found if volumes)


def kept_volumes(plan: PlanInput, group: str) -> tuple[str, ...]:
    """Returns the volumes of a group that stay writable: the protected management server runs on them."""
    server = _server(plan.snapshot)
    return _volumes(plan, server, group) if server else ()


def stays_running(verdicts: tuple[Verdict, ...]) -> dict[str, str]:
    """Returns guest id → why, of those that a planned run lets run: they are never registered anyway."""
    return {v.id: "; ".join(v.reasons) for v in verdicts if not v.registrable}


def halted_datastores(snapshot: Snapshot, site: SitePlan) -> tuple[str, ...]:
    """Returns the ids of the datastores whose replication a planned run halts."""
    names = {entry.datastore for entry in site.groups}
    return tuple(store.id for store in snapshot.datastores if store.name in names)


def migration_findings(plan: PlanInput, groups: Sequence[GroupHealth] | None = None) -> Iterator[Finding]:
    """Yields what an operator has to know of a planned run. What would be harmed by it blocks."""
    snapshot, selection = plan.snapshot, plan.selection
    yield from _halted_before(plan.site, groups or ())
    replication = Replication(plan.site, snapshot)
    wanted, staying = chosen(selection), stays_running(plan.verdicts)
    for guest in snapshot.virtual_machines:
        on = sorted({g for d in replication.datastores_of(guest) for g in replication.groups_of(d)})
        if guest.power != "on" or guest.id in wanted or not on:
            continue
        if guest.id in staying:
            yield Finding(subject=guest.name, text=f"is left running: {staying[guest.id]}", blocks=False)
        else:
            yield Finding(
                subject=guest.name,
                text=f"runs on {', '.join(on)}, which the run halts and fences, and is not to be moved",
                blocks=True,
                remedy="select it, shut it down, or move its files off; then capture again",
            )
    yield from _without_tools(snapshot, selection)
    yield from _machines(plan.mapping)


def _halted_before(site: SitePlan, groups: Sequence[GroupHealth]) -> Iterator[Finding]:
    own = {entry.id for entry in site.groups}
    for group in groups:
        if group.id in own and group.state in ("halted", "promoted"):
            yield Finding(
                subject=group.id,
                text=f"is {group.state} already: what its guests wrote since is not here",
                blocks=True,
                remedy="resume its replication on the array, or recover what is here with --mode disaster",
            )


def _without_tools(snapshot: Snapshot, selection: VmSelection) -> Iterator[Finding]:
    """Only a guest with VMware Tools can be told to shut down; the run asks for each other one."""
    for guest in moved(snapshot, selection):
        tools = bool(guest.hostname) or any(nic.addresses for nic in guest.network_interfaces)
        if guest.power == "on" and not tools:
            yield Finding(
                subject=guest.name,
                text="had no VMware Tools at capture: the run will ask whether to power it off hard",
                blocks=False,
            )


def _machines(mapping: HostMapping) -> Iterator[Finding]:
    for role in mapping.physical_servers:
        if role.deploy:
            yield Finding(
                subject=role.protected,
                text="is a machine of its own, which the run cannot shut down",
                blocks=False,
                remedy='shut it down before its address is taken again, or give it deploy="false"',
            )


def _server(snapshot: Snapshot) -> VirtualMachine | None:
    own = snapshot.management_server.guest if snapshot.management_server else ""
    return next((guest for guest in snapshot.virtual_machines if guest.id == own), None)


def _volumes(plan: PlanInput, guest: VirtualMachine, group: str) -> tuple[str, ...]:
    replication = Replication(plan.site, plan.snapshot)
    names = {replication.name_of(store) for store in replication.datastores_of(guest)}
    entries = (e for e in plan.site.groups if e.id == group and e.datastore in names)
    return tuple(dict.fromkeys(volume for entry in entries for volume in entry.volumes))
