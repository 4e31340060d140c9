"""Networks and datastores of a dump."""

from __future__ import annotations

from typing import Any

from drconsole.lab.dump.values import path_of, plain
from drconsole.lab.world.vim.registry import wire_name


def network(item: Any) -> dict[str, Any]:
    """What a standard network shows: the hosts that have its port group."""
    return {
        "parent": path_of(item.endpoint, item.value("parent")),
        "hosts": sorted(path_of(item.endpoint, host) for host in item.value("host") or ()),
    }


def distributed_switch(item: Any) -> dict[str, Any]:
    """What a distributed switch shows; its members with their NICs, which the metal decides."""
    config = item.value("config")
    return {
        "parent": path_of(item.endpoint, item.value("parent")),
        "version": config.productInfo.version,
        "mtu": config.maxMtu,
        "maxPorts": config.maxPorts,
        "description": config.description or "",
        "networkResourceControl": bool(config.networkResourceManagementEnabled),
        "uplinks": list(config.uplinkPortPolicy.uplinkPortName),
        "linkDiscovery": plain(item.endpoint, config.linkDiscoveryProtocolConfig),
        "members": [
            {
                "host": path_of(item.endpoint, member.config.host),
                "nics": [spec.pnicDevice for spec in member.config.backing.pnicSpec],
            }
            for member in config.host
        ],
    }


def distributed_group(item: Any) -> dict[str, Any]:
    """What a distributed port group shows."""
    config = item.value("config")
    setting = config.defaultPortConfig
    single = wire_name(type(setting.vlan)) == "VmwareDistributedVirtualSwitchVlanIdSpec"
    return {
        "parent": path_of(item.endpoint, item.value("parent")),
        "switch": path_of(item.endpoint, config.distributedVirtualSwitch),
        "uplink": bool(config.uplink),
        "binding": str(config.type),
        "ports": config.numPorts,
        "description": config.description or "",
        "vlan": setting.vlan.vlanId if single else plain(item.endpoint, setting.vlan),
        "teaming": plain(item.endpoint, setting.uplinkTeamingPolicy),
        "security": plain(item.endpoint, setting.securityPolicy),
    }


def datastore(item: Any) -> dict[str, Any]:
    """What a datastore shows: the volumes under it, by the arrays' own word."""
    mounts = list(item.members.values())
    mount = mounts[0] if mounts else None
    return {
        "parent": path_of(item.endpoint, item.value("parent")),
        "type": str(item.get("summary.type")),
        "volume": mount.volume.path if mount else "",
        "source": (mount.volume.source or mount.volume.id) if mount else "",
        "remote": list(mount.remote) if mount and mount.remote else [],
        "hosts": sorted(item.endpoint.objects[moid].path() for moid in item.members),
    }
