"""Hosts: identity, product, physical NICs with their link state, storage adapters."""

from __future__ import annotations

from typing import Literal

from drconsole.model.inventory import HostHardware, HostProduct, PhysicalNic, StorageAdapter
from drconsole.platforms.vsphere.capture import host_network
from drconsole.platforms.vsphere.capture.tree import Facts, named
from drconsole.platforms.vsphere.leaves import (
    Props,
    Val,
    child,
    children,
    item_texts,
    items,
    number,
    text,
    truth,
    type_of,
    whole,
)

_MIB = 1 << 20
_CONNECTIONS: dict[str, Literal["connected", "disconnected", "notResponding"]] = {
    "connected": "connected",
    "disconnected": "disconnected",
    "notResponding": "notResponding",
}
_ADAPTERS: dict[str, Literal["fibreChannel", "iscsi", "block", "parallelScsi", "other"]] = {
    "HostFibreChannelHba": "fibreChannel",
    "HostFibreChannelOverEthernetHba": "fibreChannel",
    "HostInternetScsiHba": "iscsi",
    "HostBlockHba": "block",
    "HostParallelScsiHba": "parallelScsi",
}
_SERIALS = ("SerialNumberTag", "ServiceTag", "EnclosureSerialNumberTag")


def host(props: Props) -> Facts:
    """A HostSystem's facts; a disconnected one may lack most of its configuration."""
    return {
        **named(props),
        "maintenance": truth(props.get("runtime.inMaintenanceMode")),
        "connection": _CONNECTIONS.get(text(props.get("runtime.connectionState")), "notResponding"),
        "hardware": _hardware(props),
        "product": _product(props),
        "ntp_running": any(
            text(service, "key") == "ntpd" and truth(service, "running")
            for service in items(props.get("config.service.service"))
        ),
        "ntp_servers": item_texts(props.get("config.dateTimeInfo.ntpConfig.server")),
        "physical_nics": tuple(_physical_nic(nic) for nic in items(props.get("config.network.pnic"))),
        "storage_adapters": tuple(
            _adapter(hba) for hba in items(props.get("config.storageDevice.hostBusAdapter"))
        ),
        **host_network.facts(props),
    }


def _hardware(props: Props) -> HostHardware | None:
    system, cpu = props.get("hardware.systemInfo"), props.get("hardware.cpuInfo")
    package = next(items(props.get("hardware.cpuPkg")), None)
    found = HostHardware(
        uuid=text(system, "uuid").lower(),
        vendor=text(system, "vendor"),
        model=text(system, "model"),
        serial=_serial(system),
        cpu_vendor=text(package, "vendor"),
        cpu_model=text(props.get("summary.hardware.cpuModel")) or text(package, "description"),
        cpu_packages=number(cpu, "numCpuPackages"),
        cpu_cores=number(cpu, "numCpuCores"),
        cpu_threads=number(cpu, "numCpuThreads"),
        cpu_mhz=number(cpu, "hz") // 1_000_000,
        memory_mib=number(props.get("hardware.memorySize")) // _MIB,
    )
    return None if found == HostHardware() else found


def _serial(system: Val | None) -> str:
    """The serial number: a field of its own since 6.7, before that among the identifying information."""
    if serial := text(system, "serialNumber"):
        return serial
    told = {
        text(info, "identifierType", "key"): text(info, "identifierValue")
        for info in children(system, "otherIdentifyingInfo")
    }
    return next((told[key].strip() for key in _SERIALS if told.get(key, "").strip()), "")


def _product(props: Props) -> HostProduct | None:
    found = HostProduct(
        name=text(props.get("config.product.name")),
        version=text(props.get("config.product.version")),
        build=text(props.get("config.product.build")),
    )
    return None if found == HostProduct() else found


def _physical_nic(value: Val) -> PhysicalNic:
    """A PhysicalNic. Only `linkSpeed` tells the link; `spec.linkSpeed` is what was configured."""
    link = child(value, "linkSpeed")
    return PhysicalNic(
        name=text(value, "device"),
        mac=text(value, "mac").lower(),
        driver=text(value, "driver"),
        pci=text(value, "pci"),
        link="down" if link is None else "up",
        speed_mbit=number(link, "speedMb"),
        full_duplex=truth(link, "duplex", default=True),
    )


def _adapter(value: Val) -> StorageAdapter:
    return StorageAdapter(
        name=text(value, "device"),
        type=_ADAPTERS.get(type_of(value), "other"),
        model=text(value, "model").strip(),
        driver=text(value, "driver"),
        pci=text(value, "pci"),
        wwnn=_wwn(text(value, "nodeWorldWideName")),
        wwpn=_wwn(text(value, "portWorldWideName")),
        iqn=text(value, "iScsiName"),
        software=truth(value, "isSoftwareBased"),
    )


def _wwn(words: str) -> str:
    """The API gives a world wide name as a signed 64-bit number; people write 16 hexadecimal digits."""
    return f"{whole(words) & 0xFFFF_FFFF_FFFF_FFFF:016x}" if words else ""
