"""VirtualMachine: what a guest shows. What clients do to it is in the modules that it inherits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from drconsole.lab.world.vim.new import changed, new
from drconsole.lab.world.vim.objects import ManagedEntity, computed
from drconsole.lab.world.vim.vcenter.guest_change import GuestChange
from drconsole.lab.world.vim.vcenter.guest_config import disks, nics
from drconsole.lab.world.vim.vcenter.guest_info import told
from drconsole.lab.world.vim.vcenter.guest_moves import GuestMoves
from drconsole.lab.world.vim.vcenter.guest_power import GuestPower
from drconsole.lab.world.vim.vcenter.pools import ResourcePool
from drconsole.lab.world.vim.vcenter.tree import TreeEntity, vcenter_of

if TYPE_CHECKING:
    from drconsole.lab.world.vim.esxi.host_system import HostSystem

CAPABILITY = new(
    "VirtualMachineCapability",
    snapshotOperationsSupported=True,
    multipleSnapshotsSupported=True,
    snapshotConfigSupported=True,
    poweredOffSnapshotsSupported=True,
    memorySnapshotsSupported=True,
    revertToSnapshotSupported=True,
    quiescedSnapshotsSupported=True,
    disableSnapshotsSupported=False,
    lockSnapshotsSupported=False,
    consolePreferencesSupported=False,
    cpuFeatureMaskSupported=True,
    s1AcpiManagementSupported=True,
    settingScreenResolutionSupported=False,
    toolsAutoUpdateSupported=True,
    vmNpivWwnSupported=False,
    npivWwnOnNonRdmVmSupported=False,
    swapPlacementSupported=True,
    toolsSyncTimeSupported=True,
    virtualMmuUsageSupported=True,
    diskSharesSupported=True,
    bootOptionsSupported=True,
    settingVideoRamSizeSupported=True,
)


class VirtualMachine(GuestPower, GuestChange, GuestMoves, TreeEntity):
    """A guest, registered on a host; its files are on that host's datastores."""

    wsdl = "VirtualMachine"
    prefix = "vm"
    volatile = frozenset({"environmentBrowser"})
    defaults: ClassVar[dict[str, Any]] = {
        "capability": CAPABILITY,
        "rootSnapshot": [],
        "guestHeartbeatStatus": "gray",
    }

    @property
    def host(self) -> HostSystem:
        """The host that it is registered on."""
        return cast("HostSystem", self.endpoint.at(self.props["runtime"].host))

    @property
    def pool(self) -> ResourcePool | None:
        """The pool that it is in; a template has none."""
        reference = self.props.get("resourcePool")
        return None if reference is None else cast("ResourcePool", self.endpoint.at(reference))

    @property
    def running(self) -> bool:
        """Whether it is powered on."""
        return str(self.props["runtime"].powerState) == "poweredOn"

    def start_record(self, host: HostSystem) -> None:
        """Gives a new guest the state of one that is off, on a host."""
        self.set(
            runtime=new(
                "VirtualMachineRuntimeInfo",
                host=host.ref(),
                connectionState="connected",
                powerState="poweredOff",
                faultToleranceState=self._fault_tolerance(),
                toolsInstallerMounted=False,
                numMksConnections=0,
                recordReplayState="inactive",
                onlineStandby=False,
                consolidationNeeded=False,
                suspendInterval=0,
                cleanPowerOff=True,
                cryptoState="incapable",
            )
        )
        self.show_tools(running=False)
        host.set(vm=[*host.value("vm"), self.ref()])

    def _fault_tolerance(self) -> str:
        secondary = any(o.key == "ft.secondary" for o in self.props["config"].extraConfig)
        return "running" if secondary else "notConfigured"

    def show_tools(self, *, running: bool) -> None:
        """Shows what the tools in the guest report."""
        self.set(
            guest=told(self.props["config"], self._network_name, running=running),
            guestHeartbeatStatus="green" if running else "gray",
        )

    def update_runtime(self, **values: Any) -> None:
        """Changes parts of the runtime."""
        self.set(runtime=changed(self.props["runtime"], **values))

    def _network_name(self, nic: Any) -> str:
        port = getattr(nic.backing, "port", None)
        if port is None:
            return str(nic.backing.deviceName)
        group = self.endpoint.objects.get(port.portgroupKey)
        return str(group.value("name")) if group is not None else str(port.portgroupKey)

    @computed("name", of=("config",))
    def _name(self) -> Any:
        return self.props["config"].name if "config" in self.props else None

    @computed("datastore", of=("config",))
    def _datastore(self) -> Any:
        references = [disk.backing.datastore for disk in disks(self.props["config"])]
        return list({ref._moId: ref for ref in references if ref is not None}.values())

    @computed("network", of=("config",))
    def _network(self) -> Any:
        found: dict[str, Any] = {}
        for nic in nics(self.props["config"]):
            port = getattr(nic.backing, "port", None)
            group = self.endpoint.objects.get(port.portgroupKey) if port is not None else None
            reference = group.ref() if group is not None else getattr(nic.backing, "network", None)
            if reference is not None:
                found[reference._moId] = reference
        return list(found.values())

    @computed("environmentBrowser")
    def _browser(self) -> Any:
        above = self.host.parent
        return above.value("environmentBrowser") if above is not None else None

    @computed("parentVApp", of=("resourcePool",))
    def _parent_vapp(self) -> Any:
        pool = self.pool
        return pool.ref() if pool is not None and pool.wsdl == "VirtualApp" else None

    @computed("resourceConfig", of=("config",))
    def _resource_config(self) -> Any:
        config = self.props["config"]
        return new(
            "ResourceConfigSpec",
            entity=self.ref(),
            cpuAllocation=config.cpuAllocation,
            memoryAllocation=config.memoryAllocation,
        )

    @computed("layout", of=("config",))
    def _layout(self) -> Any:
        layouts = [
            new("VirtualMachineFileLayoutDiskLayout", key=disk.key, diskFile=[disk.backing.fileName])
            for disk in disks(self.props["config"])
        ]
        return new("VirtualMachineFileLayout", disk=layouts)

    @computed("storage", of=("config",))
    def _storage(self) -> Any:
        return new("VirtualMachineStorageInfo", timestamp=self.props["config"].modified)

    @computed("summary", of=("config", "runtime", "guest"))
    def _summary(self) -> Any:
        config, guest = self.props["config"], self.props["guest"]
        return new(
            "VirtualMachineSummary",
            vm=self.ref(),
            runtime=self.props["runtime"],
            guest=new(
                "VirtualMachineGuestSummary",
                guestId=guest.guestId,
                guestFullName=guest.guestFullName,
                toolsStatus=guest.toolsStatus,
                toolsVersionStatus2=guest.toolsVersionStatus2,
                toolsRunningStatus=guest.toolsRunningStatus,
                hostName=guest.hostName,
                ipAddress=guest.ipAddress,
            ),
            config=self._config_summary(config),
            quickStats=new(
                "VirtualMachineQuickStats", guestHeartbeatStatus=self.value("guestHeartbeatStatus")
            ),
            overallStatus="green",
        )

    def _config_summary(self, config: Any) -> Any:
        return new(
            "VirtualMachineConfigSummary",
            name=config.name,
            template=config.template,
            vmPathName=config.files.vmPathName,
            memorySizeMB=config.hardware.memoryMB,
            numCpu=config.hardware.numCPU,
            numEthernetCards=len(nics(config)),
            numVirtualDisks=len(disks(config)),
            uuid=config.uuid,
            instanceUuid=config.instanceUuid,
            guestId=config.guestId,
            guestFullName=config.guestFullName,
            annotation=config.annotation,
            managedBy=config.managedBy,
        )

    def forget(self) -> None:
        """Takes it out of the inventory; its files stay."""
        self.power_lost()
        vcenter_of(self).registered.drop(self)
        host = self.endpoint.objects.get(self.props["runtime"].host._moId)
        if host is not None:
            host.set(vm=[ref for ref in host.value("vm") if ref._moId != self.moid])
            above = host.parent if isinstance(host, ManagedEntity) else None
            if (forget := getattr(above, "forget_guest", None)) is not None:
                forget(self.moid)
        if (pool := self.pool) is not None:
            pool.let_go(self)
        folder = self.parent
        if isinstance(folder, TreeEntity):
            folder.release(self)
        self.endpoint.remove(self)
