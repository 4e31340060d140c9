"""HostDatastoreSystem: datastores of one host, made from exports and from copies of volumes."""

from __future__ import annotations

from typing import Any, ClassVar

from drconsole.lab.world.hypervisor.storage import Mount, StorageRefused
from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.esxi import inventory
from drconsole.lab.world.vim.esxi.datastore import LONGEST_NAME, Datastore
from drconsole.lab.world.vim.esxi.devices import disk
from drconsole.lab.world.vim.esxi.part import HostPart
from drconsole.lab.world.vim.esxi.storage_info import DATASTORE_CAPABILITIES, unresolved
from drconsole.lab.world.vim.esxi.storage_system import named_copy, refuse_used
from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.objects import computed


class HostDatastoreSystem(HostPart):
    """Datastores of one host."""

    wsdl = "HostDatastoreSystem"
    defaults: ClassVar[dict[str, Any]] = {"capabilities": DATASTORE_CAPABILITIES}

    @computed("datastore")
    def _datastores(self) -> Any:
        return [datastore.ref() for datastore in inventory.datastores_of(self.host)]

    async def QueryUnresolvedVmfsVolumes(self, call: Call) -> Any:
        self.host.contact()
        return unresolved(self.hypervisor)

    async def ResignatureUnresolvedVmfsVolume_Task(self, call: Call, resolutionSpec: Any) -> Any:
        self.host.contact()
        await call.take("host.resignature")
        self.host.contact()
        storage = self.hypervisor.storage
        try:
            volume = named_copy(storage.unresolved(), resolutionSpec.extentDevicePath)
            if volume.vmfs is not None and storage.copies(volume.vmfs.uuid) > 1:
                raise fault("VmfsAmbiguousMount", uuid=volume.vmfs.uuid)
            mount = storage.resignature(volume)
        except (StorageRefused, PermissionError) as refused:
            raise fault("PlatformConfigFault", str(refused), text=str(refused)) from None
        self.hypervisor.changed("datastore", "config")
        return new(
            "HostResignatureRescanResult", rescan=self._rescan_others(), result=self._made(mount).ref()
        )

    def _rescan_others(self) -> list[Any]:
        """The other hosts of the datacenter find the volume under its new uuid by themselves."""
        from drconsole.lab.world.vim.esxi.host_system import HostSystem

        results = []
        datacenter = inventory.datacenter_of(self.host)
        for other in self.endpoint.of(HostSystem):
            connected = other.connection_state() == "connected"
            if other is not self.host and connected and inventory.datacenter_of(other) is datacenter:
                other.hypervisor.storage.rescan_vmfs()
                other.hypervisor.changed("datastore", "config")
                results.append(new("HostVmfsRescanResult", host=other.ref()))
        return results

    async def CreateNasDatastore(self, call: Call, spec: Any) -> Any:
        self.host.contact()
        server, path, name = str(spec.remoteHost), str(spec.remotePath), str(spec.localPath)
        if not name or len(name) > LONGEST_NAME:
            raise fault("InvalidArgument", invalidProperty="spec.localPath")
        self._refuse_other(name, (server, path))
        await call.take("host.mount")
        self.host.contact()
        try:
            mount = self.hypervisor.storage.mount_nfs(
                server, path, name, "readOnly" if spec.accessMode == "readOnly" else "readWrite"
            )
        except StorageRefused as refused:
            if refused.already:
                raise fault("AlreadyExists", str(refused), name=name) from None
            raise fault(
                "NasVolumeNotMounted", str(refused), name=name, remoteHost=server, remotePath=path
            ) from None
        self.hypervisor.changed("datastore", "config")
        return self._made(mount).ref()

    def _refuse_other(self, name: str, remote: tuple[str, str]) -> None:
        """One name is one volume in a datacenter: the same export, byte for byte, or DuplicateName."""
        own = self.hypervisor.storage.named(name)
        if own is not None and own.remote == remote:
            raise fault("AlreadyExists", name=name)
        for datastore in inventory.datastores_at(self.host):
            same = datastore.mount.remote == remote
            if datastore.label == name and not same:
                raise fault("DuplicateName", name=name, object=datastore.ref())
            if same and datastore.label != name:
                text = f"{remote[0]}:{remote[1]} is the datastore {datastore.label} on other hosts"
                raise fault("PlatformConfigFault", text, text=text)

    async def RemoveDatastore(self, call: Call, datastore: Any) -> None:
        self.host.contact()
        mount = self._own(datastore)
        refuse_used(self.host, mount)
        await call.take("host.mount")
        self.hypervisor.storage.unmount(mount)
        self.hypervisor.changed("datastore", "config")

    async def RemoveDatastoreEx_Task(self, call: Call, datastore: list[Any]) -> None:
        try:
            for reference in datastore:
                await self.RemoveDatastore(call, reference)
        except Exception as error:  # only one fault is declared here: every other is told by it
            raise fault("PlatformConfigFault", str(error), text=str(error)) from None

    async def QueryAvailableDisksForVmfs(self, call: Call, datastore: Any) -> Any:
        self.host.contact()
        return [disk(v) for v in self.hypervisor.storage.seen.values() if v.vmfs is None]

    def _own(self, reference: Any) -> Mount:
        found = self.endpoint.at(reference)
        mount = found.members.get(self.host.moid) if isinstance(found, Datastore) else None
        if mount is None:
            raise fault("NotFound", "the host has no such datastore")
        return mount

    def _made(self, mount: Mount) -> Datastore:
        for datastore in inventory.datastores_of(self.host):
            if datastore.members[self.host.moid] is mount:
                return datastore
        raise LookupError(mount.name)
