"""Handlers that make storage known: rescans, replicated VMFS volumes, NFS mounts (R66, R67, R71).

Which volumes lie under a datastore is what the arrays said when they presented them (the naa ids,
the NFS paths), never a guess by label or size.
"""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from drconsole.errors import DeviceError
from drconsole.model.step import Done, Facts, Work
from drconsole.platforms.vsphere.importer.graph import found
from drconsole.platforms.vsphere.importer.recovered import RecoveredSite, SiteHandler, read_all, reference
from drconsole.platforms.vsphere.importer.tasks import call, run_task
from drconsole.platforms.vsphere.session import Session


def presented_volumes(work: Work) -> list[Facts]:
    """Returns what the arrays presented for this step's groups."""
    return [volume for key in work.step.arguments["presented"] for volume in work.result(key)["volumes"]]


class Rescan(SiteHandler):
    """One rescan a host, after everything was presented to it: all block volumes must be seen."""

    async def observe(self, work: Work) -> Done | None:
        session, system = await self._storage(work)
        path = "storageDeviceInfo.scsiLun"
        luns = (await session.read(system, path)).get(path) or []
        seen = {lun.canonicalName for lun in luns}
        wanted = {
            volume["naa"]
            for volume in presented_volumes(work)
            if volume.get("naa") and work.step.object in volume["hosts"]
        }
        missing = wanted - {name.removeprefix("naa.") for name in seen} - seen
        if missing:
            work.progress(f"{len(missing)} of {len(wanted)} volumes not seen yet")
            return None
        return Done(result={"seen": sorted(wanted)})

    async def act(self, work: Work) -> None:
        session, system = await self._storage(work)
        await work.check()
        await session.invoke(system, "RescanAllHba", _seconds=work.step.deadline_s)
        await session.invoke(system, "RescanVmfs", _seconds=work.step.deadline_s)

    async def _storage(self, work: Work) -> tuple[Session, Any]:
        return await part_of(self.site, work, found(work, "host"), "storageSystem")


async def part_of(site: RecoveredSite, work: Work, host: str, part: str) -> tuple[Session, Any]:
    session = await site.server(work)
    path = f"configManager.{part}"
    return session, (await session.read(reference("HostSystem", host), path))[path]


class Mount(SiteHandler):
    """What both kinds of datastore share: mounted on all hosts, named as captured, in its folder."""

    def hosts(self, work: Work) -> list[str]:
        places = work.step.arguments["at"]
        return [found(work, name) for name in places if name.startswith("host:")]

    async def mine(self, work: Work, host: str) -> Any:
        """Returns the datastore of this step as that host has it, by what lies under it; else None."""
        session = await self.site.server(work)
        held = (await session.read(reference("HostSystem", host), "datastore")).get("datastore") or []
        rows = await read_all(session, list(held), "info", "name")
        for store in held:
            values = rows.get(store._moId, {})
            if "info" in values and self.is_mine(work, values["info"], values["name"]):
                return store
        return None

    def is_mine(self, work: Work, info: Any, name: str) -> bool:
        """Returns whether `info` (a DatastoreInfo) is of the datastore that this step mounts."""
        raise TypeError(type(self).__name__)

    async def observe(self, work: Work) -> Done | None:
        stores = [await self.mine(work, host) for host in self.hosts(work)]
        if any(store is None for store in stores):
            return None
        session, store = await self.site.server(work), stores[0]
        if any(other._moId != store._moId for other in stores):
            raise DeviceError("is not one datastore but several to its hosts", about=work.step.object)
        state = await session.read(store, "name", "parent")
        if state["name"] != work.step.arguments["name"] or not self._in_folder(work, state["parent"]):
            return None
        if wrong := await self.wrong_access(work, store):
            raise DeviceError(
                f"{', '.join(wrong)} mounted it with another access than captured",
                about=work.step.object,
                remedy="unmount it there, then retry",
            )
        return Done(result={"moids": {work.step.arguments["id"]: store._moId}, "hosts": len(stores)})

    async def wrong_access(self, work: Work, store: Any) -> list[str]:
        """Returns the captured names of hosts that may write where they could not, or the other way."""
        return []

    def _in_folder(self, work: Work, parent: Any) -> bool:
        return "folder" not in work.step.arguments["at"] or parent._moId == found(work, "folder")

    async def settle(self, work: Work) -> None:
        """Gives the datastore its captured name and folder."""
        session, store = await self.site.server(work), await self.mine(work, self.hosts(work)[0])
        if store is None:
            raise DeviceError("was mounted, but the host does not list it", about=work.step.object)
        state = await session.read(store, "name", "parent")
        about, seconds = work.step.object, work.step.deadline_s
        await work.check()
        if state["name"] != work.step.arguments["name"]:
            name = work.step.arguments["name"]
            await run_task(session, store, "Rename_Task", newName=name, seconds=seconds, about=about)
        if not self._in_folder(work, state["parent"]):
            folder = reference("Folder", found(work, "folder"))
            await run_task(session, folder, "MoveIntoFolder_Task", list=[store], seconds=seconds, about=about)


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
        hosts = self.hosts(work)
        if await self.mine(work, hosts[0]) is None:
            await self._resolve(work, hosts[0])
        for host in hosts[1:]:
            if await self.mine(work, host) is None:
                await self._follow(work, host)
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
            session, system = await part_of(self.site, work, host, "datastoreSystem")
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
        session, system = await part_of(self.site, work, host, "storageSystem")
        if work.step.arguments["drill"]:
            await session.invoke(system, "RescanVmfs", _seconds=work.step.deadline_s)
        elif devices := await self._unresolved(work, host):
            await self._force(work, host, devices)

    async def _force(self, work: Work, host: str, devices: list[str]) -> None:
        session, system = await part_of(self.site, work, host, "storageSystem")
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
        session, system = await part_of(self.site, work, host, "datastoreSystem")
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
        for host in self.hosts(work):
            if await self.mine(work, host) is not None:
                continue
            session, system = await part_of(self.site, work, host, "datastoreSystem")
            spec = vim.host.NasVolume.Specification(
                remoteHost=host_name,
                remotePath=path,
                localPath=work.step.arguments["name"],
                accessMode=self._access(work, host),
                type="NFS",
            )
            await work.check()
            await call(session, system, "CreateNasDatastore", spec=spec, about=work.step.object)
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
