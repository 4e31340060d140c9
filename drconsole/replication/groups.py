"""The replication groups of a site, their recovery arrays, and who shall see their volumes."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

import msgspec

from drconsole.errors import InvalidConfiguration, Refused
from drconsole.model.inventory import Datastore, Host
from drconsole.model.site import GroupEntry
from drconsole.planning.plan_input import PlanInput


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A replication group: halted, promoted and presented as one.

    `id` is `array/group` with the protected array's name, as in GroupEntry; `name` is the group's own
    name on both arrays; `recovery` is the array that holds its copy. `datastores` maps each volume (its id
    on the protected array) to the datastore on it.
    """

    id: str
    name: str
    recovery: str
    datastores: dict[str, str]


def protected_array(group: Group) -> str:
    """Returns the name of the array that a group replicates from."""
    return group.id.removesuffix(f"/{group.name}")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What one recovered host shows to an array. `wwpns` of its target, `nfs` the addresses that it
    will mount from, as interfaces with their prefix (`10.30.0.21/24`)."""

    host: str
    wwpns: tuple[str, ...]
    nfs: tuple[str, ...]


def groups_of(plan: PlanInput) -> tuple[Group, ...]:
    """Returns the site's groups in the order of the configuration.

    Raises InvalidConfiguration where a protected array has no recovery array, or several.
    """
    entries: dict[str, list[GroupEntry]] = {}
    for entry in plan.site.groups:
        entries.setdefault(entry.id, []).append(entry)
    return tuple(_group(plan, name, members) for name, members in entries.items())


def _group(plan: PlanInput, name: str, members: list[GroupEntry]) -> Group:
    first = members[0]
    return Group(
        id=name,
        name=first.group,
        recovery=_recovery_array(plan, first.array),
        datastores={volume: entry.datastore for entry in members for volume in entry.volumes},
    )


def _recovery_array(plan: PlanInput, protected: str) -> str:
    names = [a.name for a in plan.site.arrays if a.side == "recovery" and a.peer == protected]
    if len(names) != 1:
        raise InvalidConfiguration(
            f"{len(names)} recovery arrays say that they hold its copy",
            about=f"array {protected}",
            expected=f'one [array.NAME] with side = "recovery" and peer = "{protected}"',
        )
    return names[0]


def viewers(plan: PlanInput, datastore: str) -> tuple[Seen, ...]:
    """Returns the deployed hosts that had the datastore mounted: they alone may see its volumes.

    A datastore that the snapshot does not know, or whose mounts were not captured, is seen by every
    deployed host. Raises Refused for a host without the initiators that its storage needs.
    """
    captured = next((d for d in plan.snapshot.datastores if d.name == datastore), None)
    mounts = {mount.host for mount in captured.mounts} if captured else set()
    hosts = {host.id: host for host in plan.snapshot.hosts}
    return tuple(
        _seen(plan, hosts[role.protected], role.target, captured)
        for role in plan.mapping.hosts
        if role.deploy and role.protected in hosts and (not mounts or role.protected in mounts)
    )


def _seen(plan: PlanInput, host: Host, target: str, datastore: Datastore | None) -> Seen:
    hardware = plan.targets[target].hardware if target in plan.targets else None
    remote = datastore.remote_host if datastore else ""
    return Seen(
        host=host.name, wwpns=hardware.wwpns if hardware else (), nfs=_storage_interfaces(host, remote)
    )


def _storage_interfaces(host: Host, remote: str) -> tuple[str, ...]:
    """The planned addresses are the captured ones: only the VLAN under them differs in a drill. Those
    of the subnet that held the captured NFS server come first and alone, where there are any."""
    every = tuple(f"{nic.ip}/{nic.netmask}" for nic in host.virtual_nics if nic.ip and nic.netmask)
    near = tuple(interface for interface in every if _reaches(interface, remote))
    return tuple(str(ip_interface(interface)) for interface in near or every)


def _reaches(interface: str, server: str) -> bool:
    try:
        return ip_address(server) in ip_interface(interface).network
    except ValueError:
        return False


def initiators(seen: tuple[Seen, ...], *, naa: str, nfs_host: str, about: str) -> tuple[str, ...]:
    """Returns what these hosts are known by to the array that presents one volume.

    WWPNs for a volume with an naa id; for an NFS export the host's addresses in the server's subnet,
    or all that may mount. Raises Refused where a host has none.
    """
    found: list[str] = []
    for host in seen:
        own = host.wwpns if naa else _nfs_clients(host, nfs_host)
        if not own:
            kind = "Fibre Channel port" if naa else "VMkernel address"
            raise Refused(
                f"has no {kind} to see it by",
                about=f"host {host.host}, volume {about}",
                remedy="choose a target that has one, or un-deploy the host",
            )
        found.extend(own)
    return tuple(dict.fromkeys(found))


def _nfs_clients(host: Seen, server: str) -> tuple[str, ...]:
    near = [interface for interface in host.nfs if _reaches(interface, server)]
    return tuple(str(ip_interface(interface).ip) for interface in near or host.nfs)
