"""Handlers that mount datastores: replicated VMFS volumes and NFS exports (R67, R71)."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from drconsole.errors import DeviceError
from drconsole.model.step import Work
from drconsole.platforms.vsphere.importer.graph import found
from drconsole.platforms.vsphere.importer.recovered import read_all, reference
from drconsole.platforms.vsphere.importer.storage import Mount, presented_volumes
from drconsole.platforms.vsphere.importer.tasks import call, run_task


class MountVmfs(Mount):
    """A replicated VMFS: resignatured once in a drill, force-mounted in a real run, then renamed."""

    def wanted(self, work: Work) -> set[str]:
        """Returns the naa ids under the datastore."""
        volumes = set(work.step.arguments["volumes"])
        return {
            str(item["naa"]).removeprefix("naa.")
            for item in presented_volumes(work)
            if item["volume"] in volumes and item.get("naa")
        }

    def is_mine(self, work: Work, info: Any, name: str) -> bool:
        vmfs = getattr(info, "vmfs", None)
        if vmfs is None:
            return False
        extents = {extent.diskName.removeprefix("naa.") for extent in vmfs.extent}
        return bool(extents & self.wanted(work))

    async def act(self, work: Work) -> None:
        first = self.hosts(work)[0]
        if (await self.mine(work))[first] is None:
            await self._resolve(work, first)
        lacking = [host for host, store in (await self.mine(work)).items() if store is None]
        await self.on_each(lacking, lambda host: self._follow(work, host))
        await self.settle(work)

    async def _resolve(self, work: Work, host: str) -> None:
        devices = await self._unresolved(work, host)
        if not devices:
            raise DeviceError(
                "no unresolved volume with the presented ids is seen",
                about=work.step.object,
                remedy="check that the array presents it to this host, then retry",
            )
        await work.check()
        if work.step.arguments["drill"]:
            session, system = await self.site.manager_of(work, host, "datastoreSystem")
            spec = vim.host.UnresolvedVmfsResignatureSpec(extentDevicePath=devices)
            await run_task(
                session,
                system,
                "ResignatureUnresolvedVmfsVolume_Task",
                resolutionSpec=spec,
                seconds=work.step.deadline_s,
                about=work.step.object,
                entity=reference("HostSystem", host),
            )
        else:
            await self._force(work, host, devices)

    async def _follow(self, work: Work, host: str) -> None:
        """A resignatured volume is found by a rescan; a kept one is mounted host by host."""
        await work.check()
        session, system = await self.site.manager_of(work, host, "storageSystem")
        if work.step.arguments["drill"]:
            await session.invoke(system, "RescanVmfs", _seconds=work.step.deadline_s)
        elif devices := await self._unresolved(work, host):
            await self._force(work, host, devices)

    async def _force(self, work: Work, host: str, devices: list[str]) -> None:
        session, system = await self.site.manager_of(work, host, "storageSystem")
        spec = vim.host.UnresolvedVmfsResolutionSpec(extentDevicePath=devices, uuidResolution="forceMount")
        results = await call(
            session,
            system,
            "ResolveMultipleUnresolvedVmfsVolumes",
            resolutionSpec=[spec],
            about=work.step.object,
        )
        for result in results or []:
            if result.fault is not None:
                raise DeviceError(
                    result.fault.localizedMessage or "could not be mounted", about=work.step.object
                )

    async def _unresolved(self, work: Work, host: str) -> list[str]:
        """Returns the device paths of the unresolved volume with the presented ids."""
        session, system = await self.site.manager_of(work, host, "datastoreSystem")
        volumes = await session.invoke(system, "QueryUnresolvedVmfsVolumes")
        wanted = self.wanted(work)
        for volume in volumes or []:
            if any(extent.device.diskName.removeprefix("naa.") in wanted for extent in volume.extent):
                self._refuse_unresolvable(work, volume)
                return [extent.devicePath for extent in volume.extent]
        return []

    def _refuse_unresolvable(self, work: Work, volume: Any) -> None:
        """Raises DeviceError with the host's reason for a copy that it cannot mount."""
        status = volume.resolveStatus
        if status is None or status.resolvable:
            return
        reasons = {
            "an extent of it is missing": status.incompleteExtents,
            "more than one copy of it is presented": status.multipleCopies,
        }
        told = [text for text, holds in reasons.items() if holds] or ["the host does not say why"]
        raise DeviceError(
            f"its copy cannot be resolved: {'; '.join(told)}",
            about=work.step.object,
            remedy="present all extents of one copy, and only those, then retry",
        )


class MountNfs(Mount):
    """An NFS export, mounted under the same server and path, byte for byte, on every host."""

    def wanted(self, work: Work) -> tuple[str, str]:
        """Returns the server and path that the array presents in place of the captured ones."""
        volumes = set(work.step.arguments["volumes"])
        for item in presented_volumes(work):
            if item["volume"] in volumes and item.get("nfs_path"):
                return str(item["nfs_host"]), str(item["nfs_path"])
        raise DeviceError("the array presented no NFS path for it", about=work.step.object)

    def is_mine(self, work: Work, info: Any, name: str) -> bool:
        nas = getattr(info, "nas", None)
        return nas is not None and (nas.remoteHost, nas.remotePath) == self.wanted(work)

    async def act(self, work: Work) -> None:
        host_name, path = self.wanted(work)

        async def mount(host: str) -> None:
            session, system = await self.site.manager_of(work, host, "datastoreSystem")
            spec = vim.host.NasVolume.Specification(
                remoteHost=host_name,
                remotePath=path,
                localPath=work.step.arguments["name"],
                accessMode=self._access(work, host),
                type="NFS",
            )
            await work.check()
            await call(session, system, "CreateNasDatastore", spec=spec, about=work.step.object)

        lacking = [host for host, store in (await self.mine(work)).items() if store is None]
        # The first one alone makes the datastore's object, which the others then share.
        await self.on_each(lacking[:1], mount)
        await self.on_each(lacking[1:], mount)
        await self.settle(work)

    def _access(self, work: Work, host: str) -> str:
        """Returns the access that the host (its id here) had when it was captured."""
        read_only = {found(work, f"host:{captured}") for captured in work.step.arguments["read_only"]}
        return "readOnly" if host in read_only else "readWrite"

    async def wrong_access(self, work: Work, store: Any) -> list[str]:
        session = await self.site.server(work)
        mounts = (await session.read(store, "host")).get("host") or []
        modes = {mount.key._moId: mount.mountInfo.accessMode for mount in mounts}
        wrong = [h for h in self.hosts(work) if modes.get(h, "readWrite") != self._access(work, h)]
        names = await read_all(session, [reference("HostSystem", host) for host in wrong], "name")
        return [values["name"] for values in names.values()]
