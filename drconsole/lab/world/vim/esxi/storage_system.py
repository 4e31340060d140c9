"""HostStorageSystem: rescans, volumes, and the copies that wait to be resolved."""

from __future__ import annotations

from typing import Any, ClassVar

from drconsole.lab.world.hypervisor.storage import Mount, StorageRefused
from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.esxi.devices import device_info, extent_path
from drconsole.lab.world.vim.esxi.part import HostPart
from drconsole.lab.world.vim.esxi.storage_info import file_system, unresolved, volume_info
from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.objects import computed
from drconsole.lab.world.volumes import Volume


class HostStorageSystem(HostPart):
    """Storage of one host."""

    wsdl = "HostStorageSystem"
    defaults: ClassVar[dict[str, Any]] = {"value": [], "availableField": [], "systemFile": []}

    @computed("storageDeviceInfo")
    def _devices(self) -> Any:
        return device_info(self.hypervisor)

    @computed("fileSystemVolumeInfo")
    def _volumes(self) -> Any:
        return volume_info(self.hypervisor)

    async def RescanAllHba(self, call: Call) -> None:
        self.host.contact()
        await call.take("host.rescan")
        self.hypervisor.storage.rescan_adapters()
        self._changed()

    async def RescanHba(self, call: Call, hbaDevice: str) -> None:
        count = len(self.hypervisor.machine.hardware.wwpns)
        if hbaDevice not in {f"vmhba{number}" for number in range(count + 1)}:
            raise fault("NotFound", f"no adapter {hbaDevice}")
        await self.RescanAllHba(call)

    async def RescanVmfs(self, call: Call) -> None:
        self.host.contact()
        await call.take("host.rescan")
        self.hypervisor.storage.rescan_vmfs()
        self._changed()

    async def RefreshStorageSystem(self, call: Call) -> None:
        self.host.contact()
        self._changed()

    async def QueryUnresolvedVmfsVolume(self, call: Call) -> Any:
        self.host.contact()
        return unresolved(self.hypervisor)

    async def ResolveMultipleUnresolvedVmfsVolumes(self, call: Call, resolutionSpec: list[Any]) -> Any:
        self.host.contact()
        await call.take("host.mount")
        results = [self._resolve(spec) for spec in resolutionSpec]
        self._changed()
        return results

    async def ResolveMultipleUnresolvedVmfsVolumesEx_Task(self, call: Call, resolutionSpec: list[Any]) -> Any:
        from drconsole.lab.world.vim.new import array

        results = await self.ResolveMultipleUnresolvedVmfsVolumes(call, resolutionSpec)
        return array("HostUnresolvedVmfsResolutionResult", results)

    async def MountVmfsVolume(self, call: Call, vmfsUuid: str) -> None:
        self.host.contact()
        if self.hypervisor.storage.with_uuid(vmfsUuid) is not None:
            raise fault("InvalidState", f"{vmfsUuid} is mounted")
        await call.take("host.mount")
        if self.hypervisor.storage.mount_again(vmfsUuid) is None:
            raise fault("NotFound", f"no volume {vmfsUuid}")
        self._changed()

    async def UnmountVmfsVolume(self, call: Call, vmfsUuid: str) -> None:
        await self._unmount(call, vmfsUuid)

    async def UnmountForceMountedVmfsVolume(self, call: Call, vmfsUuid: str) -> None:
        await self._unmount(call, vmfsUuid)

    async def UpdateSoftwareInternetScsiEnabled(self, call: Call, enabled: bool) -> None:
        raise fault("NotSupported", "the lab has no iSCSI")

    async def _unmount(self, call: Call, uuid: str) -> None:
        self.host.contact()
        mount = self.hypervisor.storage.with_uuid(uuid)
        if mount is None:
            raise fault("NotFound", f"no volume {uuid}")
        refuse_used(self.host, mount)
        await call.take("host.mount")
        self.hypervisor.storage.unmount(mount)
        self._changed()

    def _resolve(self, spec: Any) -> Any:
        try:
            mount = resolve(self.hypervisor.storage.unresolved(), self.hypervisor.storage, spec)
        except StorageRefused as refused:
            kind = "VmfsAlreadyMounted" if refused.already else "VmfsAmbiguousMount"
            return new(
                "HostUnresolvedVmfsResolutionResult", spec=spec, fault=fault(kind, str(refused), uuid="")
            )
        return new("HostUnresolvedVmfsResolutionResult", spec=spec, vmfs=file_system(mount))

    def _changed(self) -> None:
        self.hypervisor.changed("datastore", "config")


def resolve(candidates: list[Volume], storage: Any, spec: Any) -> Mount:
    """Resignatures or force-mounts the copy that a spec names. Raises StorageRefused."""
    volume = named_copy(candidates, spec.extentDevicePath)
    try:
        mount: Mount = (
            storage.force_mount(volume)
            if str(spec.uuidResolution) == "forceMount"
            else storage.resignature(volume)
        )
    except PermissionError as refused:
        raise StorageRefused(str(refused)) from None
    return mount


def named_copy(candidates: list[Volume], paths: list[str]) -> Volume:
    """Returns the unresolved copy whose extent a client named. Raises StorageRefused."""
    for volume in candidates:
        if extent_path(volume) in paths or extent_path(volume).removesuffix(":1") in paths:
            return volume
    raise StorageRefused(f"{', '.join(paths)} is no extent of an unresolved volume", already=True)


def refuse_used(host: Any, mount: Mount) -> None:
    """Raises ResourceInUse where guests of a host are on a datastore."""
    from drconsole.lab.world.vim.esxi import inventory

    for datastore in inventory.datastores_of(host):
        if datastore.members[host.moid] is mount:
            for guest in host.value("vm"):
                if datastore.ref() in (host.endpoint.at(guest).value("datastore") or []):
                    raise fault("ResourceInUse", f"guests are on {mount.name}", name=mount.name)
