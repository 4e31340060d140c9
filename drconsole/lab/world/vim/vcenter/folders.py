"""Folders: four kinds of tree below each datacenter, and one of datacenters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from drconsole.lab.world.vim.new import fault
from drconsole.lab.world.vim.objects import ManagedEntity, computed
from drconsole.lab.world.vim.registry import wsdl_type
from drconsole.lab.world.vim.vcenter.tree import TreeEntity, checked_name, vcenter_of

if TYPE_CHECKING:
    from drconsole.lab.world.vim.call import Call

HOLDS: dict[str, tuple[str, ...]] = {
    "d": ("Folder", "Datacenter"),
    "v": ("Folder", "VirtualMachine", "VirtualApp"),
    "h": ("Folder", "ComputeResource"),
    "s": ("Folder", "Datastore", "StoragePod"),
    "n": ("Folder", "Network", "DistributedVirtualSwitch"),
}
"""What each kind of folder may hold; the letter stands in its id, such as `group-v3`."""


class Folder(TreeEntity):
    """A folder. `holds` is its kind's letter."""

    wsdl = "Folder"
    holding = "childEntity"

    def __init__(self, endpoint: Any, moid: str | None = None, *, holds: str, **props: Any) -> None:
        super().__init__(endpoint, moid or endpoint.next_id(f"group-{holds}"), **props)
        self.holds = holds

    @computed("childEntity")
    def _child_entity(self) -> Any:
        return self.references()

    @computed("childType")
    def _child_type(self) -> Any:
        return list(HOLDS[self.holds])

    async def CreateFolder(self, call: Call, name: str) -> Any:
        made = Folder(self.endpoint, name=self._free(name), holds=self.holds)
        return await self._created(call, made)

    async def CreateDatacenter(self, call: Call, name: str) -> Any:
        from drconsole.lab.world.vim.vcenter.datacenters import Datacenter

        self._only("Datacenter")
        made = Datacenter(self.endpoint, name=self._free(name))
        created = await self._created(call, made)
        made.furnish()
        return created

    async def CreateClusterEx(self, call: Call, name: str, spec: Any) -> Any:
        from drconsole.lab.world.vim.vcenter.clusters import Cluster

        self._only("ComputeResource")
        made = Cluster(self.endpoint, name=self._free(name))
        made.furnish()
        made.reconfigure(spec)
        return await self._created(call, made)

    async def CreateCluster(self, call: Call, name: str, spec: Any) -> Any:
        return await self.CreateClusterEx(call, name, spec)

    async def AddStandaloneHost_Task(
        self, call: Call, spec: Any, compResSpec: Any, addConnected: bool, license: str | None
    ) -> Any:
        from drconsole.lab.world.vim.esxi.connecting import connect_host
        from drconsole.lab.world.vim.vcenter.clusters import ComputeResource

        self._only("ComputeResource")
        made = self.endpoint.add(ComputeResource(self.endpoint, name=self._free(spec.hostName or "")))
        made.furnish()
        self.adopt(made)
        try:
            await connect_host(call, made, spec)
        except BaseException:
            self.release(made)
            self.endpoint.remove(made)
            raise
        return made.ref()

    async def CreateVM_Task(self, call: Call, config: Any, pool: Any, host: Any) -> Any:
        from drconsole.lab.world.vim.vcenter.registration import create_guest

        self._only("VirtualMachine")
        return await create_guest(call, self, config, pool, host)

    async def RegisterVM_Task(  # noqa: PLR0917 - the wire's parameters
        self, call: Call, path: str, name: str | None, asTemplate: bool, pool: Any, host: Any
    ) -> Any:
        from drconsole.lab.world.vim.vcenter.registration import Wanted, register_guest

        self._only("VirtualMachine")
        return await register_guest(call, self, Wanted(path, name, asTemplate, pool, host))

    async def CreateDVS_Task(self, call: Call, spec: Any) -> Any:
        from drconsole.lab.world.vim.esxi.dvs import create_dvs

        self._only("DistributedVirtualSwitch")
        name = self._free(spec.configSpec.name or "DSwitch")
        return await create_dvs(call, self, name, spec)

    async def MoveIntoFolder_Task(self, call: Call, list: Any) -> None:
        moving = [cast("ManagedEntity", self.endpoint.at(ref)) for ref in list]
        for item in moving:
            self._only(item.wsdl, item)
            if item.parent is not self:
                self.refuse_duplicate(item.name)
        await call.take("vcenter.move")
        for item in moving:
            self._move(call, item)

    def _move(self, call: Call, item: ManagedEntity) -> None:
        above = item.parent
        if isinstance(above, TreeEntity):
            above.release(item)
        self.adopt(item)
        call.write("update", vcenter_of(self).path_of(item), kind=item.wsdl, moved=True)

    async def Destroy_Task(self, call: Call) -> None:
        above = self.parent
        if not isinstance(above, Folder):
            raise fault("NotSupported", "a root folder stays")
        if self.children:
            raise fault("ResourceInUse", f"{self.name} is not empty", type="Folder", name=self.name)
        await call.take("vcenter.destroy")
        self.write(call, "destroy")
        above.release(self)
        self.endpoint.remove(self)

    def _free(self, name: str) -> str:
        stored = checked_name(name)
        self.refuse_duplicate(stored)
        return stored

    def _only(self, kind: str, item: ManagedEntity | None = None) -> None:
        wanted = wsdl_type(kind)
        fits = any(issubclass(wanted, wsdl_type(held)) for held in HOLDS[self.holds])
        if not fits or (isinstance(item, Folder) and item.holds != self.holds):
            raise fault("NotSupported", f"the folder {self.name} holds no {kind}")

    async def _created(self, call: Call, made: TreeEntity) -> Any:
        self.endpoint.add(made)
        self.adopt(made)
        made.write(call, "create")
        await call.take("vcenter.create")
        return made.ref()
