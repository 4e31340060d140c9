"""vApps: pools that start and stop as one."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, cast

from drconsole.lab.world.vim.apply import edited, merged
from drconsole.lab.world.vim.new import changed, fault, new
from drconsole.lab.world.vim.objects import ManagedEntity, computed
from drconsole.lab.world.vim.vcenter.pools import ResourcePool
from drconsole.lab.world.vim.vcenter.tree import TreeEntity

if TYPE_CHECKING:
    from drconsole.lab.world.vim.call import Call


class VirtualApp(ResourcePool):
    """A vApp; it stands in a folder as well as in a pool, unless it lies in another vApp."""

    wsdl = "VirtualApp"
    volatile = frozenset({"summary"})
    prefix = "resgroup-v"

    def place(self, folder: Any, pool: ResourcePool) -> None:
        """Puts it into a folder, or as a child into another vApp."""
        identity = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.endpoint.about.instanceUuid}/{self.moid}"))
        assignment = new("VAppIPAssignmentInfo")
        self.set(vAppConfig=new("VAppConfigInfo", instanceUuid=identity, ipAssignment=assignment))
        if folder is None:
            self.set(parentVApp=pool.ref())
            return
        target = self.endpoint.at(folder)
        if not isinstance(target, TreeEntity):
            raise fault("InvalidArgument", "a vApp stands in a folder", invalidProperty="vmFolder")
        self.set(parentFolder=folder)

    def configure_vapp(self, spec: Any) -> None:
        """Applies a VAppConfigSpec: order and delays of the members, annotation, products."""
        config = merged(self.props["vAppConfig"], spec)
        products = edited(config.product, spec.product, lambda product: product.key)
        config = changed(config, product=products, entityConfig=self._members(spec.entityConfig))
        self.set(vAppConfig=config)

    def _members(self, given: Any) -> list[Any]:
        """The entity configs of the members, those given in their new form."""
        known = {entity.key._moId: entity for entity in self.props["vAppConfig"].entityConfig}
        for entity in given:
            if entity.key is None or entity.key._moId not in self._inside():
                raise fault("InvalidArgument", "no member of this vApp", invalidProperty="entityConfig")
            known[entity.key._moId] = merged(known.get(entity.key._moId), entity)
        return [known[moid] for moid in known if moid in self._inside()]

    def _inside(self) -> set[str]:
        return self.guests.keys() | self.children.keys()

    def take_in(self, guest: ManagedEntity) -> None:
        super().take_in(guest)
        self._enter(guest)

    def let_go(self, guest: ManagedEntity) -> None:
        super().let_go(guest)
        self.set(vAppConfig=changed(self.props["vAppConfig"], entityConfig=self._members(())))

    def _enter(self, item: ManagedEntity) -> None:
        config = self.props["vAppConfig"]
        entity = new(
            "VAppEntityConfigInfo",
            key=item.ref(),
            tag=item.name,
            startOrder=len(config.entityConfig) + 1,
            startDelay=120,
            waitingForGuest=False,
            startAction="powerOn",
            stopDelay=120,
            stopAction="powerOff",
        )
        self.set(vAppConfig=changed(config, entityConfig=[*config.entityConfig, entity]))

    @computed("summary", of=("config", "name", "vAppConfig"))
    def _vapp_summary(self) -> Any:
        return new(
            "VirtualAppSummary",
            name=self.name,
            config=self.value("config"),
            runtime=self._runtime(),
            vAppState="started" if self._running() else "stopped",
            suspended=False,
            installBootRequired=False,
            instanceUuid=self.props["vAppConfig"].instanceUuid,
        )

    def _running(self) -> bool:
        return any(guest.get("runtime.powerState") == "poweredOn" for guest in self.guests.values())

    async def UpdateVAppConfig(self, call: Call, spec: Any) -> None:
        self.configure_vapp(spec)
        self.write(call, "update")
        await call.take("vcenter.reconfigure")

    async def PowerOnVApp_Task(self, call: Call) -> None:
        order = {entity.key._moId: entity.startOrder for entity in self.props["vAppConfig"].entityConfig}
        for guest in sorted(self.guests.values(), key=lambda g: order.get(g.moid, 0)):
            if guest.get("runtime.powerState") != "poweredOn":
                await cast("Any", guest).PowerOnVM_Task(call, None)

    async def PowerOffVApp_Task(self, call: Call, force: bool) -> None:
        for guest in tuple(self.guests.values()):
            if guest.get("runtime.powerState") == "poweredOn":
                await cast("Any", guest).PowerOffVM_Task(call)
