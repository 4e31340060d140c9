"""The inventory of a site: every kind that a capture takes and a recovery rebuilds.

Import the kinds from here; the modules below divide them by subject.
"""

from drconsole.model.inventory.base import Element, Object
from drconsole.model.inventory.cluster import (
    Allocation,
    Cluster,
    ClusterGroup,
    ClusterRule,
    Drs,
    Ha,
    ResourcePool,
    VApp,
    VAppEntity,
)
from drconsole.model.inventory.guest import Disk, ManagedBy, NetworkInterface, VirtualMachine
from drconsole.model.inventory.host import (
    Dns,
    Host,
    HostHardware,
    HostProduct,
    NetworkPolicy,
    PhysicalNic,
    PortGroup,
    Route,
    SecurityPolicy,
    ShapingPolicy,
    StorageAdapter,
    TeamingPolicy,
    VirtualNic,
    VirtualSwitch,
)
from drconsole.model.inventory.management import (
    Address,
    Datacenter,
    Folder,
    ManagementInterface,
    ManagementServer,
)
from drconsole.model.inventory.network import (
    DistributedPortGroup,
    DistributedSwitch,
    Network,
    SwitchMember,
    VlanRange,
)
from drconsole.model.inventory.snapshot import COLLECTIONS, Snapshot
from drconsole.model.inventory.storage import Datastore, Mount, PhysicalServer, StorageArray, Volume

__all__ = [
    "COLLECTIONS",
    "Address",
    "Allocation",
    "Cluster",
    "ClusterGroup",
    "ClusterRule",
    "Datacenter",
    "Datastore",
    "Disk",
    "DistributedPortGroup",
    "DistributedSwitch",
    "Dns",
    "Drs",
    "Element",
    "Folder",
    "Ha",
    "Host",
    "HostHardware",
    "HostProduct",
    "ManagedBy",
    "ManagementInterface",
    "ManagementServer",
    "Mount",
    "Network",
    "NetworkInterface",
    "NetworkPolicy",
    "Object",
    "PhysicalNic",
    "PhysicalServer",
    "PortGroup",
    "ResourcePool",
    "Route",
    "SecurityPolicy",
    "ShapingPolicy",
    "Snapshot",
    "StorageAdapter",
    "StorageArray",
    "SwitchMember",
    "TeamingPolicy",
    "VApp",
    "VAppEntity",
    "VirtualMachine",
    "VirtualNic",
    "VirtualSwitch",
    "VlanRange",
    "Volume",
]
