"""The small site of planning's tests as the importer needs it: reachable hosts, and a decided plan."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from drconsole.model.inventory import Host, Snapshot
from drconsole.model.mapping import HostMapping, VmSelection
from drconsole.model.plan import Verdict
from drconsole.model.site import Provisioning
from drconsole.model.step import Mode, Step
from drconsole.planning import graph, keys
from drconsole.planning.plan_input import PlanInput
from drconsole.platforms.vsphere.importer.steps import rebuild_steps
from drconsole.settings.values import DEADLINES
from tests.unit.planning_site import HOSTS, ID, mapping, selection, small_plan, small_site

RECOVERABLE = ("vm-2", "vm-3", "vm-4", "vm-5")


def site() -> Snapshot:
    """Every host has a fixed management address."""
    snapshot = small_site()
    return replace(snapshot, hosts=tuple(_addressed(n, host) for n, host in enumerate(snapshot.hosts, 21)))


def _addressed(number: int, host: Host) -> Host:
    nics = tuple(
        replace(nic, ip=f"10.10.0.{number}", netmask="255.255.255.0") if nic.name == "vmk0" else nic
        for nic in host.virtual_nics
    )
    return replace(host, virtual_nics=nics)


def planned(
    snapshot: Snapshot | None = None,
    *,
    mode: Mode = "drill",
    hosts: tuple[str, ...] = HOSTS,
    guests: tuple[str, ...] = RECOVERABLE,
    **changes: Any,
) -> PlanInput:
    """Returns a plan over these hosts (ids) and guests (ids)."""
    told: dict[str, Any] = {
        "run": "R-1",
        "mode": mode,
        "site": small_plan(),
        "provisioning": Provisioning(
            address="127.0.0.1", netmask="255.255.252.0", first="127.0.0.10", last="127.0.0.90", images="i"
        ),
        "snapshot_id": ID,
        "snapshot": snapshot or site(),
        "mapping": _mapping(hosts, snapshot or site()),
        "selection": _selection(guests),
        "verdicts": tuple(
            Verdict(id=guest, name=guest, verdict="recoverable", reasons=()) for guest in RECOVERABLE
        ),
        "targets": {},
        "addresses": {},
        "deadlines": DEADLINES,
    }
    return PlanInput(**(told | changes))


def _mapping(hosts: tuple[str, ...], snapshot: Snapshot) -> HostMapping:
    found = mapping(hosts)
    names = {host.id: host.name for host in snapshot.hosts}
    return replace(found, hosts=tuple(replace(role, name=names[role.protected]) for role in found.hosts))


def _selection(guests: tuple[str, ...]) -> VmSelection:
    return selection(*guests)


def derived(plan: PlanInput) -> dict[str, Step]:
    """Returns the steps of a plan by key, having joined them with what other rooms would give."""
    steps = rebuild_steps(plan)
    known = {step.key for step in steps}
    other = {need for step in steps for need in (*step.needs, *step.optional_needs)} - known
    graph.join(steps, [_given(key) for key in sorted(other)])
    assert len(known) == len(steps), "two steps have one key"
    return {step.key: step for step in steps}


def _given(key: str) -> Step:
    """A step of another room: only these may be needed here."""
    allowed = (keys.ready("x"), keys.presented("x"))
    stages = {name.split("/")[0] + "/" + name.split("/")[2] for name in allowed}
    stage, _, rest = key.partition("/")
    assert f"{stage}/{rest.rpartition('/')[2]}" in stages, f"nobody gives {key}"
    return Step(key=key, stage=stage, handler="other")
