"""Storage: datastores, and the arrays and volumes behind them (R5)."""

from __future__ import annotations

from typing import Annotated, Literal

from drconsole.model.inventory.base import Count, Element, Object, refers, tag


class Mount(Element, frozen=True, kw_only=True):
    """A datastore as one host sees it."""

    key_field = "host"

    host: Annotated[str, refers("host")]
    path: str = ""
    access: Literal["readWrite", "readOnly"] = "readWrite"


class Datastore(Object, frozen=True, kw_only=True):
    """A datastore. `extents` are the naa ids under a VMFS; `volumes` what the configuration says
    lies behind it. Capacity in MiB; free space is volatile and not captured."""

    kind = "datastore"

    parent: Annotated[str, refers("folder")]
    type: str = ""
    url: str = ""
    local: bool = False
    capacity_mib: Count = 0
    vmfs_uuid: str = ""
    vmfs_version: str = ""
    remote_host: str = ""
    remote_path: str = ""
    extents: Annotated[tuple[str, ...], tag("extent")] = ()
    volumes: Annotated[tuple[Annotated[str, refers("volume")], ...], tag("volume")] = ()
    mounts: Annotated[tuple[Mount, ...], tag("mount")] = ()


class Volume(Object, frozen=True, kw_only=True):
    """A volume of an array. Its id is `array/volume`; `group` the replication group, "" for none."""

    kind = "volume"

    array: Annotated[str, refers("storageArray")]
    group: str = ""


class StorageArray(Object, frozen=True, kw_only=True):
    """An array, from the configuration (R4, R9): its id and name are its name there."""

    kind = "storageArray"

    driver: str = ""
    side: Literal["protected", "recovery"] = "protected"
    hosts: Annotated[tuple[Annotated[str, refers("host")], ...], tag("host")] = ()
    """The hosts that are physically connected to it, through their mounts (R5)."""


class PhysicalServer(Object, frozen=True, kw_only=True):
    """A machine without hypervisor that applications need (R29), from the configuration.

    Memory in MiB, disk in GiB. `guests` are names of guests that wait for it.
    """

    kind = "physicalServer"

    operating_system: str = ""
    version: str = ""
    hostname: str = ""
    cpu_cores: Count = 0
    memory_mib: Count = 0
    disk_gib: Count = 0
    nics: Count = 0
    network: str = ""
    ip: str = ""
    netmask: str = ""
    gateway: str = ""
    guests: Annotated[tuple[str, ...], tag("guest")] = ()
