"""Resource pools: how a compute resource is shared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from drconsole.lab.world.vim.apply import merged
from drconsole.lab.world.vim.new import changed, fault, new
from drconsole.lab.world.vim.objects import ManagedEntity, computed
from drconsole.lab.world.vim.vcenter.tree import TreeEntity, checked_name

if TYPE_CHECKING:
    from drconsole.lab.world.vim.call import Call

SHARES = {"cpu": {"low": 2000, "normal": 4000, "high": 8000},
          "memory": {"low": 81920, "normal": 163840, "high": 327680}}  # fmt: skip
"""What the levels of a pool's shares amount to."""


class ResourcePool(TreeEntity):
    """A pool. `children` are the pools and vApps in it; `guests` the guests directly in it."""

    wsdl = "ResourcePool"
    prefix = "resgroup"
    holding = "resourcePool"
    defaults: ClassVar[dict[str, Any]] = {"childConfiguration": []}

    def __init__(self, *args: Any, **props: Any) -> None:
        super().__init__(*args, **props)
        self.guests: dict[str, ManagedEntity] = {}
        if "config" not in self.props:
            self.configure(
                new("ResourceConfigSpec", cpuAllocation=_whole("cpu"), memoryAllocation=_whole("memory"))
            )

    @computed("resourcePool")
    def _pools(self) -> Any:
        return self.references()

    @computed("vm")
    def _vm(self) -> Any:
        return [guest.ref() for guest in self.guests.values()]

    @computed("runtime", of=("config",))
    def _runtime(self) -> Any:
        usage = {
            name: new(
                "ResourcePoolResourceUsage",
                reservationUsed=0,
                reservationUsedForVm=0,
                unreservedForPool=0,
                unreservedForVm=0,
                overallUsage=0,
                maxUsage=0,
            )
            for name in ("cpu", "memory")
        }
        return new("ResourcePoolRuntimeInfo", overallStatus="green", **usage)

    @computed("summary", of=("config", "name"))
    def _summary(self) -> Any:
        return new(
            "ResourcePoolSummary", name=self.name, config=self.value("config"), runtime=self._runtime()
        )

    def configure(self, spec: Any) -> None:
        """Applies a ResourceConfigSpec; the amount of shares follows from their level."""
        config = merged(self.props.get("config"), spec)
        for prop in ("cpu", "memory"):
            name = f"{prop}Allocation"
            config = changed(config, **{name: _with_shares(prop, getattr(config, name))})
        self.set(config=changed(config, entity=self.ref()))

    @property
    def owner(self) -> ManagedEntity:
        """The compute resource that it shares."""
        return cast("ManagedEntity", self.endpoint.at(self.props["owner"]))

    def take_in(self, guest: ManagedEntity) -> None:
        """Puts a guest into this pool."""
        self.guests[guest.moid] = guest
        self.touch("vm")

    def let_go(self, guest: ManagedEntity) -> None:
        """Takes a guest out."""
        self.guests.pop(guest.moid, None)
        self.touch("vm")

    async def CreateResourcePool(self, call: Call, name: str, spec: Any) -> Any:
        stored = checked_name(name)
        self.refuse_duplicate(stored)
        made = self.endpoint.add(ResourcePool(self.endpoint, name=stored, owner=self.props["owner"]))
        made.configure(spec)
        return await self._settle(call, made)

    async def CreateVApp(self, call: Call, name: str, resSpec: Any, configSpec: Any, vmFolder: Any) -> Any:
        from drconsole.lab.world.vim.vcenter.vapps import VirtualApp

        stored = checked_name(name)
        self.refuse_duplicate(stored)
        if vmFolder is None and not isinstance(self, VirtualApp):
            raise fault("InvalidArgument", "a vApp outside a vApp needs a folder", invalidProperty="vmFolder")
        made = self.endpoint.add(VirtualApp(self.endpoint, name=stored, owner=self.props["owner"]))
        made.configure(resSpec)
        made.place(vmFolder, self)
        made.configure_vapp(configSpec)
        return await self._settle(call, made)

    async def _settle(self, call: Call, made: ResourcePool) -> Any:
        self.adopt(made)
        made.write(call, "create")
        await call.take("vcenter.create")
        return made.ref()

    async def UpdateConfig(self, call: Call, name: str | None, config: Any) -> None:
        above = self.parent
        if name and name != self.name:
            stored = checked_name(name)
            if isinstance(above, TreeEntity):
                above.refuse_duplicate(stored)
            self.renamed(stored)
        if config is not None:
            self.configure(config)
        self.write(call, "update")
        await call.take("vcenter.reconfigure")

    async def MoveIntoResourcePool(self, call: Call, list: Any) -> None:
        for ref in list:
            item = cast("ManagedEntity", self.endpoint.at(ref))
            above = self.endpoint.at(
                item.value("resourcePool") if item.wsdl == "VirtualMachine" else item.value("parent")
            )
            if item.wsdl == "VirtualMachine" and isinstance(above, ResourcePool):
                above.let_go(item)
                self.take_in(item)
                item.set(resourcePool=self.ref())
            elif isinstance(above, ResourcePool):
                self.refuse_duplicate(item.name)
                above.release(item)
                self.adopt(item)
        self.write(call, "update", moved=len(list))
        await call.take("vcenter.move")

    async def DestroyChildren(self, call: Call) -> None:
        for child in tuple(self.children.values()):
            if isinstance(child, ResourcePool):
                self._dissolve(call, child)

    async def Destroy_Task(self, call: Call) -> None:
        above = self.parent
        if not isinstance(above, ResourcePool):
            raise fault("NotSupported", "a root pool stays")
        await call.take("vcenter.destroy")
        above._dissolve(call, self)

    def _dissolve(self, call: Call, gone: ResourcePool) -> None:
        """Ends a child pool: what was in it comes up to this one."""
        gone.write(call, "destroy")
        for child in tuple(gone.children.values()):
            gone.release(child)
            self.adopt(child)
        for guest in tuple(gone.guests.values()):
            gone.let_go(guest)
            self.take_in(guest)
            guest.set(resourcePool=self.ref())
        self.release(gone)
        self.endpoint.remove(gone)


def _whole(prop: str) -> Any:
    return new(
        "ResourceAllocationInfo",
        reservation=0,
        limit=-1,
        expandableReservation=True,
        shares=new("SharesInfo", level="normal", shares=SHARES[prop]["normal"]),
    )


def _with_shares(prop: str, allocation: Any) -> Any:
    if allocation is None:
        return _whole(prop)
    level = str(allocation.shares.level) if allocation.shares else "normal"
    amount = SHARES[prop].get(level, allocation.shares.shares if allocation.shares else 0)
    return merged(_whole(prop), changed(allocation, shares=new("SharesInfo", level=level, shares=amount)))
