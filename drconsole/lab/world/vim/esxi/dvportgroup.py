"""DistributedVirtualPortgroup: a port group of a distributed switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.esxi import inventory
from drconsole.lab.world.vim.esxi.dvs_settings import joined
from drconsole.lab.world.vim.esxi.network import Network
from drconsole.lab.world.vim.new import changed, fault, new
from drconsole.lab.world.vim.objects import computed
from drconsole.lab.world.vim.registry import properties
from drconsole.lab.world.vim.vcenter.tree import TreeEntity, checked_name

if TYPE_CHECKING:
    from drconsole.lab.world.hypervisor.network import Vmk
    from drconsole.lab.world.vim.esxi.dvs import DistributedSwitch
    from drconsole.lab.world.vim.esxi.host_system import HostSystem

POLICY = new(
    "VMwareDVSPortgroupPolicy",
    blockOverrideAllowed=True,
    shapingOverrideAllowed=False,
    vendorConfigOverrideAllowed=False,
    livePortMovingAllowed=False,
    portConfigResetAtDisconnect=True,
    networkResourcePoolOverrideAllowed=False,
    trafficFilterOverrideAllowed=False,
    vlanOverrideAllowed=False,
    uplinkTeamingOverrideAllowed=False,
    securityPolicyOverrideAllowed=False,
    ipfixOverrideAllowed=False,
)
KEPT = ("numPorts", "description", "type", "backingType", "portNameFormat", "autoExpand")
"""What a spec sets that is stored as it is."""


class DistributedPortgroup(Network):
    """A distributed port group; its id is its key. `ports` are its port keys."""

    wsdl = "DistributedVirtualPortgroup"
    prefix = "dvportgroup"

    def __init__(self, switch: DistributedSwitch, name: str, spec: Any, *, uplink: bool) -> None:
        super().__init__(switch.endpoint, name)
        self.switch = switch
        self.version = 0
        self.ports: list[str] = []
        self.setting = joined(switch.setting, spec.defaultPortConfig)
        self.stored: dict[str, Any] = {
            "numPorts": 8,
            "type": "earlyBinding",
            "backingType": "standard",
            "autoExpand": True,
        }
        self.policy = POLICY
        self.uplink = uplink
        self._take(spec)

    def has(self, host: HostSystem) -> bool:
        return host.moid in self.switch.members

    def hosts(self) -> list[HostSystem]:
        return list(self.switch.members.values())

    @computed("key")
    def _key(self) -> str:
        return self.moid

    @computed("portKeys")
    def _port_keys(self) -> Any:
        return self.ports

    @computed("config")
    def _config(self) -> Any:
        return new(
            "DVPortgroupConfigInfo",
            key=self.moid,
            name=self.name,
            distributedVirtualSwitch=self.switch.ref(),
            defaultPortConfig=self.setting,
            policy=self.policy,
            configVersion=str(self.version),
            uplink=self.uplink,
            **self.stored,
        )

    def _take(self, spec: Any) -> None:
        for name in KEPT:
            value = getattr(spec, name)
            if value is not None:
                self.stored[name] = value
        self.policy = changed(self.policy, **_set_flags(spec.policy))
        missing = int(self.stored["numPorts"]) - len(self.ports)
        self.ports.extend(self.switch.next_port() for _ in range(missing))
        if missing < 0:
            del self.ports[int(self.stored["numPorts"]) :]

    def vmks(self) -> list[tuple[HostSystem, Vmk]]:
        """Returns the VMkernel interfaces that are plugged in, with their hosts."""
        return [
            (host, vmk)
            for host in self.hosts()
            for vmk in host.hypervisor.network.vmks.values()
            if vmk.distributed is not None and vmk.distributed.group == self.moid
        ]

    async def ReconfigureDVPortgroup_Task(self, call: Call, spec: Any) -> None:
        async with self.switch.changing:
            if spec.configVersion != str(self.version):
                raise fault("ConcurrentAccess", f"configVersion is {self.version}")
            await call.take("vcenter.reconfigure")
            await self._reconfigure(spec)
            self.version += 1
        call.write("update", inventory.world_path(self), initiator=call.initiator)
        self.touch()

    async def _reconfigure(self, spec: Any) -> None:
        before = self.setting
        self.setting = joined(self.setting, spec.defaultPortConfig)
        try:
            await self.switch.push()
        except BaseException:
            self.setting = before
            raise
        if spec.name and spec.name != self.name:
            self._rename(spec.name)
        self._take(spec)

    async def Rename_Task(self, call: Call, newName: str) -> None:
        await call.take("vcenter.rename")
        call.write("update", inventory.world_path(self), name=newName, initiator=call.initiator)
        self._rename(newName)
        await self.switch.push()

    def _rename(self, name: str) -> None:
        stored = checked_name(name)
        holder = inventory.holder(self)
        holder.refuse_duplicate(stored)
        self.set(name=stored)
        holder.adopt(self)
        self.touch()

    async def DestroyNetwork(self, call: Call) -> None:
        await self.Destroy_Task(call)

    async def Destroy_Task(self, call: Call) -> None:
        if self.uplink or self.vmks() or self.value("vm"):
            raise fault("ResourceInUse", f"{self.name} is in use", name=self.name)
        await call.take("vcenter.destroy")
        call.write("destroy", inventory.world_path(self), initiator=call.initiator)
        self.switch.drop(self)
        await self.switch.push()


def _set_flags(policy: Any) -> dict[str, Any]:
    """Returns what a sent policy says."""
    if policy is None:
        return {}
    names = (name for name in properties(type(policy)) if not name.startswith("dynamic"))
    return {name: value for name in names if (value := getattr(policy, name)) is not None}


def make_group(
    switch: DistributedSwitch, name: str, spec: Any, *, uplink: bool = False
) -> DistributedPortgroup:
    """Makes a port group beside its switch. Raises DuplicateName, InvalidName."""
    folder = cast("TreeEntity", switch.parent)
    stored = checked_name(name)
    folder.refuse_duplicate(stored)
    group = DistributedPortgroup(switch, name, spec, uplink=uplink)
    inventory.place(group, folder)
    switch.groups.append(group)
    return group
