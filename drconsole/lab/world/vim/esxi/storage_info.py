"""Volumes of a host as the API shows them: what is mounted, and what waits to be resolved."""

from __future__ import annotations

from typing import Any

from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.hypervisor.storage import Mount
from drconsole.lab.world.vim.esxi.devices import extent_path
from drconsole.lab.world.vim.new import new
from drconsole.lab.world.volumes import Volume

BLOCK = 1024 * 1024
DATASTORE_CAPABILITIES = new(
    "HostDatastoreSystemCapabilities",
    nfsMountCreationRequired=True,
    nfsMountCreationSupported=True,
    localDatastoreSupported=False,
    vmfsExtentExpansionSupported=True,
)


def volume_info(host: Hypervisor) -> Any:
    """Returns the HostFileSystemVolumeInfo: what is mounted."""
    return new(
        "HostFileSystemVolumeInfo",
        volumeTypeList=["VMFS", "NFS"],
        mountInfo=[
            new("HostFileSystemMountInfo", mountInfo=mount_info(host, mount), volume=file_system(mount))
            for mount in host.storage.mounts
        ],
    )


def mount_info(host: Hypervisor, mount: Mount) -> Any:
    """Returns the HostMountInfo of a datastore on a host."""
    accessible = host.storage.accessible(mount)
    return new(
        "HostMountInfo",
        path=mount.path,
        accessMode=mount.access,
        mounted=True,
        accessible=accessible,
        inaccessibleReason=None if accessible else "AllPathsDown_Start",
    )


def file_system(mount: Mount) -> Any:
    """Returns the HostVmfsVolume or HostNasVolume under a datastore."""
    return _vmfs(mount) if mount.remote is None else _nas(mount, *mount.remote)


def _nas(mount: Mount, server: str, path: str) -> Any:
    return new(
        "HostNasVolume",
        type="NFS",
        name=mount.name,
        capacity=mount.volume.size_bytes,
        remoteHost=server,
        remotePath=path,
        remoteHostNames=[server],
        securityType="AUTH_SYS",
        protocolEndpoint=False,
    )


def _vmfs(mount: Mount) -> Any:
    forced = new("HostForceMountedInfo", persist=True, mounted=True) if mount.forced else None
    return new(
        "HostVmfsVolume",
        type="VMFS",
        name=mount.name,
        capacity=mount.volume.size_bytes,
        blockSizeMb=1,
        blockSize=1024,
        unmapGranularity=1024,
        unmapPriority="low",
        maxBlocks=63_963_136,
        majorVersion=6,
        version="6.82",
        uuid=mount.uuid,
        extent=[new("HostScsiDiskPartition", diskName=mount.volume.naa, partition=1)],
        vmfsUpgradable=False,
        forceMountedInfo=forced,
        ssd=True,
        local=mount.local,
    )


def unresolved(host: Hypervisor) -> list[Any]:
    """Returns the HostUnresolvedVmfsVolume values: copies of one VMFS are one entry."""
    by_uuid: dict[str, list[Volume]] = {}
    for volume in host.storage.unresolved():
        assert volume.vmfs is not None
        by_uuid.setdefault(volume.vmfs.uuid, []).append(volume)
    return [_unresolved(host, uuid, copies) for uuid, copies in by_uuid.items()]


def _unresolved(host: Hypervisor, uuid: str, copies: list[Volume]) -> Any:
    header = copies[0].vmfs
    assert header is not None
    reason = "diskIdMismatch" if host.storage.with_uuid(uuid) is None else "uuidConflict"
    return new(
        "HostUnresolvedVmfsVolume",
        vmfsLabel=header.label,
        vmfsUuid=uuid,
        totalBlocks=copies[0].size_bytes // BLOCK,
        extent=[_extent(volume, uuid, reason) for volume in copies],
        resolveStatus=new(
            "HostUnresolvedVmfsVolumeResolveStatus",
            resolvable=len(copies) == 1,
            incompleteExtents=False,
            multipleCopies=len(copies) > 1,
        ),
    )


def _extent(volume: Volume, uuid: str, reason: str) -> Any:
    return new(
        "HostUnresolvedVmfsExtent",
        device=new("HostScsiDiskPartition", diskName=volume.naa, partition=1),
        devicePath=extent_path(volume),
        vmfsUuid=uuid,
        isHeadExtent=True,
        ordinal=0,
        startBlock=0,
        endBlock=volume.size_bytes // BLOCK - 1,
        reason=reason,
    )
