"""Datastore: a mounted volume, as the hosts of a datacenter share it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.esxi import inventory
from drconsole.lab.world.vim.esxi.storage_info import file_system, mount_info
from drconsole.lab.world.vim.new import changed, fault, new
from drconsole.lab.world.vim.objects import Endpoint, ManagedEntity, computed, entity_name
from drconsole.lab.world.volumes import Volume

if TYPE_CHECKING:
    from drconsole.lab.world.hypervisor.storage import Mount
    from drconsole.lab.world.vim.esxi.host_system import HostSystem

LONGEST_NAME = 80
FREE_SHARE = 0.4
"""Free space is volatile; the lab shows a constant share."""

MAX_FILE = 62 * 2**40
CAPABILITY = new(
    "DatastoreCapability",
    directoryHierarchySupported=True,
    rawDiskMappingsSupported=True,
    perFileThinProvisioningSupported=True,
    storageIORMSupported=True,
    nativeSnapshotSupported=False,
    topLevelDirectoryCreateSupported=True,
    vmdkExpandSupported=True,
)


class Datastore(ManagedEntity):
    """A datastore. `uuid` is the VMFS uuid or the hash of an NFS export; `members` the mounts by host."""

    wsdl = "Datastore"
    prefix = "datastore"
    defaults: ClassVar[dict[str, Any]] = {"capability": CAPABILITY}
    volatile = frozenset({"host", "summary", "vm"})

    def __init__(self, endpoint: Endpoint, host: HostSystem, mount: Mount, moid: str | None = None) -> None:
        super().__init__(endpoint, moid)
        self.uuid = mount.uuid
        self.members: dict[str, Mount] = {host.moid: mount}
        self._last = mount
        self._hosts: dict[str, HostSystem] = {host.moid: host}

    def serve(self) -> None:
        """Puts its browser into service."""
        from drconsole.lab.world.vim.esxi.browser import DatastoreBrowser

        self.endpoint.add(DatastoreBrowser(self.endpoint, f"datastoreBrowser-{self.moid}", self))

    def retire(self) -> None:
        """Its last host unmounted it."""
        self.endpoint.remove(self.endpoint.objects[f"datastoreBrowser-{self.moid}"])

    def join(self, host: HostSystem, mount: Mount) -> None:
        """A host has it mounted; after a resignature under another uuid."""
        self.uuid = mount.uuid
        self.members[host.moid], self._hosts[host.moid] = mount, host
        self.touch("host", "summary", "info", "name")

    def leave(self, host: HostSystem) -> bool:
        """A host unmounted it. Returns whether it had it."""
        self._hosts.pop(host.moid, None)
        left = self.members.pop(host.moid, None)
        if left is None:
            return False
        self._last = left
        self.touch("host", "summary")
        return True

    @property
    def mount(self) -> Mount:
        """One of the mounts, the last one where none is left: what they share is the same in all."""
        return next(iter(self.members.values()), self._last)

    @property
    def volume(self) -> Volume:
        """The volume with the files."""
        return self.mount.volume

    @property
    def label(self) -> str:
        """The name as datastore paths have it."""
        return self.mount.name

    def accessible(self) -> bool:
        """Whether any host that answers reaches its volume."""
        return any(self.accessible_on(host) for host in self._hosts.values())

    def accessible_on(self, host: HostSystem) -> bool:
        """Whether a host has it mounted, answers, and reaches its volume."""
        mount = self.members.get(host.moid)
        return (
            mount is not None
            and host.connection_state() == "connected"
            and host.hypervisor.storage.accessible(mount)
        )

    @computed("name")
    def _name(self) -> str:
        return entity_name(self.label)

    @computed("browser")
    def _browser(self) -> Any:
        return self.endpoint.objects[f"datastoreBrowser-{self.moid}"].ref()

    @computed("summary")
    def _summary(self) -> Any:
        size = self.volume.size_bytes
        return new(
            "DatastoreSummary",
            datastore=self.ref(),
            name=self.name,
            url=self.url,
            capacity=size,
            freeSpace=int(size * FREE_SHARE),
            uncommitted=0,
            accessible=self.accessible(),
            multipleHostAccess=len(self.members) > 1,
            type="NFS" if self.mount.remote else "VMFS",
            maintenanceMode="normal",
        )

    @property
    def url(self) -> str:
        """The URL that names the volume whatever the label is."""
        return f"ds:///vmfs/volumes/{self.uuid}/"

    @computed("info")
    def _info(self) -> Any:
        size = self.volume.size_bytes
        common = {
            "name": self.name,
            "url": self.url,
            "freeSpace": int(size * FREE_SHARE),
            "maxFileSize": MAX_FILE,
            "maxVirtualDiskCapacity": MAX_FILE,
            "maxMemoryFileSize": MAX_FILE,
            "timestamp": self.world.clock.now(),
        }
        if self.mount.remote is not None:
            return new("NasDatastoreInfo", nas=file_system(self.mount), **common)
        limits = {"maxPhysicalRDMFileSize": MAX_FILE, "maxVirtualRDMFileSize": MAX_FILE}
        return new("VmfsDatastoreInfo", vmfs=file_system(self.mount), **limits, **common)

    @computed("host")
    def _host(self) -> Any:
        return [
            new(
                "DatastoreHostMount",
                key=host.ref(),
                mountInfo=mount_info(host.hypervisor, self.members[moid]),
            )
            for moid, host in self._hosts.items()
        ]

    @computed("vm")
    def _guests(self) -> Any:
        return [
            guest
            for host in self._hosts.values()
            for guest in host.value("vm")
            if self.ref() in (self.endpoint.at(guest).value("datastore") or [])
        ]

    async def RenameDatastore(self, call: Call, newName: str) -> None:
        await self._rename(call, newName)

    async def Rename_Task(self, call: Call, newName: str) -> None:
        await self._rename(call, newName)

    async def _rename(self, call: Call, name: str) -> None:
        if not name or len(name) > LONGEST_NAME or name != name.strip():
            raise fault("InvalidName", name=name, entity=self.ref())
        taken = self._sibling(name)
        if taken is not None:
            raise fault("DuplicateName", name=name, object=taken.ref())
        await call.take("vcenter.rename")
        was, old = inventory.world_path(self), self.label
        guests = [self.endpoint.at(guest) for guest in self.value("vm")]
        try:
            for mount in self.members.values():
                mount.rename(name)
        except PermissionError as refused:
            raise fault("InvalidName", str(refused), name=name, entity=self.ref()) from None
        call.write("update", was, name=name, initiator=call.initiator)
        inventory.holder(self).adopt(self)
        self.touch("name", "summary", "info")
        registered = getattr(self.endpoint, "registered", None)
        for guest in guests:
            guest.set(config=_renamed(guest.props["config"], f"[{old}] ", f"[{name}] "))
            if registered is not None:
                registered.note(guest)
        for host in self._hosts.values():
            host.hypervisor.changed("datastore", "config")

    def _sibling(self, name: str) -> Datastore | None:
        datacenter = inventory.datacenter_of(self)
        for reference in datacenter.value("datastore") if datacenter is not None else []:
            other = self.endpoint.at(reference)
            if isinstance(other, Datastore) and other is not self and other.label == name:
                return other
        return None

    async def RefreshDatastore(self, call: Call) -> None:
        self.touch("summary", "info", "host")

    async def RefreshDatastoreStorageInfo(self, call: Call) -> None:
        self.touch("summary", "info", "host")

    async def DestroyDatastore(self, call: Call) -> None:
        await self._destroy(call)

    async def Destroy_Task(self, call: Call) -> None:
        await self._destroy(call)

    async def _destroy(self, call: Call) -> None:
        if self.value("vm"):
            raise fault("ResourceInUse", f"guests are on {self.label}", name=self.name)
        await call.take("vcenter.destroy")
        for host in list(self._hosts.values()):
            host.contact()
            host.hypervisor.storage.unmount(self.members[host.moid])
            host.hypervisor.changed("datastore", "config")


def _renamed(config: Any, old: str, now: str) -> Any:
    """A guest's configuration after a datastore on which it has files was renamed: every path in it
    begins with the datastore's name."""

    def renamed(path: str | None) -> str | None:
        return now + path.removeprefix(old) if path and path.startswith(old) else path

    names = ("vmPathName", "snapshotDirectory", "suspendDirectory", "logDirectory")
    files = changed(config.files, **{name: renamed(getattr(config.files, name)) for name in names})
    devices = [
        changed(device, backing=changed(device.backing, fileName=renamed(device.backing.fileName)))
        if getattr(getattr(device, "backing", None), "fileName", None)
        else device
        for device in config.hardware.device
    ]
    return changed(config, files=files, hardware=changed(config.hardware, device=devices))
