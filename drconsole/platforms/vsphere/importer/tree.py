"""Handlers for the tree: each looks whether its object stands below its parent, else creates it.

The postcondition of a creation is read back from the inventory. An object of that name that stands
there already is taken as it is and brought to the captured values where that can be (R79).
"""

from __future__ import annotations

from typing import Any

import msgspec
from pyVmomi import vim

from drconsole.errors import OutcomeUnknown
from drconsole.model.inventory import Cluster, ResourcePool, VApp
from drconsole.model.step import Done, Work
from drconsole.platforms.vsphere.importer.agreement import agrees
from drconsole.platforms.vsphere.importer.graph import found
from drconsole.platforms.vsphere.importer.recovered import SiteHandler, children, reference
from drconsole.platforms.vsphere.importer.specs import allocation_spec
from drconsole.platforms.vsphere.importer.tasks import call

_TREES = {
    "vmFolder": "vmFolder",
    "hostFolder": "hostFolder",
    "datastoreFolder": "datastoreFolder",
    "networkFolder": "networkFolder",
}


class Datacenters(SiteHandler):
    """All captured datacenters and the folders above them, top down."""

    async def observe(self, work: Work) -> Done | None:
        moids = await self._walk(work, create=False)
        return Done(result={"moids": moids}) if moids is not None else None

    async def act(self, work: Work) -> None:
        await self._walk(work, create=True)

    async def _walk(self, work: Work, *, create: bool) -> dict[str, str] | None:
        session = await self.site.server(work)
        moids: dict[str, str] = {}
        for folder in _parents_first(work.step.arguments["folders"]):
            moid = await self._folder(work, folder, moids, create=create)
            if moid is None:
                return None
            moids[folder["id"]] = moid
        for tree in work.step.arguments["datacenters"]:
            parent = reference("Folder", moids.get(tree["parent"], session.content.rootFolder._moId))
            standing = (await children(session, parent)).get(tree["name"])
            if standing is None and create:
                await work.check()
                standing = await call(
                    session, parent, "CreateDatacenter", name=tree["name"], about=tree["name"]
                )
            if standing is None:
                return None
            moids |= await self._roots(work, tree, standing)
        return moids

    async def _folder(
        self, work: Work, folder: dict[str, str], moids: dict[str, str], *, create: bool
    ) -> str | None:
        session = await self.site.server(work)
        if not folder["parent"]:
            return str(session.content.rootFolder._moId)
        parent = reference("Folder", moids[folder["parent"]])
        standing = (await children(session, parent)).get(folder["name"])
        if standing is None and create:
            await work.check()
            standing = await call(session, parent, "CreateFolder", name=folder["name"], about=folder["name"])
        return str(standing._moId) if standing is not None else None

    async def _roots(self, work: Work, tree: dict[str, str], standing: Any) -> dict[str, str]:
        session = await self.site.server(work)
        roots = await session.read(standing, *_TREES.values())
        return {tree["id"]: standing._moId} | {
            tree[captured]: roots[path]._moId for captured, path in _TREES.items() if tree[captured]
        }


def _parents_first(folders: list[dict[str, str]]) -> list[dict[str, str]]:
    ordered: list[dict[str, str]] = []
    placed = {""}
    while len(ordered) < len(folders):
        ready = [f for f in folders if f["parent"] in placed and f["id"] not in placed]
        # Planning has refused dangling parents; whatever is left hangs below the root.
        ready = ready or [f for f in folders if f["id"] not in placed]
        ordered += ready
        placed |= {folder["id"] for folder in ready}
    return ordered


class Child(SiteHandler):
    """A named object below a parent: the shared half of the handlers that create one thing."""

    parent_kind = "Folder"
    listing = "childEntity"

    def name(self, work: Work) -> str:
        return str(work.step.arguments["name"])

    def parent(self, work: Work) -> Any:
        return reference(self.parent_kind, found(work, "parent"))

    async def standing(self, work: Work) -> Any:
        """Returns the object where it stands, else None."""
        session = await self.site.server(work)
        return (await children(session, self.parent(work), self.listing)).get(self.name(work))


class FolderHandler(Child):
    async def observe(self, work: Work) -> Done | None:
        standing = await self.standing(work)
        if standing is None:
            return None
        return Done(result={"moids": {work.step.arguments["id"]: standing._moId}})

    async def act(self, work: Work) -> None:
        session = await self.site.server(work)
        await work.check()
        name = self.name(work)
        await call(session, self.parent(work), "CreateFolder", name=name, about=name)


class ClusterHandler(Child):
    """A cluster, created with HA off and DRS manual: its captured settings come at the end."""

    def cluster(self, work: Work) -> Cluster:
        return msgspec.convert(work.step.arguments["cluster"], Cluster)

    def name(self, work: Work) -> str:
        return self.cluster(work).name

    async def observe(self, work: Work) -> Done | None:
        cluster, standing = self.cluster(work), await self.standing(work)
        if standing is None:
            return None
        session = await self.site.server(work)
        pool = (await session.read(standing, "resourcePool"))["resourcePool"]
        moids = {cluster.id: standing._moId}
        if cluster.resource_pool:
            moids[cluster.resource_pool] = pool._moId
        return Done(result={"moids": moids})

    async def act(self, work: Work) -> None:
        session = await self.site.server(work)
        quiet = vim.cluster.ConfigSpecEx(
            dasConfig=vim.cluster.DasConfigInfo(enabled=False),
            drsConfig=vim.cluster.DrsConfigInfo(enabled=True, defaultVmBehavior="manual"),
        )
        await work.check()
        name = self.name(work)
        await call(session, self.parent(work), "CreateClusterEx", name=name, spec=quiet, about=name)


class PoolHandler(Child):
    """A resource pool with its shares."""

    parent_kind = "ResourcePool"
    listing = "resourcePool"

    def pool(self, work: Work) -> ResourcePool:
        return msgspec.convert(work.step.arguments["pool"], ResourcePool)

    def name(self, work: Work) -> str:
        return self.pool(work).name

    def spec(self, work: Work) -> Any:
        pool = self.pool(work)
        return vim.ResourceConfigSpec(
            cpuAllocation=allocation_spec(pool.cpu), memoryAllocation=allocation_spec(pool.memory)
        )

    async def observe(self, work: Work) -> Done | None:
        standing = await self.standing(work)
        if standing is None:
            return None
        session = await self.site.server(work)
        config = (await session.read(standing, "config"))["config"]
        if not _shares_agree(self.spec(work), config):
            return None
        return Done(result={"moids": {self.pool(work).id: standing._moId}})

    async def act(self, work: Work) -> None:
        session = await self.site.server(work)
        standing = await self.standing(work)
        await work.check()
        if standing is None:
            name, spec = self.name(work), self.spec(work)
            await call(session, self.parent(work), "CreateResourcePool", name=name, spec=spec, about=name)
        else:
            await session.invoke(standing, "UpdateConfig", config=self.spec(work))


def _shares_agree(wanted: Any, config: Any) -> bool:
    """Compares allocations; the number of shares counts only where the level is custom."""
    for name in ("cpuAllocation", "memoryAllocation"):
        want, have = getattr(wanted, name), getattr(config, name)
        if want.shares.level != "custom":
            want.shares.shares = have.shares.shares if have.shares else None
        if not agrees(want, have):
            return False
    return True


class VAppHandler(PoolHandler):
    """A vApp: created with its shares and annotation; its start order waits for its guests."""

    def pool(self, work: Work) -> Any:
        return msgspec.convert(work.step.arguments["pool"], VApp)

    async def act(self, work: Work) -> None:
        session = await self.site.server(work)
        if await self.standing(work) is not None:
            await super().act(work)
            return
        vapp = self.pool(work)
        folder = reference("Folder", found(work, "folder")) if vapp.folder else None
        await work.check()
        created = await call(
            session,
            self.parent(work),
            "CreateVApp",
            about=vapp.name,
            name=vapp.name,
            resSpec=self.spec(work),
            configSpec=vim.vApp.VAppConfigSpec(annotation=vapp.annotation or None),
            vmFolder=folder,
        )
        if created is None:
            raise OutcomeUnknown("the server did not say what it created", about=vapp.name)
