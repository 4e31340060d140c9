"""What a hypervisor sees of arrays and local disks, and which datastores it has mounted.

A LUN is seen when it is presented to one of the machine's WWPNs and the host has rescanned. A VMFS
on a LUN of another naa is a copy: it stays unresolved until somebody resignatures or force-mounts
it (vSphere: HostUnresolvedVmfsVolume).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from drconsole.lab.world import reach
from drconsole.lab.world.arrays import Array
from drconsole.lab.world.volumes import Vmfs, Volume

if TYPE_CHECKING:
    from drconsole.lab.world.hypervisor.host import Hypervisor
    from drconsole.lab.world.world import World

LOCAL_DATASTORE_FROM = 142 * 10**9
"""Bytes of install disk from which ESXi 8 leaves room for a local datastore."""


class StorageRefused(Exception):
    """A volume that cannot be mounted, in the hypervisor's words; `already` when it is mounted."""

    def __init__(self, message: str, *, already: bool = False) -> None:
        super().__init__(message)
        self.already = already


@dataclass
class Mount:
    """A datastore on one host. `remote` is (host, path) of an NFS export as the client wrote them.

    `uuid` is the VMFS uuid, or a hash of the NFS server and path: equal on hosts that share it.
    """

    volume: Volume
    label: str = ""
    remote: tuple[str, str] | None = None
    access: Literal["readWrite", "readOnly"] = "readWrite"
    forced: bool = False

    @property
    def name(self) -> str:
        """The label: on a VMFS it is on the volume, and so the same on every host."""
        return self.label if self.remote else self.header.label

    @property
    def header(self) -> Vmfs:
        """The VMFS header. Only of a VMFS."""
        assert self.volume.vmfs is not None
        return self.volume.vmfs

    @property
    def uuid(self) -> str:
        if self.remote is None:
            return self.header.uuid
        return "-".join(f"{zlib.crc32(part.encode()):08x}" for part in self.remote)

    @property
    def path(self) -> str:
        """Where the host has it, as HostMountInfo says."""
        return f"/vmfs/volumes/{self.uuid}"

    def rename(self, name: str) -> None:
        """Changes the label: of a VMFS on the volume itself. Raises PermissionError."""
        if self.remote is not None:
            self.label = name
        elif self.header.label != name:
            self.volume.label(Vmfs(name, self.header.uuid, self.header.naa))

    @property
    def local(self) -> bool:
        """Whether it lies on a disk of the machine."""
        return self.remote is None and self.volume.array.startswith("machine/")


class HostStorage:
    """The storage of one host; changes are told to its views by the caller."""

    def __init__(self, host: Hypervisor) -> None:
        self._host = host
        self.seen: dict[str, Volume] = {}
        self.local: Volume | None = None
        self.mounts: list[Mount] = []
        self._unmounted: set[str] = set()

    def rescan(self) -> None:
        """Looks for LUNs at every adapter, and mounts what is an original and not unmounted."""
        self.rescan_adapters()
        self.rescan_vmfs()

    def rescan_adapters(self) -> None:
        """Looks for LUNs: what was presented or taken away since is known from now on."""
        self.seen = {volume.naa: volume for volume in self._presented()}
        self._write("rescan", self._host.path)

    def rescan_vmfs(self) -> None:
        """Mounts every original VMFS that is seen, less those that somebody unmounted."""
        for volume in (*([self.local] if self.local else ()), *self.seen.values()):
            header = volume.vmfs
            if header is None or header.naa != volume.naa or header.uuid in self._unmounted:
                continue
            if self.with_uuid(header.uuid) is None:
                self._mount(Mount(volume))

    def _presented(self) -> Iterator[Volume]:
        wwpns = set(self._host.machine.hardware.wwpns)
        for array in self._host.world.arrays.values():
            if array.alive:
                for volume in array.volumes.values():
                    if volume.naa and wwpns.intersection(volume.initiators):
                        yield volume

    def unresolved(self) -> list[Volume]:
        """Returns the copies of VMFS volumes that this host sees and has not mounted."""
        mounted = {id(mount.volume) for mount in self.mounts}
        return [
            volume
            for volume in self.seen.values()
            if volume.vmfs and volume.vmfs.naa != volume.naa and id(volume) not in mounted
        ]

    def copies(self, uuid: str) -> int:
        """Returns how many unresolved copies of one VMFS are seen."""
        return sum(1 for volume in self.unresolved() if volume.vmfs and volume.vmfs.uuid == uuid)

    def resignature(self, volume: Volume) -> Mount:
        """Gives a copy a uuid of its own and the label `snap-XXXXXXXX-NAME`, and mounts it.

        Raises StorageRefused; PermissionError where the volume receives replication.
        """
        if volume.vmfs is None or volume not in self.unresolved():
            raise StorageRefused(f"{volume.naa} is no unresolved copy")
        random = self._host.world.random
        label = f"snap-{random.getrandbits(32):08x}-{volume.vmfs.label}"
        volume.label(Vmfs(label, new_uuid(self._host.world), volume.naa))
        return self._mount(Mount(volume))

    def force_mount(self, volume: Volume) -> Mount:
        """Mounts a copy with its uuid and label, on this host only. Raises StorageRefused."""
        header = volume.vmfs
        if header is None or volume not in self.unresolved():
            raise StorageRefused(f"{volume.naa} is no unresolved copy", already=True)
        if self.with_uuid(header.uuid) is not None:
            raise StorageRefused(f"a volume of uuid {header.uuid} is mounted", already=True)
        if self.copies(header.uuid) > 1:
            raise StorageRefused(f"several copies of {header.uuid} are presented")
        return self._mount(Mount(volume, forced=True))

    def mount_nfs(self, server: str, path: str, name: str, access: Literal["readWrite", "readOnly"]) -> Mount:
        """Mounts an export through a VMkernel interface that reaches its portal. StorageRefused."""
        if any(mount.remote == (server, path) for mount in self.mounts):
            raise StorageRefused(f"{server}:{path} is mounted", already=True)
        volume = self._export(server, path)
        if volume is None:
            raise StorageRefused(f"{server}:{path}: no answer, or not exported to this host")
        return self._mount(Mount(volume, name, (server, path), access))

    def _export(self, server: str, path: str) -> Volume | None:
        for array in self._host.world.arrays.values():
            if array.alive and (client := self._client(array, server)):
                for volume in array.volumes.values():
                    if volume.export == path and client in volume.initiators:
                        return volume
        return None

    def _client(self, array: Array, server: str) -> str:
        """Returns the own address from which an array's portal is reached, "" for none."""
        for portal in array.portals:
            if portal.address == server:
                via = reach.on_network(self._host.world, self._host, server, portal.vlans)
                return via.address if via else ""
        return ""

    def unmount(self, mount: Mount) -> None:
        """Takes a datastore away; a VMFS stays away until it is mounted by name."""
        self.mounts.remove(mount)
        if mount.remote is None:
            self._unmounted.add(mount.uuid)
        self._write("unmount", f"{self._host.path}/mount/{mount.volume.path}", datastore=mount.name)

    def mount_again(self, uuid: str) -> Mount | None:
        """Mounts a VMFS that was unmounted; None where no such volume is seen."""
        self._unmounted.discard(uuid)
        for volume in self.seen.values():
            if volume.vmfs and volume.vmfs.uuid == uuid and self.with_uuid(uuid) is None:
                return self._mount(Mount(volume))
        return None

    def accessible(self, mount: Mount) -> bool:
        """Says whether the host reaches the volume under a datastore now."""
        if mount.local:
            return True
        if mount.remote is not None:
            return self._export(*mount.remote) is mount.volume
        return any(volume is mount.volume for volume in self._presented())

    def named(self, name: str) -> Mount | None:
        """Returns the datastore of a name."""
        return next((mount for mount in self.mounts if mount.name == name), None)

    def with_uuid(self, uuid: str) -> Mount | None:
        """Returns the datastore of a uuid."""
        return next((mount for mount in self.mounts if mount.uuid == uuid), None)

    def _mount(self, mount: Mount) -> Mount:
        self.mounts.append(mount)
        self._write(
            "mount",
            f"{self._host.path}/mount/{mount.volume.path}",
            volume=mount.volume.path,
            datastore=mount.name,
            host=self._host.full_name,
        )
        return mount

    def _write(self, effect: str, what: str, **detail: str) -> None:
        self._host.world.ledger.write(f"host:{self._host.machine.name}", effect, what, **detail)


def new_uuid(world: World) -> str:
    """Returns a VMFS uuid as ESXi makes them, from the world's seed."""
    bits = f"{world.random.getrandbits(128):032x}"
    return f"{bits[:8]}-{bits[8:16]}-{bits[16:20]}-{bits[20:]}"


def local_volume(host: Hypervisor, disk_serial: str, size_bytes: int) -> Volume:
    """Returns the VMFS that an install leaves on a large disk: `datastore1`."""
    volume = Volume(
        host.path, f"disk/{disk_serial}", size_bytes, naa=f"t10.ATA_____{disk_serial}", writable=True
    )
    volume.vmfs = Vmfs("datastore1", new_uuid(host.world), volume.naa)
    return volume
