"""A snapshot: one capture of a site's metadata, all kinds together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from drconsole.model.inventory.base import Element, Moment, NonEmpty, Object, tag
from drconsole.model.inventory.cluster import Cluster, ResourcePool, VApp
from drconsole.model.inventory.guest import VirtualMachine
from drconsole.model.inventory.host import Host
from drconsole.model.inventory.management import Datacenter, Folder, ManagementServer
from drconsole.model.inventory.network import DistributedPortGroup, DistributedSwitch, Network
from drconsole.model.inventory.storage import Datastore, PhysicalServer, StorageArray, Volume


class Snapshot(Element, frozen=True, kw_only=True):
    """What a capture took. `taken` is UTC with Z; objects stand sorted by id within their kind.

    `consistent` is False where references dangled even after fetching them again; `dangling` says
    which, as `kind[id].field → id`.
    """

    site: NonEmpty
    taken: Moment
    profile: str
    platform: str = "vsphere"
    consistent: bool = True
    dangling: Annotated[tuple[str, ...], tag("danglingReference")] = ()
    management_server: ManagementServer | None = None
    datacenters: Annotated[tuple[Datacenter, ...], tag("datacenter")] = ()
    folders: Annotated[tuple[Folder, ...], tag("folder")] = ()
    clusters: Annotated[tuple[Cluster, ...], tag("cluster")] = ()
    hosts: Annotated[tuple[Host, ...], tag("host")] = ()
    resource_pools: Annotated[tuple[ResourcePool, ...], tag("resourcePool")] = ()
    vapps: Annotated[tuple[VApp, ...], tag("vApp")] = ()
    distributed_switches: Annotated[tuple[DistributedSwitch, ...], tag("distributedSwitch")] = ()
    distributed_port_groups: Annotated[tuple[DistributedPortGroup, ...], tag("distributedPortGroup")] = ()
    networks: Annotated[tuple[Network, ...], tag("network")] = ()
    datastores: Annotated[tuple[Datastore, ...], tag("datastore")] = ()
    virtual_machines: Annotated[tuple[VirtualMachine, ...], tag("virtualMachine")] = ()
    storage_arrays: Annotated[tuple[StorageArray, ...], tag("storageArray")] = ()
    volumes: Annotated[tuple[Volume, ...], tag("volume")] = ()
    physical_servers: Annotated[tuple[PhysicalServer, ...], tag("physicalServer")] = ()

    def objects(self) -> Iterator[Object]:
        """Yields every object, the management server first, then kind by kind as written."""
        if self.management_server is not None:
            yield self.management_server
        for name in COLLECTIONS:
            yield from getattr(self, name)


COLLECTIONS: dict[str, type[Object]] = {
    "datacenters": Datacenter,
    "folders": Folder,
    "clusters": Cluster,
    "hosts": Host,
    "resource_pools": ResourcePool,
    "vapps": VApp,
    "distributed_switches": DistributedSwitch,
    "distributed_port_groups": DistributedPortGroup,
    "networks": Network,
    "datastores": Datastore,
    "virtual_machines": VirtualMachine,
    "storage_arrays": StorageArray,
    "volumes": Volume,
    "physical_servers": PhysicalServer,
}
"""Field of Snapshot → class of its objects, in document order."""
