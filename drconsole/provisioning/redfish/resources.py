"""The resources of Redfish that are read, each with the properties that are used.

Everything may be absent: BMCs differ more than their schema says. Unknown properties are skipped.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import field


class _Resource(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    pass


class Link(msgspec.Struct, frozen=True, kw_only=True):
    path: str = field(name="@odata.id")


class Collection(_Resource, frozen=True, kw_only=True):
    members: tuple[Link, ...] = ()


class Boot(_Resource, frozen=True, kw_only=True):
    """`mode` is `UEFI` or `Legacy`."""

    target: str | None = field(name="BootSourceOverrideTarget", default=None)
    enabled: str | None = field(name="BootSourceOverrideEnabled", default=None)
    mode: str | None = field(name="BootSourceOverrideMode", default=None)
    http_boot_uri: str | None = None


class ProcessorSummary(_Resource, frozen=True, kw_only=True):
    count: int | None = None
    core_count: int | None = None
    logical_processor_count: int | None = None
    model: str | None = None


class MemorySummary(_Resource, frozen=True, kw_only=True):
    total: float | None = field(name="TotalSystemMemoryGiB", default=None)


class Action(_Resource, frozen=True, kw_only=True):
    target: str = field(name="target", default="")


class SystemActions(_Resource, frozen=True, kw_only=True):
    reset: Action | None = field(name="#ComputerSystem.Reset", default=None)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    object: Link | None = field(name="SettingsObject", default=None)


class System(_Resource, frozen=True, kw_only=True):
    """A computer system. `settings` is where some BMCs want a pending boot order to be written."""

    uuid: str | None = field(name="UUID", default=None)
    serial_number: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    power_state: str | None = None
    boot: Boot | None = None
    processor_summary: ProcessorSummary | None = None
    memory_summary: MemorySummary | None = None
    ethernet_interfaces: Link | None = None
    network_interfaces: Link | None = None
    processors: Link | None = None
    storage: Link | None = None
    secure_boot: Link | None = None
    actions: SystemActions | None = None
    etag: str | None = field(name="@odata.etag", default=None)
    settings: Settings | None = field(name="@Redfish.Settings", default=None)


class Ethernet(_Resource, frozen=True, kw_only=True):
    id: str = ""
    mac: str | None = field(name="MACAddress", default=None)
    permanent_mac: str | None = field(name="PermanentMACAddress", default=None)
    link_status: str | None = None
    speed: float | None = field(name="SpeedMbps", default=None)


class Processor(_Resource, frozen=True, kw_only=True):
    manufacturer: str | None = None
    model: str | None = None


class SecureBoot(_Resource, frozen=True, kw_only=True):
    current: str | None = field(name="SecureBootCurrentBoot", default=None)


class Storage(_Resource, frozen=True, kw_only=True):
    drives: tuple[Link, ...] = ()


class DriveLinks(_Resource, frozen=True, kw_only=True):
    volumes: tuple[Link, ...] | None = None


class DriveActions(_Resource, frozen=True, kw_only=True):
    erase: Action | None = field(name="#Drive.SecureErase", default=None)


class Drive(_Resource, frozen=True, kw_only=True):
    """A disk. It holds data if volumes lie on it; it is busy while operations run."""

    id: str = ""
    serial_number: str | None = None
    capacity: int | None = field(name="CapacityBytes", default=None)
    links: DriveLinks | None = None
    actions: DriveActions | None = None
    operations: tuple[Any, ...] | None = None

    @property
    def has_data(self) -> bool | None:
        if self.operations:
            return True
        volumes = self.links.volumes if self.links else None
        return None if volumes is None else bool(volumes)


class NetworkInterface(_Resource, frozen=True, kw_only=True):
    functions: Link | None = field(name="NetworkDeviceFunctions", default=None)


class FibreChannel(_Resource, frozen=True, kw_only=True):
    wwpn: str | None = field(name="WWPN", default=None)


class NetworkFunction(_Resource, frozen=True, kw_only=True):
    fibre_channel: FibreChannel | None = None
