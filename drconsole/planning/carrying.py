"""What a captured host's virtual switches carry, in words: its VMkernel interfaces and networks. Pure."""

from __future__ import annotations

from drconsole.model.inventory import Host, Snapshot, VirtualNic


def carried(host: Host, snapshot: Snapshot) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    """Returns for each switch its name, its NICs, and what it carries; VMkernel interfaces come first."""
    found: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
    for switch in host.virtual_switches:
        groups = [group.name for group in host.port_groups if group.virtual_switch == switch.name]
        own = [nic for nic in host.virtual_nics if nic.port_group in groups]
        used = {nic.port_group for nic in own}
        guests = (name for name in groups if name not in used)
        found.append((switch.name, switch.nics, (*(_interface(nic, nic.port_group) for nic in own), *guests)))
    for distributed in snapshot.distributed_switches:
        for member in distributed.members:
            if member.host == host.id:
                found.append((distributed.name, member.nics, _distributed(host, snapshot, distributed.id)))
    return tuple(found)


def _distributed(host: Host, snapshot: Snapshot, switch: str) -> tuple[str, ...]:
    groups = {g.id: g.name for g in snapshot.distributed_port_groups if g.switch == switch and not g.uplink}
    own = [nic for nic in host.virtual_nics if nic.distributed_port_group in groups]
    used = {nic.distributed_port_group for nic in own}
    interfaces = (_interface(nic, groups[nic.distributed_port_group]) for nic in own)
    return (*interfaces, *(name for id, name in groups.items() if id not in used))


def _interface(nic: VirtualNic, group: str) -> str:
    """An interface is named with what it serves; one that serves nothing by itself, with its network."""
    return " ".join((nic.name, *(nic.services or (group,))))
