"""Where hosts, networks and datastores stand in an inventory, and how they follow the hosts.

Networks and datastores are made and removed as hosts bring them: a Network for every name of a
port group that guests may use, a Datastore for every volume that is mounted, one a datacenter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from drconsole.lab.world.vim.objects import Endpoint, ManagedEntity

if TYPE_CHECKING:
    from drconsole.lab.world.hypervisor.storage import Mount
    from drconsole.lab.world.vim.esxi.datastore import Datastore
    from drconsole.lab.world.vim.esxi.host_system import HostSystem
    from drconsole.lab.world.vim.esxi.network import Network
    from drconsole.lab.world.vim.vcenter.tree import TreeEntity


def datacenter_of(item: ManagedEntity) -> ManagedEntity | None:
    """Returns the datacenter that an object stands in."""
    above: ManagedEntity | None = item
    while above is not None and above.wsdl != "Datacenter":
        above = above.parent
    return above


def world_path(item: ManagedEntity) -> str:
    """Returns the path that is unique in the world, for the ledger."""
    path_of = getattr(item.endpoint, "path_of", None)
    return str(path_of(item)) if path_of else f"{item.endpoint.name}/{item.path()}"


def holder(item: ManagedEntity) -> TreeEntity:
    """Returns what holds an object."""
    return cast("TreeEntity", item.parent)


def place(item: ManagedEntity, folder: TreeEntity) -> None:
    """Puts an object into service as a child of a folder."""
    item.endpoint.add(item)
    folder.adopt(item)
    _told(item)


def displace(item: ManagedEntity) -> None:
    """Takes an object out of what holds it and out of service."""
    _told(item)
    holder(item).release(item)
    item.endpoint.remove(item)


def _told(item: ManagedEntity) -> None:
    """A datacenter lists what its folders hold."""
    datacenter = datacenter_of(item)
    if datacenter is not None:
        datacenter.touch("network", "datastore")


def networks_of(host: HostSystem) -> list[Network]:
    """Returns the networks that guests on a host may use, standard ones first."""
    return [network for network in _listed(host, "network") if network.has(host)]


def datastores_of(host: HostSystem) -> list[Datastore]:
    """Returns the datastores that a host has mounted."""
    return [datastore for datastore in _listed(host, "datastore") if host.moid in datastore.members]


def datastores_at(host: HostSystem) -> list[Datastore]:
    """Returns all datastores of the datacenter that a host stands in."""
    return _listed(host, "datastore")


def network_named(host: HostSystem, name: str) -> Network | None:
    """Returns the standard network of a name."""
    return next((n for n in _listed(host, "network") if n.wsdl == "Network" and n.group == name), None)


def _listed(host: HostSystem, name: str) -> list[Any]:
    datacenter = datacenter_of(host)
    references = datacenter.value(name) if datacenter is not None else None
    return [
        host.endpoint.objects[ref._moId] for ref in references or [] if ref._moId in host.endpoint.objects
    ]


def follow(host: HostSystem) -> None:
    """Makes and removes networks and datastores after a host changed, came or was moved."""
    datacenter = datacenter_of(host)
    if datacenter is None:
        return
    _follow_networks(host, datacenter)
    _follow_datastores(host, datacenter)
    host.touch("network", "datastore")
    if host.parent is not None:
        host.parent.touch("network", "datastore", "summary")


def _follow_networks(host: HostSystem, datacenter: ManagedEntity) -> None:
    from drconsole.lab.world.vim.esxi.network import Network

    groups = set(host.hypervisor.guest_groups())
    for network in [n for n in _listed(host, "network") if n.wsdl == "Network"]:
        if network.group in groups:
            network.join(host)
            groups.discard(network.group)
        else:
            _leave(network, host)
    for group in [name for name in host.hypervisor.guest_groups() if name in groups]:
        made = Network(host.endpoint, group)
        place(made, _folder(datacenter, "networkFolder"))
        made.join(host)


def _follow_datastores(host: HostSystem, datacenter: ManagedEntity) -> None:
    from drconsole.lab.world.vim.esxi.datastore import Datastore

    mounts = {mount.uuid: mount for mount in host.hypervisor.storage.mounts}
    for datastore in _listed(host, "datastore"):
        mount = next((m for m in mounts.values() if m is datastore.members.get(host.moid)), None)
        if mount is not None or (mount := mounts.get(datastore.uuid)) is not None:
            mounts.pop(mount.uuid)
            datastore.join(host, mount)
        else:
            _leave(datastore, host)
    for mount in mounts.values():
        _resolve_conflict(mount, [item.name for item in _listed(host, "datastore")])
        made = Datastore(host.endpoint, host, mount)
        made.serve()
        place(made, _folder(datacenter, "datastoreFolder"))


def _resolve_conflict(mount: Mount, taken: list[str]) -> None:
    """A second datastore of one name gets a number, as in a vCenter that adds host after host."""
    name, number = mount.name, 0
    while mount.name in taken:
        number += 1
        mount.rename(f"{name} ({number})")


def _leave(item: Any, host: HostSystem) -> None:
    if item.leave(host) and not item.members:
        item.retire()
        displace(item)


def _folder(datacenter: ManagedEntity, name: str) -> TreeEntity:
    return cast("TreeEntity", datacenter.endpoint.at(datacenter.value(name)))


def remove_host(host: HostSystem) -> None:
    """Takes a host out of its parent, with its guests and with what only it brought."""
    for reference in host.value("vm"):
        forget = getattr(host.endpoint.at(reference), "forget", None)
        if forget is not None:
            forget()
    for item in (*_listed(host, "network"), *_listed(host, "datastore")):
        _leave(item, host)
    above = holder(host)
    displace(host)
    if above.wsdl == "ComputeResource":
        displace(above)


def touch_switches(endpoint: Endpoint) -> None:
    """Tells that members of distributed switches changed."""
    for item in tuple(endpoint.objects.values()):
        if item.wsdl in {"VmwareDistributedVirtualSwitch", "DistributedVirtualPortgroup"}:
            item.touch()
