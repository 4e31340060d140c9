"""A guest leaves, or goes to another host, pool or datastore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from drconsole.lab.world.vim.new import changed, fault
from drconsole.lab.world.vim.vcenter import files, wiring
from drconsole.lab.world.vim.vcenter.guest_config import disks
from drconsole.lab.world.vim.vcenter.tree import TreeEntity, vcenter_of

if TYPE_CHECKING:
    from drconsole.lab.world.vim.call import Call
    from drconsole.lab.world.vim.esxi.host_system import HostSystem
    from drconsole.lab.world.vim.vcenter.guests import VirtualMachine
    from drconsole.lab.world.vim.vcenter.pools import ResourcePool


class GuestMoves(TreeEntity):
    """A guest's handlers for leaving and moving."""

    @property
    def _moved(self) -> VirtualMachine:
        return cast("VirtualMachine", self)

    async def UnregisterVM(self, call: Call) -> None:
        self._off()
        await call.take("vcenter.unregister-guest")
        call.write("unregister-guest", vcenter_of(self).path_of(self))
        self._moved.forget()

    async def Destroy_Task(self, call: Call) -> None:
        self._off()
        await call.take("vcenter.destroy")
        call.write("destroy", vcenter_of(self).path_of(self), kind=self.wsdl)
        path = files.path_of(self._moved.props["config"].files.vmPathName)
        host = self._moved.host
        self._moved.forget()
        files.delete_folder(host, path)

    async def MigrateVM_Task(self, call: Call, pool: Any, host: Any, priority: Any, state: Any) -> None:
        await self._relocate(call, host, pool)

    async def RelocateVM_Task(self, call: Call, spec: Any, priority: Any) -> None:
        if spec.datastore is not None:
            self._stays(spec.datastore)
        await self._relocate(call, spec.host, spec.pool)
        if spec.folder is not None:
            target = cast("Any", self.endpoint.at(spec.folder))
            await target.MoveIntoFolder_Task(call, [self.ref()])

    async def _relocate(self, call: Call, host: Any, pool: Any) -> None:
        guest = self._moved
        target = cast("HostSystem", self.endpoint.at(host)) if host is not None else guest.host
        target.contact()
        guest.host.contact()
        for disk in disks(guest.props["config"]):
            if not files.exists(target, files.path_of(disk.backing.fileName)):
                raise fault("FileNotFound", "the target host lacks a disk", file=disk.backing.fileName)
        await call.take("vcenter.relocate")
        if self.moid not in self.endpoint.objects:
            raise fault("InvalidState", "the guest is gone")
        self.rehost(target, pool)
        call.write("update", vcenter_of(self).path_of(self), host=target.name)

    def rehost(self, target: HostSystem, pool: Any) -> None:
        """Runs on another host, in a pool of its."""
        guest = self._moved
        source = guest.host
        if source is not target:
            source.set(vm=[ref for ref in source.value("vm") if ref._moId != self.moid])
            target.set(vm=[*target.value("vm"), self.ref()])
            guest.update_runtime(host=target.ref())
            guest.moved(source, target)
        above = cast("Any", target.parent)
        chosen = self.endpoint.at(pool) if pool is not None else guest.pool
        if chosen is None or (pool is None and cast("ResourcePool", chosen).owner is not above):
            chosen = above.pool
        if (old := guest.pool) is not None and old is not chosen:
            old.let_go(guest)
            cast("ResourcePool", chosen).take_in(guest)
            guest.set(resourcePool=chosen.ref())
        guest.set(config=changed(guest.props["config"], modified=self.world.clock.now()))
        wiring.appear(guest)

    def _stays(self, datastore: Any) -> None:
        if any(disk.backing.datastore != datastore for disk in disks(self._moved.props["config"])):
            raise fault("NotSupported", "the lab moves no files between datastores")

    def _off(self) -> None:
        if self._moved.running:
            raise fault("InvalidPowerState", requestedState="poweredOff", existingState="poweredOn")
