"""A guest: a virtual machine as the management server knows it."""

from __future__ import annotations

from typing import Annotated, Literal

from drconsole.model.inventory.base import Count, Element, IpAddress, MacAddress, Object, refers, tag
from drconsole.model.inventory.cluster import Allocation


class Disk(Element, frozen=True, kw_only=True):
    """A virtual disk (R5). `path` is `[datastore] dir/file.vmdk`; capacity in KiB."""

    key_field = "key"

    key: int
    label: str = ""
    path: str = ""
    datastore: Annotated[str, refers("datastore")] = ""
    capacity_kib: Count = 0
    backing: Literal["flat", "sparse", "rdmPhysical", "rdmVirtual", "other"] = "flat"
    thin: bool = False
    mode: str = "persistent"
    sharing: str = ""
    uuid: str = ""
    lun: str = ""
    """The naa id under a raw device mapping."""
    parent_path: str = ""
    """The disk that this one is a difference to: a snapshot's chain or a linked clone's parent."""
    controller: int = 0
    unit: int = 0


class NetworkInterface(Element, frozen=True, kw_only=True):
    """A virtual NIC. `type` is the API's class without its prefix, such as Vmxnet3."""

    key_field = "key"

    key: int
    label: str = ""
    type: str = ""
    mac: MacAddress = ""
    mac_assignment: Literal["assigned", "generated", "manual"] = "assigned"
    network: Annotated[str, refers("network", "distributedPortGroup")] = ""
    connect_at_start: bool = True
    addresses: Annotated[tuple[IpAddress, ...], tag("address")] = ()
    """What VMware Tools reported at capture; empty where the guest was off."""


class ManagedBy(Element, frozen=True, kw_only=True):
    """The extension that owns this guest; such machines are never registered by hand."""

    extension: str
    type: str = ""


class VirtualMachine(Object, frozen=True, kw_only=True):
    """A guest. `uuid` is its BIOS uuid, `instance_uuid` the management server's own."""

    kind = "virtualMachine"

    folder: Annotated[str, refers("folder")] = ""
    resource_pool: Annotated[str, refers("resourcePool", "vApp")] = ""
    host: Annotated[str, refers("host")] = ""
    uuid: str = ""
    instance_uuid: str = ""
    vmx_path: str = ""
    template: bool = False
    power: Literal["on", "off", "suspended"] = "off"
    guest_os: str = ""
    hardware_version: str = ""
    firmware: str = ""
    cpus: Count = 0
    cores_per_socket: Count = 0
    memory_mib: Count = 0
    hostname: str = ""
    annotation: str = ""
    fault_tolerance: Literal["", "primary", "secondary"] = ""
    snapshots: bool = False
    encrypted: bool = False
    vtpm: bool = False
    iso_path: str = ""
    cpu: Allocation | None = None
    memory: Allocation | None = None
    managed_by: ManagedBy | None = None
    disks: Annotated[tuple[Disk, ...], tag("disk")] = ()
    network_interfaces: Annotated[tuple[NetworkInterface, ...], tag("networkInterface")] = ()
    passthrough: Annotated[tuple[str, ...], tag("passthroughDevice")] = ()
