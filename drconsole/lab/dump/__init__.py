"""The world as it stands, for those who judge a recovery: kinds of objects, references as paths.

The yardstick is the world itself, not what the product captured of it. Kinds are named as in
snapshots; a path is names from the datacenter down, and so the same on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from drconsole.lab.dump.guests import guest
from drconsole.lab.dump.hosts import host
from drconsole.lab.dump.networks import datastore, distributed_group, distributed_switch, network
from drconsole.lab.dump.tree import cluster, folder, resource_pool, vapp
from drconsole.lab.world.fabric import Side
from drconsole.lab.world.linux import Linux
from drconsole.lab.world.machine import Machine
from drconsole.lab.world.management import Management
from drconsole.lab.world.vim.objects import Endpoint, ManagedEntity
from drconsole.lab.world.world import World

Shows = Callable[[Any], dict[str, Any]]
KINDS: dict[str, tuple[str, Shows]] = {
    "Datacenter": ("datacenter", lambda _item: {}),
    "Folder": ("folder", folder),
    "ClusterComputeResource": ("cluster", cluster),
    "HostSystem": ("host", host),
    "ResourcePool": ("resourcePool", resource_pool),
    "VirtualApp": ("vApp", vapp),
    "VmwareDistributedVirtualSwitch": ("distributedSwitch", distributed_switch),
    "DistributedVirtualPortgroup": ("distributedPortGroup", distributed_group),
    "Datastore": ("datastore", datastore),
    "Network": ("network", network),
    "VirtualMachine": ("virtualMachine", guest),
}
"""Type on the wire → kind, and what it shows besides path and name."""


def dump(world: World, side: str) -> dict[str, list[dict[str, Any]]]:
    """Returns every object of a side (`protected` or `recovered`) by kind, sorted by path."""
    place: Side = "protected" if side == "protected" else "recovery"
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind, _ in KINDS.values()}
    found |= {"managementServer": [], "storageArray": [], "volume": [], "physicalServer": []}
    for management in _managements(world, place):
        found["managementServer"].append(_management(management))
        assert isinstance(management.endpoint, Endpoint)
        for item in tuple(management.endpoint.objects.values()):
            if item.wsdl in KINDS and isinstance(item, ManagedEntity) and item.parent is not None:
                kind, shown = KINDS[item.wsdl]
                found[kind].append({"path": item.path(), "name": item.name, **shown(item)})
    _storage(world, place, found)
    machines = (machine for machine in world.machines.values() if machine.side == place)
    found["physicalServer"] = [_server(m) for m in machines if isinstance(m.system, Linux)]
    return {kind: sorted(items, key=lambda item: str(item["path"])) for kind, items in found.items()}


def _managements(world: World, side: Side) -> Iterator[Management]:
    for _, system in world.installed():
        if isinstance(system, Management) and system.side == side:
            yield system


def _management(management: Management) -> dict[str, Any]:
    return {
        "path": management.name or management.hostname,
        "name": management.name or management.hostname,
        "version": management.version,
        "build": management.build,
        "instanceUuid": management.instance_uuid,
        "hostname": management.hostname,
        "interfaces": [
            {
                "name": i.name,
                "mac": i.mac,
                "ip": i.address,
                "prefix": i.prefix,
                "gateway": i.gateway,
                "vlan": i.vlan,
            }
            for i in management.interfaces
        ],
    }


def _storage(world: World, side: Side, found: dict[str, list[dict[str, Any]]]) -> None:
    for array in world.arrays.values():
        if array.side != side:
            continue
        found["storageArray"].append({"path": array.name, "name": array.name, "peer": array.peer})
        groups = {m.volume.id: group.id for group in array.groups.values() for m in group.members}
        for volume in array.volumes.values():
            shown = {
                "naa": volume.naa,
                "export": volume.export,
                "source": volume.source,
                "block": volume.block,
            }
            found["volume"].append(
                {
                    "path": volume.path,
                    "name": volume.id,
                    "array": array.name,
                    "group": groups.get(volume.id, ""),
                    **shown,
                }
            )


def _server(machine: Machine) -> dict[str, Any]:
    system = machine.system
    assert isinstance(system, Linux)
    own = system.production
    return {
        "path": system.hostname,
        "name": system.hostname,
        "machine": machine.name,
        "hostname": system.hostname,
        "ip": own.address,
        "prefix": own.prefix,
        "vlan": own.vlan,
        "gateway": system.gateway,
        "provisioning": system.address if system.further else "",
        "operatingSystem": system.product,
        "version": system.version,
    }
