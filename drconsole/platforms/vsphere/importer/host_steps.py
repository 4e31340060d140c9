"""Steps that make a host a member: joining, then its networks and settings (R70, R72)."""

from __future__ import annotations

from drconsole.errors import Refused
from drconsole.model.inventory import Host, VirtualNic
from drconsole.model.mapping import HostRole
from drconsole.model.step import key_part, step_key
from drconsole.planning import keys
from drconsole.platforms.vsphere.importer.graph import Rebuild


def management_nic(host: Host) -> VirtualNic:
    """Returns the VMkernel interface that carries management.

    Raises Refused for a host that has none with a fixed address: nothing could reach it.
    """
    for nic in host.virtual_nics:
        if "management" in nic.services and nic.ip:
            return nic
    raise Refused(
        "has no VMkernel interface with the management service and an address",
        about=host.name,
        remedy="set its mapping to deploy=false, or mend it and capture again",
    )


def management_vlan(rebuild: Rebuild, host: Host, nic: VirtualNic) -> int:
    """Returns the VLAN of the management network at the recovery site, for this run's mode."""
    if nic.port_group:
        return port_group_vlan(rebuild, host, nic.port_group)
    group = next(g for g in rebuild.scope.distributed_port_groups if g.id == nic.distributed_port_group)
    place = rebuild.network_place(group.name)
    return place.vlan if place is not None else group.vlan or 0


def port_group_vlan(rebuild: Rebuild, host: Host, name: str) -> int:
    place = rebuild.network_place(name)
    if place is not None:
        return place.vlan
    return next((group.vlan for group in host.port_groups if group.name == name), 0)


def add_host_steps(rebuild: Rebuild, host: Host, role: HostRole) -> None:
    """Adds what makes one host a member: joining, switches, port groups, VMkernel interfaces, settings."""
    root_pool = next((pool.id for pool in rebuild.scope.resource_pools if pool.parent == host.id), "")
    joined = rebuild.add(
        keys.host_added(host.name),
        "vsphere.add-host",
        about=host.name,
        title="connect the host to the management server",
        machine=role.target,
        at={"parent": host.parent},
        needs=(keys.BARRIER, keys.proved(host.name)),
        deadline="add-host",
        typical_s=20,
        id=host.id,
        name=host.name,
        address=management_nic(host).ip,
        proved=keys.proved(host.name),
        standalone=not any(cluster.id == host.parent for cluster in rebuild.scope.clusters),
        root_pool=root_pool,
    )
    rebuild.makes(joined, host.id, *([root_pool] if root_pool else []))
    switches = _add_network_step(rebuild, host, role, "switches", (joined,))
    groups = _add_network_step(rebuild, host, role, "port-groups", (switches,))
    members = _add_memberships(rebuild, host, role, switches)
    _add_network_step(rebuild, host, role, "vmkernel", (groups, *members))
    _add_network_step(rebuild, host, role, "settings", (joined,))


def vmkernel_key(host: Host) -> str:
    """The key after which a host's storage interfaces stand."""
    return step_key("import", host.name, "vmkernel")


def _add_network_step(rebuild: Rebuild, host: Host, role: HostRole, verb: str, needs: tuple[str, ...]) -> str:
    vlans = {group.name: port_group_vlan(rebuild, host, group.name) for group in host.port_groups}
    targets = {
        nic.distributed_port_group: f"group:{nic.distributed_port_group}"
        for nic in host.virtual_nics
        if verb == "vmkernel" and rebuild.has(nic.distributed_port_group)
    }
    return rebuild.add(
        step_key("import", host.name, verb),
        f"vsphere.{verb}",
        about=host.name,
        title=_TITLES[verb],
        machine=role.target,
        at={"host": host.id} | {place: captured for captured, place in targets.items()},
        needs=needs,
        typical_s=_TYPICAL_S[verb],
        host=host,
        vlans=vlans,
        proved=keys.proved(host.name),
    )


_TYPICAL_S = {"switches": 2.0, "port-groups": 5.0, "vmkernel": 5.0, "settings": 4.0}
"""A second for each change of a host's network, of which a host with two switches needs so many."""

_TITLES = {
    "switches": "create or augment the virtual switches",
    "port-groups": "create the port groups",
    "vmkernel": "create the VMkernel interfaces",
    "settings": "set name resolution, routes and time",
}


def _add_memberships(rebuild: Rebuild, host: Host, role: HostRole, switches: str) -> tuple[str, ...]:
    """Adds a step for each distributed switch that the host is a member of."""
    return tuple(
        rebuild.add(
            step_key("import", host.name, f"join-{key_part(rebuild.label(switch))}"),
            "vsphere.join-switch",
            about=host.name,
            title=f"join the distributed switch {switch.name}",
            machine=role.target,
            at={"host": host.id, "switch": switch.id},
            needs=(switches,),
            # A switch has one configuration version: its members join one after the other.
            resources=("vcenter", f"switch:{switch.id}"),
            nics=member.nics,
            proved=keys.proved(host.name),
        )
        for switch in rebuild.scope.distributed_switches
        for member in switch.members
        if member.host == host.id
    )


def add_network_places(rebuild: Rebuild) -> None:
    """Adds the move of every standard network that was captured outside its datacenter's own folder."""
    own = {datacenter.network_folder for datacenter in rebuild.scope.datacenters}
    hosts = {host.id: host for host in rebuild.scope.hosts}
    for network in rebuild.scope.networks:
        having = [hosts[id] for id in network.hosts if id in hosts]
        if network.parent not in own and having:
            rebuild.add(
                rebuild.key(network, "place-network"),
                "vsphere.place-network",
                about=network.name,
                title="move the network into its folder",
                at={"folder": network.parent, "host": having[0].id},
                needs=tuple(step_key("import", host.name, "port-groups") for host in having),
                name=network.name,
            )
