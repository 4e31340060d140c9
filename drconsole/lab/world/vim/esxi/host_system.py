"""HostSystem: a hypervisor as a vCenter knows it, or as it shows itself at its own door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drconsole.lab.world import power
from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.esxi import host_summary, inventory
from drconsole.lab.world.vim.esxi.capability import CAPABILITY
from drconsole.lab.world.vim.esxi.hardware import hardware_info
from drconsole.lab.world.vim.esxi.managers import Managers, make_managers
from drconsole.lab.world.vim.esxi.reaching import manager_of, reaches
from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.objects import Endpoint, ManagedEntity, ManagedObject, computed

if TYPE_CHECKING:
    from drconsole.lab.world.hypervisor.host import Hypervisor

CONNECTED, DISCONNECTED, SILENT = "connected", "disconnected", "notResponding"


class HostSystem(ManagedEntity):
    """A host. `port` is where its door listens; `admin_disconnected` that somebody disconnected it."""

    wsdl = "HostSystem"
    prefix = "host"
    defaults: ClassVar[dict[str, Any]] = {
        "capability": CAPABILITY,
        "licensableResource": new("HostLicensableResourceInfo", resource=[]),
        "vm": [],
    }

    def __init__(
        self,
        endpoint: Endpoint,
        hypervisor: Hypervisor,
        *,
        moid: str | None = None,
        port: int = 443,
        **props: Any,
    ) -> None:
        super().__init__(endpoint, moid, **props)
        self.hypervisor = hypervisor
        self.port = port
        self.admin_disconnected = False
        self._seen: tuple[str, tuple[bool, ...]] = ("", ())
        self.managers: Managers = make_managers(self)
        hypervisor.watch(self._told)
        self.world.watch(self._look, machine=hypervisor.machine.name)

    def connection_state(self) -> str:
        """Returns `connected`, `disconnected` (by will) or `notResponding`. At its own door a host is
        always connected."""
        manager = manager_of(self.endpoint)
        if manager is None:
            return CONNECTED
        if self.admin_disconnected or self.hypervisor.manager is not manager:
            return DISCONNECTED
        return CONNECTED if reaches(self.world, manager, self.hypervisor) else SILENT

    def contact(self) -> None:
        """Raises HostNotConnected or HostNotReachable where a call cannot come through."""
        state = self.connection_state()
        if state == DISCONNECTED:
            raise fault("HostNotConnected", f"{self.name} is disconnected")
        if state == SILENT:
            raise fault("HostNotReachable", f"{self.name} does not answer")

    def guests_on(self, group: str) -> list[ManagedObject]:
        """Returns the guests of this host that use a standard port group."""
        network = inventory.network_named(self, group)
        if network is None:
            return []
        guests = [self.endpoint.at(reference) for reference in self.value("vm")]
        return [guest for guest in guests if network.ref() in (guest.value("network") or [])]

    def proxies_changed(self) -> None:
        """Tells the distributed switches that this host's part of them changed."""
        inventory.touch_switches(self.endpoint)

    @computed("runtime")
    def _runtime(self) -> Any:
        return host_summary.runtime(self.hypervisor, self.connection_state())

    @computed("summary")
    def _summary(self) -> Any:
        return host_summary.summary(
            self.hypervisor,
            self.name,
            self.port,
            state=self.connection_state(),
            reference=self.ref(),
        )

    @computed("config")
    def _config(self) -> Any:
        return host_summary.config(self)

    @computed("hardware")
    def _hardware(self) -> Any:
        return hardware_info(self.hypervisor.machine)

    @computed("configManager")
    def _config_manager(self) -> Any:
        return self.managers.config_manager()

    @computed("datastoreBrowser")
    def _browser(self) -> Any:
        return self.managers.browser.ref()

    @computed("network")
    def _network(self) -> Any:
        return [network.ref() for network in inventory.networks_of(self)]

    @computed("datastore")
    def _datastore(self) -> Any:
        return [datastore.ref() for datastore in inventory.datastores_of(self)]

    def _told(self, roots: tuple[str, ...]) -> None:
        if self.endpoint.objects.get(self.moid) is not self:
            return
        self.touch(*roots)
        for part in self.managers.all():
            part.touch()
        if "network" in roots or "datastore" in roots:
            inventory.follow(self)

    def touch(self, *roots: str) -> None:
        super().touch(*roots)
        if "vm" in roots:
            for item in (*inventory.networks_of(self), *inventory.datastores_of(self)):
                item.touch("vm")

    def _look(self) -> None:
        """Shows, as the world changes, that the host stopped answering or that a cable was moved."""
        if self.endpoint.objects.get(self.moid) is not self:
            return
        seen = (self.connection_state(), tuple(nic.link for nic in self.hypervisor.machine.nics))
        if seen != self._seen:
            self._seen = seen
            self.touch("runtime", "summary", "config")
            self.managers.by_name["networkSystem"].touch("networkInfo")

    async def DisconnectHost_Task(self, call: Call) -> None:
        self._managed()
        self.admin_disconnected = True
        self._write(call, "disconnect")
        self.touch("runtime", "summary")

    async def ReconnectHost_Task(self, call: Call, cnxSpec: Any, reconnectSpec: Any) -> None:
        from drconsole.lab.world.vim.esxi.connecting import reconnect

        self._managed()
        if self.connection_state() == CONNECTED:
            raise fault("InvalidState", f"{self.name} is connected")
        await call.take("vcenter.add-host")
        reconnect(self, cnxSpec)
        self._write(call, "reconnect")

    async def EnterMaintenanceMode_Task(
        self,
        call: Call,
        timeout: int,  # noqa: ASYNC109 - the wire's parameter
        evacuatePoweredOffVms: bool | None,
        maintenanceSpec: Any,
    ) -> None:
        self.contact()
        if self.hypervisor.maintenance:
            raise fault("InvalidState", f"{self.name} is in maintenance mode")
        await call.take("vcenter.maintenance-mode")
        if any(
            self.endpoint.at(guest).get("runtime.powerState") != "poweredOff" for guest in self.value("vm")
        ):
            # Nobody evacuates guests here; a real host would wait for its time-out as well.
            await self.world.clock.sleep(float(timeout) if timeout > 0 else 600.0)
            raise fault("Timedout", f"{self.name} has running guests")
        self._maintenance(call, on=True)

    async def ExitMaintenanceMode_Task(self, call: Call, timeout: int) -> None:  # noqa: ASYNC109
        self.contact()
        if not self.hypervisor.maintenance:
            raise fault("InvalidState", f"{self.name} is not in maintenance mode")
        await call.take("vcenter.maintenance-mode")
        self._maintenance(call, on=False)

    def _maintenance(self, call: Call, *, on: bool) -> None:
        self.hypervisor.maintenance = on
        self._write(call, "update", maintenance=on)
        self.hypervisor.changed("runtime", "summary")

    async def QueryHostConnectionInfo(self, call: Call) -> Any:
        self.contact()
        return host_summary.connect_info(self.hypervisor, self.value("summary"))

    async def ReconfigureHostForDAS_Task(self, call: Call) -> None:
        self.contact()
        await call.take("vcenter.reconfigure")

    async def Destroy_Task(self, call: Call) -> None:
        self._managed()
        if self.connection_state() == CONNECTED and not self.hypervisor.maintenance:
            raise fault("InvalidState", f"{self.name} is connected and not in maintenance mode")
        await call.take("vcenter.remove-host")
        self._write(call, "remove")
        self.leave()

    async def Rename_Task(self, call: Call, newName: str) -> None:
        raise fault("NotSupported", "a host is called as it is reached")

    async def RetrieveHardwareUptime(self, call: Call) -> int:
        self.contact()
        return int((self.world.clock.now() - self.hypervisor.boot_time).total_seconds())

    async def RebootHost_Task(self, call: Call, force: bool) -> None:
        self._press(call, "GracefulRestart", force=force)

    async def ShutdownHost_Task(self, call: Call, force: bool) -> None:
        self._press(call, "GracefulShutdown", force=force)

    def _press(self, call: Call, verb: power.Verb, *, force: bool) -> None:
        self.contact()
        if not (force or self.hypervisor.maintenance):
            raise fault("InvalidState", f"{self.name} is not in maintenance mode")
        self._write(call, "update", power=verb)
        try:
            power.press(self.hypervisor.machine, verb)
        except power.PowerBusy as busy:
            raise fault("InvalidState", str(busy)) from None

    async def UpdateFlags(self, call: Call, flagInfo: Any) -> None:
        self.contact()

    async def AcquireCimServicesTicket(self, call: Call) -> Any:
        raise fault("NotSupported", "the lab has no CIM server")

    def retired(self) -> None:
        self.hypervisor.unwatch(self._told)
        self.world.unwatch(self._look, machine=self.hypervisor.machine.name)

    def leave(self) -> None:
        """Takes the host out of this inventory; the hypervisor is free to be added elsewhere."""
        self.retired()
        if self.hypervisor.manager is manager_of(self.endpoint):
            self.hypervisor.manager = None
            self.hypervisor.services["vpxa"] = False
        for part in self.managers.all():
            self.endpoint.remove(part)
        inventory.remove_host(self)

    def _managed(self) -> None:
        if manager_of(self.endpoint) is None:
            raise fault("NotSupported", "only a vCenter does this")

    def _write(self, call: Call, effect: str, **detail: Any) -> None:
        call.write(effect, inventory.world_path(self), initiator=call.initiator, **detail)
