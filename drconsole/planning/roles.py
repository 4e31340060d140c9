"""What a recovery has to find machines for: the roles of a site, and what each needs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from drconsole.model.inventory import Host, PhysicalServer, Snapshot
from drconsole.model.mapping import HostMapping, RoleKind
from drconsole.planning.uplinks import Layout, layout_of


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """A role and what its target must have at least; 0 and "" where nothing is asked for.

    `protected` is what the mapping calls it, `name` what operators and step keys call it. Memory in
    MiB, disk in GiB. `linked` is how many of the NICs must have link, `layout` how a host uses them.
    """

    role: RoleKind
    protected: str
    name: str
    cores: int = 0
    threads: int = 0
    memory_mib: int = 0
    disk_gib: int = 0
    nics: int = 1
    linked: int = 1
    cpu_vendor: str = ""
    why_vendor: str = ""
    layout: Layout | None = None

    @property
    def key(self) -> tuple[RoleKind, str]:
        """Returns what tells this role from all others: names of hosts and servers may be equal."""
        return self.role, self.protected

    def size(self) -> str:
        """Returns the need in words, such as `16 threads, 128 GiB, 4 NICs`."""
        cpu = f"{self.threads} threads" if self.threads else f"{self.cores} cores" if self.cores else ""
        memory = f"{amount(self.memory_mib)}" if self.memory_mib else ""
        nics = f"{self.nics} NICs" if self.nics > 1 else "1 NIC"
        return ", ".join(part for part in (cpu, memory, nics) if part)


def amount(mib: int) -> str:
    """Returns a memory size in words: GiB where it is whole or large."""
    if mib >= 1024:
        return f"{mib / 1024:.4g} GiB"
    return f"{mib} MiB"


def vendor(name: str) -> str:
    """Returns `intel` or `amd` for what vCenters and BMCs call them, else the name in lower case."""
    lower = name.lower()
    if "intel" in lower:
        return "intel"
    return "amd" if "amd" in lower or "advanced micro" in lower else lower.strip()


def needs_of(snapshot: Snapshot, mapping: HostMapping | None = None) -> tuple[Need, ...]:
    """Returns the roles that a run needs targets for: the management server first, then hosts and
    physical servers by name.

    Without a mapping all are deployed; with one, what it does not deploy takes its need away (R46),
    and hosts that it does not name are deployed. Without any host there is no management server.
    """
    off = _not_deployed(mapping)
    hosts = [_host(host, snapshot) for host in snapshot.hosts if ("host", host.id) not in off]
    physical = [
        _physical(server) for server in snapshot.physical_servers if ("physical", server.name) not in off
    ]
    management = [_management(snapshot)] if hosts and snapshot.management_server else []
    return (*management, *sorted(hosts, key=_by_name), *sorted(physical, key=_by_name))


def needed_by(needs: Sequence[Need], mapping: HostMapping) -> tuple[Need, ...]:
    """Returns those of all needs of a site that a mapping leaves, as `needs_of` with it would."""
    off = _not_deployed(mapping)
    left = [need for need in needs if need.key not in off]
    if not any(need.role == "host" for need in left):
        left = [need for need in left if need.role != "management"]
    return tuple(left)


def _not_deployed(mapping: HostMapping | None) -> set[tuple[str, str]]:
    if mapping is None:
        return set()
    hosts = {("host", role.protected) for role in mapping.hosts if not role.deploy}
    return hosts | {("physical", role.protected) for role in mapping.physical_servers if not role.deploy}


def _by_name(need: Need) -> tuple[str, str]:
    return need.name, need.protected


def _management(snapshot: Snapshot) -> Need:
    """It keeps its captured interfaces and gets one more, on the provisioning network (R61, R62)."""
    server = snapshot.management_server
    assert server is not None
    nics = max(len(server.interfaces), 1) + 1
    return Need(
        role="management",
        protected=server.name,
        name=server.name,
        threads=server.cpus,
        memory_mib=server.memory_mib,
        disk_gib=server.storage_gib,
        nics=nics,
        linked=nics,
    )


def _host(host: Host, snapshot: Snapshot) -> Need:
    hardware = host.hardware
    layout = layout_of(host, snapshot)
    cluster = next((c for c in snapshot.clusters if c.id == host.parent), None)
    return Need(
        role="host",
        protected=host.id,
        name=host.name,
        cores=hardware.cpu_cores if hardware else 0,
        threads=hardware.cpu_threads if hardware else 0,
        memory_mib=hardware.memory_mib if hardware else 0,
        nics=max(len(layout.nics), 1),
        cpu_vendor=vendor(hardware.cpu_vendor) if hardware and cluster else "",
        why_vendor=f"cluster {cluster.name}" if cluster else "",
        layout=layout,
    )


def _physical(server: PhysicalServer) -> Need:
    return Need(
        role="physical",
        protected=server.name,
        name=server.name,
        cores=server.cpu_cores,
        memory_mib=server.memory_mib,
        disk_gib=server.disk_gib,
        nics=max(server.nics, 1),
    )
