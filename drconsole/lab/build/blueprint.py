"""What the default world consists of, by name: shared by all who build it and who configure it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Literal

SITE = "pittsburgh"
DATACENTER = "Pittsburgh"
PROVISIONING_VLAN = 5
MANAGEMENT_NIC = "vmnic2"
"""The uplink of vSwitch0 at the protected site; unlinked on some targets."""
BROKEN_NIC = ("esx-02", "vmnic0")
"""A NIC without link at the protected site."""
VCENTER_NAME = "vc-01"
VCENTER_USER = "administrator@vsphere.local"
ESXI = ("VMware ESXi", "8.0.3", "24022510")
VCENTER = ("VMware vCenter Server", "8.0.3", "24022515")
LINUX = ("rhel", "9.4")


@dataclass(frozen=True)
class SiteNetwork:
    """A protected network: its port group's name, VLAN, subnet, and the switch it is on."""

    name: str
    vlan: int
    subnet: str
    switch: Literal["vSwitch0", "vSwitch1", "dvs-prod"]

    @property
    def drill_vlan(self) -> int:
        return 1000 + self.vlan

    @property
    def gateway(self) -> str:
        return self.address(1)

    @property
    def prefix(self) -> int:
        return ipaddress.ip_network(self.subnet).prefixlen

    @property
    def netmask(self) -> str:
        return str(ipaddress.ip_network(self.subnet).netmask)

    def address(self, number: int) -> str:
        """Returns the subnet's address of that number."""
        return str(ipaddress.ip_network(self.subnet)[number])


MANAGEMENT = SiteNetwork("Management Network", 10, "10.10.0.0/22", "vSwitch0")
VM_NETWORK = SiteNetwork("VM Network", 11, "10.11.0.0/20", "vSwitch0")
MANAGEMENT_GUESTS = SiteNetwork("Management VMs", 10, "10.10.0.0/22", "vSwitch0")
"""Where the vCenter's guest is plugged in: hosts offer no VMkernel port group to guests."""
VMOTION = SiteNetwork("vMotion", 20, "10.20.0.0/22", "vSwitch1")
STORAGE = SiteNetwork("Storage-NFS", 30, "10.30.0.0/22", "vSwitch1")
GUEST_NETWORKS = (
    SiteNetwork("Web-110", 110, "10.110.0.0/20", "dvs-prod"),
    SiteNetwork("App-120", 120, "10.120.0.0/20", "dvs-prod"),
    SiteNetwork("DB-130", 130, "10.130.0.0/20", "dvs-prod"),
)
NETWORKS = (MANAGEMENT, MANAGEMENT_GUESTS, VM_NETWORK, VMOTION, STORAGE, *GUEST_NETWORKS)

VCENTER_ADDRESS = MANAGEMENT.address(5)
HOST_ADDRESS_FROM = 21
"""Host number 1 (esx-01) has this number in the management, vMotion and storage subnets."""
DB_NAME = "db-01"
DB_NETWORK = GUEST_NETWORKS[2]
DB_ADDRESS = DB_NETWORK.address(40)
DB_CLIENTS = ("app-01", "app-02")
"""Guests that wait for the database server."""


@dataclass(frozen=True)
class DatastorePlace:
    """A protected datastore and the volume of the protected array under it."""

    name: str
    array: str
    volume: str
    group: str


DATASTORES = (
    DatastorePlace("ds-prod-1", "array1", "vol1", "prod-block"),
    DatastorePlace("ds-prod-2", "array1", "vol2", "prod-block"),
    DatastorePlace("ds-prod-3", "array1", "vol3", "prod-block"),
    DatastorePlace("ds-files-1", "array2", "nfs1", "prod-files"),
    DatastorePlace("ds-files-2", "array2", "nfs2", "prod-files"),
)
PEERS = {"array1": "r1", "array2": "r2"}
NFS_PORTALS = {"array2": STORAGE.address(10), "r2": STORAGE.address(11)}


@dataclass(frozen=True)
class Sizes:
    """How much of everything. `unlinked` is the share of targets whose management NIC has no link."""

    hosts: int = 4
    guests: int = 40
    targets: int = 8
    unlinked: float = 0.25

    def host_names(self) -> tuple[str, ...]:
        """`esx-01`, … by number."""
        return tuple(f"esx-{number:02d}" for number in range(1, self.hosts + 1))

    def target_names(self) -> tuple[str, ...]:
        """`D` to `Z`, then `D1`, …: A to C are the protected site's in every example."""
        letters = [chr(c) for c in range(ord("D"), ord("Z") + 1)]
        count = len(letters)
        return tuple(
            letters[n % count] + (str(n // count) if n >= count else "") for n in range(self.targets)
        )

    def clusters(self) -> dict[str, tuple[str, ...]]:
        """The two clusters and their hosts, in halves."""
        names = self.host_names()
        half = (len(names) + 1) // 2
        return {"cluster-a": names[:half], "cluster-b": names[half:]}


@dataclass(frozen=True)
class Blueprint:
    """Everything that one seed decides before anything is built."""

    seed: int = 1
    sizes: Sizes = field(default_factory=Sizes)
    vcenter_password: str = "Lab-vCenter-1!"  # noqa: S105 - the writer makes one a lab
