"""Virtual hardware: the devices of a guest from its .vmx, and back.

Keys follow vSphere's own numbering (controllers 1000 and up, disks 2000 + 16 a controller + unit,
NICs 4000 and up), so that a guest has the same keys wherever it is registered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.registry import wire_name
from drconsole.lab.world.vim.vcenter.vmx import Descriptor

CONTROLLERS = {
    "pvscsi": "ParaVirtualSCSIController",
    "lsilogic": "VirtualLsiLogicController",
    "lsisas1068": "VirtualLsiLogicSASController",
    "buslogic": "VirtualBusLogicController",
}
NICS = {
    "vmxnet3": "VirtualVmxnet3",
    "e1000": "VirtualE1000",
    "e1000e": "VirtualE1000e",
    "vlance": "VirtualPCNet32",
    "sriov": "VirtualSriovEthernetCard",
}
Settings = Mapping[str, str]
ReadDisk = Callable[[str], "tuple[str, Descriptor | None, Any]"]
"""A file name of the .vmx → its full path, descriptor (None: unreadable) and datastore reference."""
FindNetwork = Callable[[str], Any]
"""The name of a standard network → its reference, None where there is none."""


@cache
def board() -> tuple[Any, ...]:
    """Returns the devices that every guest has; all guests share them."""
    return (
        new("VirtualIDEController", key=200, busNumber=0, deviceInfo=_described("IDE 0", "IDE 0")),
        new("VirtualIDEController", key=201, busNumber=1, deviceInfo=_described("IDE 1", "IDE 1")),
        new("VirtualPS2Controller", key=300, busNumber=0, deviceInfo=_described("PS2 controller 0", "PS2")),
        new("VirtualPCIController", key=100, busNumber=0, deviceInfo=_described("PCI controller 0", "PCI")),
        new("VirtualSIOController", key=400, busNumber=0, deviceInfo=_described("SIO controller 0", "SIO")),
        new(
            "VirtualKeyboard",
            key=600,
            controllerKey=300,
            unitNumber=0,
            deviceInfo=_described("Keyboard", "Keyboard"),
        ),
        new(
            "VirtualPointingDevice",
            key=700,
            controllerKey=300,
            unitNumber=1,
            backing=new(
                "VirtualPointingDeviceDeviceBackingInfo",
                deviceName="",
                useAutoDetect=False,
                hostPointingDevice="autodetect",
            ),
            deviceInfo=_described("Pointing device", "Pointing device; Device"),
        ),
        new(
            "VirtualMachineVideoCard",
            key=500,
            controllerKey=100,
            unitNumber=0,
            videoRamSizeInKB=4096,
            numDisplays=1,
            deviceInfo=_described("Video card", "Video card"),
        ),
        new(
            "VirtualMachineVMCIDevice",
            key=12000,
            controllerKey=100,
            unitNumber=17,
            id=-1,
            deviceInfo=_described("VMCI device", "Device on the virtual machine PCI bus"),
        ),
    )


def devices(settings: Settings, read: ReadDisk, network: FindNetwork) -> list[Any]:
    """Returns every device that a .vmx describes."""
    found = list(board())
    for bus in range(4):
        if settings.get(f"scsi{bus}.present", "").lower() == "true":
            found += _scsi(settings, bus, read)
    for number in range(10):
        if settings.get(f"ethernet{number}.present", "").lower() == "true":
            found.append(_nic(settings, number, network))
    if settings.get("ide1:0.present", "").lower() == "true":
        found.append(_cdrom(settings, read))
    return found


def _scsi(settings: Settings, bus: int, read: ReadDisk) -> list[Any]:
    kind = CONTROLLERS.get(settings.get(f"scsi{bus}.virtualdev", "lsilogic").lower(), CONTROLLERS["lsilogic"])
    units = [u for u in range(16) if settings.get(f"scsi{bus}:{u}.present", "").lower() == "true"]
    disks = [_disk(settings, bus, unit, read) for unit in units]
    controller = new(
        kind,
        key=1000 + bus,
        busNumber=bus,
        controllerKey=100,
        unitNumber=3 + bus,
        hotAddRemove=True,
        scsiCtlrUnitNumber=7,
        sharedBus=settings.get(f"scsi{bus}.sharedbus", "noSharing"),
        device=[disk.key for disk in disks],
        deviceInfo=_described(f"SCSI controller {bus}", kind),
    )
    return [controller, *disks]


def _disk(settings: Settings, bus: int, unit: int, read: ReadDisk) -> Any:
    slot = f"scsi{bus}:{unit}"
    path, descriptor, datastore = read(settings.get(f"{slot}.filename", ""))
    capacity = descriptor.capacity_kib if descriptor else 0
    parent = None
    if descriptor and descriptor.parent:
        parent = new(
            "VirtualDiskFlatVer2BackingInfo", fileName=read(descriptor.parent)[0], diskMode="persistent"
        )
    backing = new(
        "VirtualDiskFlatVer2BackingInfo",
        fileName=path,
        datastore=datastore,
        diskMode=settings.get(f"{slot}.mode", "persistent"),
        thinProvisioned=descriptor.thin if descriptor else False,
        writeThrough=False,
        uuid=descriptor.uuid if descriptor else None,
        sharing=settings.get(f"{slot}.sharing", "sharingNone"),
        parent=parent,
    )
    key = 2000 + bus * 16 + unit
    number = bus * 16 + (unit if unit < 7 else unit - 1) + 1
    return new(
        "VirtualDisk",
        key=key,
        controllerKey=1000 + bus,
        unitNumber=unit,
        backing=backing,
        capacityInKB=capacity,
        capacityInBytes=capacity * 1024,
        deviceInfo=_described(f"Hard disk {number}", f"{capacity:,} KB"),
        diskObjectId=f"1-{key}",
    )


def _nic(settings: Settings, number: int, network: FindNetwork) -> Any:
    slot = f"ethernet{number}"
    named = {"static": "manual", "vpx": "assigned", "generated": "generated"}
    start = settings.get(f"{slot}.startconnected", "TRUE").lower() != "false"
    backing = nic_backing(settings, slot, network)
    shown = settings.get(f"{slot}.networkname") or settings.get(f"{slot}.dvs.portgroupid", "")
    return new(
        NICS.get(settings.get(f"{slot}.virtualdev", "e1000").lower(), "VirtualE1000"),
        key=4000 + number,
        controllerKey=100,
        unitNumber=7 + number,
        macAddress=settings.get(f"{slot}.address") or settings.get(f"{slot}.generatedaddress"),
        addressType=named.get(settings.get(f"{slot}.addresstype", "generated"), "generated"),
        wakeOnLanEnabled=True,
        backing=backing,
        connectable=new(
            "VirtualDeviceConnectInfo",
            startConnected=start,
            allowGuestControl=True,
            connected=False,
            status="untried",
        ),
        deviceInfo=_described(f"Network adapter {number + 1}", shown),
    )


def nic_backing(settings: Settings, slot: str, network: FindNetwork) -> Any:
    """Returns the backing of a NIC: a distributed port, or a standard network by name."""
    group = settings.get(f"{slot}.dvs.portgroupid")
    if group:
        port = new(
            "DistributedVirtualSwitchPortConnection",
            switchUuid=settings.get(f"{slot}.dvs.switchid", ""),
            portgroupKey=group,
            portKey=settings.get(f"{slot}.dvs.portid") or None,
        )
        return new("VirtualEthernetCardDistributedVirtualPortBackingInfo", port=port)
    name = settings.get(f"{slot}.networkname", "")
    return new(
        "VirtualEthernetCardNetworkBackingInfo", deviceName=name, network=network(name), useAutoDetect=False
    )


def _cdrom(settings: Settings, read: ReadDisk) -> Any:
    iso = settings.get("ide1:0.filename", "")
    image = settings.get("ide1:0.devicetype", "") == "cdrom-image" and iso
    if image:
        path, _, datastore = read(iso)
        backing = new("VirtualCdromIsoBackingInfo", fileName=path, datastore=datastore)
    else:
        backing = new(
            "VirtualCdromRemotePassthroughBackingInfo", deviceName="", useAutoDetect=False, exclusive=False
        )
    start = settings.get("ide1:0.startconnected", "FALSE").lower() == "true"
    return new(
        "VirtualCdrom",
        key=3000,
        controllerKey=201,
        unitNumber=0,
        backing=backing,
        connectable=new(
            "VirtualDeviceConnectInfo",
            startConnected=start,
            allowGuestControl=True,
            connected=False,
            status="untried",
        ),
        deviceInfo=_described("CD/DVD drive 1", "ISO" if image else "Remote device"),
    )


def settings_of(device: Any) -> dict[str, str]:
    """Returns the .vmx settings of a device; {} for one that is not written."""
    kind = wire_name(type(device))
    if kind in CONTROLLERS.values():
        slot = f"scsi{device.busNumber}"
        virtual = next(name for name, wsdl in CONTROLLERS.items() if wsdl == kind)
        return {
            f"{slot}.present": "TRUE",
            f"{slot}.virtualDev": virtual,
            f"{slot}.sharedBus": str(device.sharedBus or "noSharing"),
        }
    if kind == "VirtualDisk":
        return _disk_settings(device)
    if kind in NICS.values():
        return _nic_settings(device, next(name for name, wsdl in NICS.items() if wsdl == kind))
    if kind == "VirtualCdrom":
        iso = getattr(device.backing, "fileName", None)
        return {
            "ide1:0.present": "TRUE",
            "ide1:0.deviceType": "cdrom-image" if iso else "cdrom-raw",
            "ide1:0.fileName": iso or "auto detect",
            "ide1:0.startConnected": "TRUE"
            if device.connectable and device.connectable.startConnected
            else "FALSE",
        }
    return {}


def _disk_settings(disk: Any) -> dict[str, str]:
    slot = f"scsi{disk.controllerKey - 1000}:{disk.unitNumber}"
    return {
        f"{slot}.present": "TRUE",
        f"{slot}.deviceType": "scsi-hardDisk",
        f"{slot}.fileName": disk.backing.fileName,
        f"{slot}.mode": str(disk.backing.diskMode or "persistent"),
        f"{slot}.sharing": str(disk.backing.sharing or "sharingNone"),
    }


def _nic_settings(nic: Any, virtual: str) -> dict[str, str]:
    slot = f"ethernet{nic.key - 4000}"
    kinds = {"manual": "static", "assigned": "vpx", "generated": "generated"}
    kind = kinds.get(str(nic.addressType).lower(), "vpx")
    found = {
        f"{slot}.present": "TRUE",
        f"{slot}.virtualDev": virtual,
        f"{slot}.addressType": kind,
        f"{slot}.{'generatedAddress' if kind != 'static' else 'address'}": nic.macAddress or "",
        f"{slot}.startConnected": "FALSE"
        if nic.connectable and not nic.connectable.startConnected
        else "TRUE",
    }
    port = getattr(nic.backing, "port", None)
    if port is not None:
        found |= {
            f"{slot}.dvs.switchId": port.switchUuid,
            f"{slot}.dvs.portgroupId": port.portgroupKey or "",
            f"{slot}.dvs.portId": port.portKey or "",
        }
    else:
        found[f"{slot}.networkName"] = nic.backing.deviceName if nic.backing else ""
    return found


def _described(label: str, summary: str) -> Any:
    return new("Description", label=label, summary=summary)
