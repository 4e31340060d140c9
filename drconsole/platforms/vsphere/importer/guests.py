"""Handlers that read what guests lie on storage, and register the chosen ones (R67, R73)."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from drconsole.errors import DeviceError
from drconsole.model.step import Done, Facts, Work
from drconsole.platforms.vsphere.importer.graph import found
from drconsole.platforms.vsphere.importer.recovered import RecoveredSite, SiteHandler, read_all, reference
from drconsole.platforms.vsphere.importer.tasks import run_task
from drconsole.platforms.vsphere.session import Session


class ReadGuests(SiteHandler):
    """Lists every guest's configuration file on a mounted datastore, and what the snapshot lacks.

    What it finds is reported and left to the operator: the snapshot may be older than the storage.
    """

    async def observe(self, work: Work) -> Done | None:
        session = await self.site.server(work)
        store = reference("Datastore", found(work, "datastore"))
        lying = await self._listed(session, store, work.step.deadline_s)
        known = {guest["path"]: guest["name"] for guest in work.step.arguments["guests"]}
        gone, new = sorted(set(known) - lying), sorted(lying - set(known))
        for path in gone:
            work.say(f"{known[path]}: its configuration file is not on the recovered storage", path=path)
        for path in new:
            work.say("a guest lies on the storage that the snapshot does not know", path=path)
        return Done(result={"found": len(lying), "gone": gone, "new": new})

    async def act(self, work: Work) -> None:
        """Reading changes nothing: there is only the observation."""

    async def _listed(self, session: Session, store: Any, seconds: float) -> set[str]:
        state = await session.read(store, "browser", "name")
        spec = vim.host.DatastoreBrowser.SearchSpec(matchPattern=["*.vmx", "*.vmtx"])
        found_in = await run_task(
            session,
            state["browser"],
            "SearchDatastoreSubFolders_Task",
            datastorePath=f"[{state['name']}]",
            searchSpec=spec,
            seconds=seconds,
            about=state["name"],
        )
        return {_joined(row.folderPath, file.path) for row in found_in or [] for file in row.file}


def _joined(folder: str, name: str) -> str:
    """Returns `[datastore] dir/file`; a folder comes with or without its closing slash."""
    return folder + name if folder.endswith(("/", "] ")) else f"{folder}/{name}"


class Register(SiteHandler):
    """Registers a guest from its configuration file on the mounted storage, on its host, in its pool."""

    def __init__(self, site: RecoveredSite) -> None:
        super().__init__(site)
        self._made: dict[str, str] = {}

    async def observe(self, work: Work) -> Done | None:
        moid, state = await self._standing(work)
        if not moid:
            return None
        if state.get("runtime.connectionState") != "connected":
            raise DeviceError(
                f"is registered, but {state.get('runtime.connectionState')}", about=work.step.object
            )
        return Done(
            result={
                "moids": {work.step.arguments["id"]: moid},
                "instance_uuid": state.get("config.instanceUuid", ""),
            }
        )

    async def act(self, work: Work) -> None:
        arguments, session = work.step.arguments, await self.site.server(work)
        await work.check()
        made = await run_task(
            session,
            reference("Folder", found(work, "folder")),
            "RegisterVM_Task",
            path=arguments["path"],
            name=arguments["name"],
            # A template cannot be connected to networks: it becomes one after that.
            asTemplate=False,
            pool=reference("ResourcePool", found(work, "pool")),
            host=reference("HostSystem", found(work, "host")),
            seconds=work.step.deadline_s,
            about=arguments["name"],
        )
        if made is not None:
            self._made[work.token] = made._moId

    async def _standing(self, work: Work) -> tuple[str, Facts]:
        """Returns the guest whose configuration file is this one on its host, with what it shows.

        What the task called it is only where to look first: its file and host are read all the same.
        """
        session, host = await self.site.server(work), found(work, "host")
        if moid := self._made.pop(work.token, ""):
            rows = await read_all(session, [reference("VirtualMachine", moid)], *_SHOWN)
            if moid in rows and rows[moid]["runtime.host"]._moId == host and _is_of(work, rows[moid]):
                return moid, rows[moid]
        guests = (await session.read(reference("HostSystem", host), "vm")).get("vm") or []
        rows = await read_all(session, list(guests), *_SHOWN)
        return next(((moid, shown) for moid, shown in rows.items() if _is_of(work, shown)), ("", {}))


_SHOWN = ("config.files.vmPathName", "config.instanceUuid", "runtime.connectionState", "runtime.host")


def _is_of(work: Work, shown: Facts) -> bool:
    return bool(shown.get("config.files.vmPathName") == work.step.arguments["path"])
