"""Storage devices of a host as the API shows them: adapters, disks, and the paths between them."""

from __future__ import annotations

from typing import Any

from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.vim.new import new
from drconsole.lab.world.volumes import Volume

SECTOR = 512
_LUN = {
    "deviceType": "disk",
    "lunType": "disk",
    "operationalState": ["ok"],
    "vendor": "DRLAB",
    "model": "Virtual Volume",
    "revision": "1.0",
    "scsiLevel": 6,
    "queueDepth": 64,
    "vStorageSupport": "vStorageSupported",
}


def device_info(host: Hypervisor) -> Any:
    """Returns the HostStorageDeviceInfo: adapters, LUNs seen at the last rescan, and their paths."""
    return new(
        "HostStorageDeviceInfo",
        hostBusAdapter=[_local_adapter(), *_fibre_adapters(host)],
        scsiLun=[*(_local_disks(host)), *(disk(volume) for volume in host.storage.seen.values())],
        scsiTopology=new("HostScsiTopology", adapter=_topology(host)),
        multipathInfo=new("HostMultipathInfo", lun=_paths(host)),
        softwareInternetScsiEnabled=False,
    )


def device_path(naa: str) -> str:
    """Returns the path of a LUN in the host."""
    return f"/vmfs/devices/disks/{naa}"


def extent_path(volume: Volume) -> str:
    """Returns the path of a VMFS extent: its first partition."""
    return f"{device_path(volume.naa)}:1"


def disk(volume: Volume, *, local: bool = False) -> Any:
    """Returns the HostScsiDisk of a LUN or a local disk."""
    return new(
        "HostScsiDisk",
        deviceName=device_path(volume.naa),
        devicePath=device_path(volume.naa),
        key=_lun_key(volume.naa),
        uuid=_lun_uuid(volume.naa),
        canonicalName=volume.naa,
        displayName=f"DRLAB Disk ({volume.naa})",
        capacity=new("HostDiskDimensionsLba", blockSize=SECTOR, block=volume.size_bytes // SECTOR),
        ssd=True,
        localDisk=local,
        **_LUN,
    )


def _local_disks(host: Hypervisor) -> list[Any]:
    return [
        disk(Volume(host.path, item.serial, item.size_bytes, naa=f"t10.ATA_____{item.serial}"), local=True)
        for item in host.machine.disks
    ]


def _lun_uuid(naa: str) -> str:
    digits = naa.removeprefix("naa.").encode().hex() if not naa.startswith("naa.") else naa[4:]
    return f"0200000000{digits}4452434f4e53"


def _lun_key(naa: str) -> str:
    return f"key-vim.host.ScsiDisk-{_lun_uuid(naa)}"


def _local_adapter() -> Any:
    return new(
        "HostBlockHba",
        key="key-vim.host.BlockHba-vmhba0",
        device="vmhba0",
        bus=0,
        status="unknown",
        model="Wellsburg AHCI Controller",
        driver="vmw_ahci",
        pci="0000:00:11.4",
        storageProtocol="scsi",
    )


def _fibre_adapters(host: Hypervisor) -> list[Any]:
    return [
        new(
            "HostFibreChannelHba",
            key=_adapter_key(number),
            device=f"vmhba{number}",
            bus=59,
            status="online",
            model="QLogic 16Gb FC Adapter",
            driver="qlnativefc",
            pci=f"0000:3b:00.{number - 1}",
            storageProtocol="scsi",
            portWorldWideName=_wwn(wwpn),
            nodeWorldWideName=_wwn(node_name(wwpn)),
            portType="fabric",
            speed=16,
        )
        for number, wwpn in enumerate(host.machine.hardware.wwpns, start=1)
    ]


def node_name(wwpn: str) -> str:
    """Returns the WWNN of a port: by the vendor's custom its second digit differs."""
    return f"{wwpn[0]}0{wwpn[2:]}"


def _wwn(text: str) -> int:
    """Returns 16 hexadecimal digits as the API's signed long."""
    number = int(text, 16)
    return number - (1 << 64) if number >= 1 << 63 else number


def _adapter_key(number: int) -> str:
    return f"key-vim.host.FibreChannelHba-vmhba{number}"


def _topology(host: Hypervisor) -> list[Any]:
    volumes = list(host.storage.seen.values())
    return [
        new(
            "HostScsiTopologyInterface",
            key=f"key-vim.host.ScsiTopology.Interface-vmhba{number}",
            adapter=_adapter_key(number),
            target=[_target(number, volumes)] if volumes else [],
        )
        for number, _ in enumerate(host.machine.hardware.wwpns, start=1)
    ]


def _target(number: int, volumes: list[Volume]) -> Any:
    key = f"key-vim.host.ScsiTopology.Target-vmhba{number}:0:0"
    luns = [
        new(
            "HostScsiTopologyLun",
            key=f"key-vim.host.ScsiTopology.Lun-{volume.naa}",
            lun=volume.lun or 0,
            scsiLun=_lun_key(volume.naa),
        )
        for volume in volumes
    ]
    return new("HostScsiTopologyTarget", key=key, target=0, lun=luns)


def _paths(host: Hypervisor) -> list[Any]:
    policy = new("HostMultipathInfoLogicalUnitPolicy", policy="VMW_PSP_RR")
    return [
        new(
            "HostMultipathInfoLogicalUnit",
            key=f"key-vim.host.MultipathInfo.LogicalUnit-{_lun_uuid(volume.naa)}",
            id=_lun_uuid(volume.naa),
            lun=_lun_key(volume.naa),
            path=[
                new(
                    "HostMultipathInfoPath",
                    key=f"key-vim.host.MultipathInfo.Path-vmhba{number}:C0:T0:L{volume.lun or 0}",
                    name=f"vmhba{number}:C0:T0:L{volume.lun or 0}",
                    pathState="active",
                    state="active",
                    isWorkingPath=number == 1,
                    adapter=_adapter_key(number),
                    lun=_lun_key(volume.naa),
                )
                for number, _ in enumerate(host.machine.hardware.wwpns, start=1)
            ],
            policy=policy,
        )
        for volume in host.storage.seen.values()
    ]
