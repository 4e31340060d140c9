"""What makes storage known to the recovered hosts: rescans, and what all mounts share (R66, R67, R71).

Which volumes lie under a datastore is what the arrays said when they presented them (the naa ids,
the NFS paths), never a guess by label or size.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from drconsole.errors import DeviceError
from drconsole.model.step import Done, Facts, Work
from drconsole.platforms.vsphere.importer.graph import found
from drconsole.platforms.vsphere.importer.recovered import SiteHandler, read_all, reference
from drconsole.platforms.vsphere.importer.storage_steps import AT_ONCE
from drconsole.platforms.vsphere.importer.tasks import run_task
from drconsole.platforms.vsphere.session import Session

_RESCAN_SHARE = 0.3
"""How much of its step's deadline each of two rescans may take."""


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
        # An answer may get lost: then there must be time left to look at what the host sees.
        seconds = work.step.deadline_s * _RESCAN_SHARE
        await session.invoke(system, "RescanAllHba", _seconds=seconds)
        await session.invoke(system, "RescanVmfs", _seconds=seconds)

    async def _storage(self, work: Work) -> tuple[Session, Any]:
        return await self.site.manager_of(work, found(work, "host"), "storageSystem")


class Mount(SiteHandler):
    """What both kinds of datastore share: mounted on all hosts, named as captured, in its folder."""

    def hosts(self, work: Work) -> list[str]:
        places = work.step.arguments["at"]
        return [found(work, name) for name in places if name.startswith("host:")]

    async def mine(self, work: Work) -> dict[str, Any]:
        """Returns host → the datastore of this step as that host has it, by what lies under it, or None.

        Two calls for all hosts: hundreds of hosts have the same few datastores.
        """
        session, hosts = await self.site.server(work), self.hosts(work)
        told = await read_all(session, [reference("HostSystem", host) for host in hosts], "datastore")
        held = {host: told.get(host, {}).get("datastore") or [] for host in hosts}
        stores = {store._moId: store for listed in held.values() for store in listed}
        rows = await read_all(session, list(stores.values()), "info", "name")
        own = {
            moid
            for moid, values in rows.items()
            if "info" in values and self.is_mine(work, values["info"], values["name"])
        }
        return {
            host: next((store for store in listed if store._moId in own), None)
            for host, listed in held.items()
        }

    async def on_each(self, hosts: Iterable[str], mount: Callable[[str], Awaitable[None]]) -> None:
        """Mounts on hosts, several at once. Raises the first error; no other host is begun after it."""
        waiting = iter(tuple(hosts))

        async def one_after_the_other() -> None:
            for host in waiting:
                await mount(host)

        workers = [asyncio.ensure_future(one_after_the_other()) for _ in range(AT_ONCE)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    def is_mine(self, work: Work, info: Any, name: str) -> bool:
        """Returns whether `info` (a DatastoreInfo) is of the datastore that this step mounts."""
        raise TypeError(type(self).__name__)

    async def observe(self, work: Work) -> Done | None:
        stores = list((await self.mine(work)).values())
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
        session, store = await self.site.server(work), (await self.mine(work))[self.hosts(work)[0]]
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
