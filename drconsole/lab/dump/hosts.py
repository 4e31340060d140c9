"""Hosts of a dump, straight from the hypervisor and its machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from drconsole.lab.dump.values import path_of, plain
from drconsole.lab.world.hypervisor.network import Vmk

Item = TypeVar("Item")


def host(item: Any) -> dict[str, Any]:
    """What a host shows. `machine` and `physicalNics` are the metal's, which a recovery changes."""
    hypervisor = item.hypervisor
    network, machine = hypervisor.network, hypervisor.machine
    return {
        "parent": path_of(item.endpoint, item.value("parent")),
        "machine": machine.name,
        "connection": item.connection_state(),
        "maintenance": hypervisor.maintenance,
        "version": hypervisor.version,
        "build": hypervisor.build,
        "ntpServers": list(hypervisor.ntp_servers),
        "services": sorted(name for name, running in hypervisor.services.items() if running),
        "gateway": network.gateway,
        "dns": {
            "hostname": network.dns.hostname,
            "domain": network.dns.domain,
            "dhcp": network.dns.dhcp,
            "servers": list(network.dns.servers),
            "searchDomains": list(network.dns.search),
        },
        "routes": [{"network": r.network, "prefix": r.prefix, "gateway": r.gateway} for r in network.routes],
        "physicalNics": [
            {"name": n.name, "mac": n.mac, "link": "up" if n.link else "down"} for n in machine.nics
        ],
        "virtualSwitches": [
            {
                "name": s.name,
                "ports": s.ports,
                "mtu": s.mtu,
                "nics": list(s.nics),
                "policy": plain(item.endpoint, s.policy),
            }
            for s in _by_name(network.vswitches)
        ],
        "portGroups": [
            {
                "name": g.name,
                "virtualSwitch": g.vswitch,
                "vlan": g.vlan,
                "policy": plain(item.endpoint, g.policy),
            }
            for g in _by_name(network.portgroups)
        ],
        "virtualNics": [_vmk(item, vmk) for vmk in _by_name(network.vmks)],
        "datastores": sorted(mount.name for mount in hypervisor.storage.mounts),
    }


def _vmk(item: Any, vmk: Vmk) -> dict[str, Any]:
    group = item.endpoint.objects.get(vmk.distributed.group) if vmk.distributed else None
    return {
        "name": vmk.device,
        "portGroup": vmk.portgroup,
        "distributedPortGroup": group.path() if group is not None else "",
        "mac": vmk.mac,
        "mtu": vmk.mtu,
        "dhcp": vmk.dhcp,
        "ip": vmk.ip,
        "netmask": vmk.netmask,
        "tcpIpStack": vmk.stack,
        "services": sorted(vmk.services),
    }


def _by_name(items: Mapping[str, Item]) -> list[Item]:
    """The order of creation is no property of a host: it differs after a recovery."""
    return [items[name] for name in sorted(items)]
