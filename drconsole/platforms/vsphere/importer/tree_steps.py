"""Steps for the tree: datacenters, folders, clusters, pools, vApps and distributed switches (R75, R76)."""

from __future__ import annotations

from drconsole.model.inventory import (
    Cluster,
    Datacenter,
    DistributedPortGroup,
    DistributedSwitch,
    Folder,
    ResourcePool,
    VApp,
)
from drconsole.model.inventory.network import VlanRange
from drconsole.planning import keys
from drconsole.platforms.vsphere.importer.graph import Rebuild


def add_tree_steps(rebuild: Rebuild, management: str) -> None:
    """Adds the steps that need no host: they run as soon as the barrier is proved."""
    _add_datacenters(rebuild, management)
    _add_folders(rebuild)
    for cluster in rebuild.scope.clusters:
        _add_cluster(rebuild, cluster)
    for switch in rebuild.scope.distributed_switches:
        _add_switch(rebuild, switch)


def add_pool_steps(rebuild: Rebuild) -> None:
    """Adds pools and vApps, parents first. They need a host: an empty cluster has nothing to share."""
    pending: list[ResourcePool | VApp] = [*rebuild.scope.resource_pools, *rebuild.scope.vapps]
    placed = {cluster.id for cluster in rebuild.scope.clusters} | {h.id for h in rebuild.scope.hosts}
    roots = [pool for pool in pending if pool.parent in placed]
    for root in roots:
        _add_root_pool(rebuild, root)
        placed.add(root.id)
    pending = [pool for pool in pending if pool not in roots]
    while pending:
        ready = [pool for pool in pending if pool.parent in placed]
        if not ready:
            rebuild.place(pending[0].parent)  # raises, naming the parent that nobody makes
        for pool in ready:
            _add_pool(rebuild, pool)
            placed.add(pool.id)
        pending = [pool for pool in pending if pool.id not in placed]


def _add_datacenters(rebuild: Rebuild, management: str) -> None:
    """One step for all datacenters and the folders above them: the uplinks' proof needs them early."""
    above = [folder for folder in rebuild.scope.folders if folder.type == "datacenter"]
    trees = [_tree(datacenter) for datacenter in rebuild.scope.datacenters]
    rebuild.makes(keys.MANAGEMENT_DATACENTERS, *(folder.id for folder in above))
    for datacenter in rebuild.scope.datacenters:
        rebuild.makes(keys.MANAGEMENT_DATACENTERS, datacenter.id, *(id for id in _roots(datacenter) if id))
    rebuild.add(
        keys.MANAGEMENT_DATACENTERS,
        "vsphere.datacenters",
        about=management,
        title="create the captured datacenters",
        needs=(keys.ready(management),),
        folders=[{"id": f.id, "name": f.name, "parent": f.parent} for f in above],
        datacenters=trees,
    )


def _tree(datacenter: Datacenter) -> dict[str, str]:
    vm, host, datastore, network = _roots(datacenter)
    return {
        "id": datacenter.id,
        "name": datacenter.name,
        "parent": datacenter.parent,
        "vmFolder": vm,
        "hostFolder": host,
        "datastoreFolder": datastore,
        "networkFolder": network,
    }


def _roots(datacenter: Datacenter) -> tuple[str, str, str, str]:
    return (
        datacenter.vm_folder,
        datacenter.host_folder,
        datacenter.datastore_folder,
        datacenter.network_folder,
    )


def _add_folders(rebuild: Rebuild) -> None:
    made = {id for dc in rebuild.scope.datacenters for id in _roots(dc)}
    pending = [f for f in rebuild.scope.folders if f.type != "datacenter" and f.id not in made]
    while pending:
        ready = [folder for folder in pending if folder.parent in made]
        if not ready:
            rebuild.place(pending[0].parent)
        for folder in ready:
            _add_folder(rebuild, folder)
            made.add(folder.id)
        pending = [folder for folder in pending if folder.id not in made]


def _add_folder(rebuild: Rebuild, folder: Folder) -> None:
    key = rebuild.key(folder, f"create-{folder.type}-folder")
    rebuild.add(
        key,
        "vsphere.folder",
        about=folder.name,
        title=f"create the {folder.type} folder",
        at={"parent": folder.parent},
        needs=(keys.BARRIER,),
        id=folder.id,
        name=folder.name,
    )
    rebuild.makes(key, folder.id)


def _add_cluster(rebuild: Rebuild, cluster: Cluster) -> None:
    key = rebuild.key(cluster, "create-cluster")
    rebuild.add(
        key,
        "vsphere.cluster",
        about=cluster.name,
        title="create the cluster, HA off and DRS manual",
        at={"parent": cluster.parent},
        needs=(keys.BARRIER,),
        cluster=cluster,
    )
    rebuild.makes(key, cluster.id, cluster.resource_pool)


def _add_root_pool(rebuild: Rebuild, pool: ResourcePool | VApp) -> None:
    """A root pool comes with its cluster or host; what is left to do is to find it."""
    rebuild.makes(rebuild.place(pool.parent)[0], pool.id)


def _add_pool(rebuild: Rebuild, pool: ResourcePool | VApp) -> None:
    key = rebuild.key(pool, "create-vapp" if isinstance(pool, VApp) else "create-pool")
    at = {"parent": pool.parent}
    if isinstance(pool, VApp) and pool.folder:
        at["folder"] = pool.folder
    rebuild.add(
        key,
        "vsphere.vapp" if isinstance(pool, VApp) else "vsphere.pool",
        about=pool.name,
        title="create the vApp" if isinstance(pool, VApp) else "create the resource pool",
        at=at,
        needs=_hosts_under(rebuild, pool),
        pool=pool,
    )
    rebuild.makes(key, pool.id)


def _hosts_under(rebuild: Rebuild, pool: ResourcePool | VApp) -> tuple[str, ...]:
    """Returns the keys that add the hosts of the pool's cluster."""
    owner = pool.parent
    while rebuild.has(owner) and isinstance(above := rebuild.object(owner), ResourcePool | VApp):
        owner = above.parent
    return tuple(
        keys.host_added(host.name) for host in rebuild.scope.hosts if owner in (host.parent, host.id)
    )


def _add_switch(rebuild: Rebuild, switch: DistributedSwitch) -> None:
    key = rebuild.key(switch, "create-switch")
    groups = [group for group in rebuild.scope.distributed_port_groups if group.switch == switch.id]
    rebuild.add(
        key,
        "vsphere.distributed-switch",
        about=switch.name,
        title="create the distributed switch",
        at={"parent": switch.parent},
        needs=(keys.BARRIER,),
        switch=switch,
        uplink_groups={group.id: group.name for group in groups if group.uplink},
    )
    rebuild.makes(key, switch.id, *(group.id for group in groups if group.uplink))
    for group in groups:
        if not group.uplink:
            _add_port_group(rebuild, switch, group)


def _add_port_group(rebuild: Rebuild, switch: DistributedSwitch, group: DistributedPortGroup) -> None:
    key = rebuild.key(group, "create-port-group")
    place = rebuild.network_place(group.name)
    vlan = place.vlan if place is not None else group.vlan
    trunk: tuple[VlanRange, ...] = () if place is not None else group.trunk
    rebuild.add(
        key,
        "vsphere.distributed-port-group",
        about=group.name,
        title=f"create the port group on {switch.name}",
        at={"switch": switch.id},
        needs=(keys.BARRIER,),
        group=group,
        vlan=vlan,
        trunk=trunk,
    )
    rebuild.makes(key, group.id)
