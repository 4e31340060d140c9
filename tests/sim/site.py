"""The site that every seed recovers: four hosts in two clusters, two groups, guests, a physical server."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from drconsole.model.inventory import Host, HostProduct, PhysicalServer, Snapshot
from drconsole.model.mapping import HostMapping, HostRole, ManagementRole, PhysicalRole
from drconsole.model.site import Provisioning
from drconsole.model.target import Target
from drconsole.planning.readiness import GroupHealth, World
from drconsole.recovery import planner
from drconsole.recovery.drivers import PROVISIONING, REPLICATION, Room, platform_of
from drconsole.settings.values import (
    DEADLINES,
    Array,
    Endpoint,
    PoolMachine,
    ProvisioningSettings,
    Settings,
    Site,
)
from tests.sim.scenario import Wanted
from tests.unit.planning_site import ID, small_plan, small_site, target

SITE = "pittsburgh"
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
_PIN = "sha256:" + "1" * 64
_NOWHERE = Endpoint(address="192.0.2.1:443", username="u", password="env:NOBODY", pin=_PIN)

RACKS = {"a": ("D", ("T0", "T1", "T2", "T3"), "S"), "b": ("E", ("U0", "U1", "U2", "U3"), "P")}
"""Two sets of machines: for the management server, for the hosts, for the physical server."""


def pool() -> dict[str, Target]:
    """Targets by name, all free and seen."""
    found: dict[str, Target] = {}
    for management, hosts, physical in RACKS.values():
        found[management] = _seen(target(management, memory_gib=32, threads=8))
        found |= {name: _seen(target(name)) for name in hosts}
        found[physical] = _seen(target(physical, memory_gib=96, threads=24))
    return found


def _seen(machine: Target) -> Target:
    assert machine.hardware is not None
    hardware = replace(machine.hardware, wwpns=(f"w-{machine.name}",), uuid=f"uuid-{machine.name}".lower())
    return replace(machine, hardware=hardware)


def mapping(wanted: Wanted) -> HostMapping:
    """Returns the first so many hosts on the machines of the wanted rack."""
    management, hosts, physical = RACKS[wanted.rack]
    return HostMapping(
        site=SITE,
        snapshot=ID,
        management_server=ManagementRole(protected="vc-01", target=management),
        hosts=tuple(
            HostRole(protected=host.id, name=host.name, target=hosts[n], deploy=n < wanted.hosts)
            for n, host in enumerate(SNAPSHOT.hosts)
        ),
        physical_servers=(PhysicalRole(protected="db-01", target=physical, deploy=wanted.physical),),
    )


def request(wanted: Wanted) -> planner.Request:
    """Returns what the planner is asked where nobody else has anything."""
    health = tuple(GroupHealth(id=f"{name}/g1", state="target") for name in ("a1", "a2"))
    return planner.Request(
        run=wanted.run,
        site=SITE,
        mode=wanted.mode,
        snapshot_id=ID,
        snapshot=SNAPSHOT,
        targets=pool(),
        world=World(now=NOW, groups=health),
        mapping=mapping(wanted),
        review_uplinks=wanted.reviewed,
    )


def snapshot() -> Snapshot:
    """The protected site; every host has a fixed management address and one for storage."""
    found = small_site()
    assert found.management_server is not None
    server = replace(found.management_server, product="vcenter", version="8.0.3")
    hosts = tuple(_installable(n, host) for n, host in enumerate(found.hosts, 21))
    return replace(found, management_server=server, hosts=hosts, physical_servers=_physical())


def _physical() -> tuple[PhysicalServer, ...]:
    return tuple(
        replace(
            server,
            operating_system="linux",
            version="9",
            network="prod",
            ip="10.30.0.5",
            netmask="255.255.255.0",
            guests=("web-04",),
        )
        for server in small_plan().physical_servers
    )


def _installable(number: int, host: Host) -> Host:
    ours = {"vmk0": f"10.10.0.{number}", "vmk1": f"10.20.0.{number}"}
    nics = tuple(replace(nic, ip=ours[nic.name], netmask="255.255.255.0") for nic in host.virtual_nics)
    return replace(host, virtual_nics=nics, product=HostProduct(name="esxi", version="8.0.3"))


def settings() -> Settings:
    """The configuration; nothing in it exists outside the simulation."""
    plan = small_plan()
    site = Site(
        name=SITE,
        platform="vsphere",
        endpoint=_NOWHERE,
        networks=plan.networks,
        groups=plan.groups,
        physical_servers=_physical(),
        rpo_s=3600,
        rto_s=4 * 3600,
    )
    network = Provisioning(
        address="172.16.0.1",
        netmask="255.255.255.0",
        first="172.16.0.10",
        last="172.16.0.99",
        segments=("rack-1",),
    )
    return Settings(
        path="/nowhere/drconsole.toml",
        state_dir="/nowhere",
        repository_url="sqlite://",
        journal_url="sqlite://",
        sites={SITE: site},
        arrays={place.name: Array(place=place, endpoint=_NOWHERE) for place in plan.arrays},
        pool={name: PoolMachine(name=name, bmc=_NOWHERE, segment="rack-1") for name in pool()},
        provisioning=ProvisioningSettings(network=network, password="env:NOBODY"),
        deadlines={kind: min(limit, 5.0) for kind, limit in DEADLINES.items()},
    )


SNAPSHOT = snapshot()


def rooms(configured: Settings) -> tuple[Room, ...]:
    """The product's own rooms: their steps are the plan's."""
    return platform_of(configured, SITE), REPLICATION, PROVISIONING
