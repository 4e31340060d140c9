"""Distributed switches: one configuration, carried out by every member host."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, cast

from drconsole.lab.world.hypervisor.network import HostNetwork, ProxySwitch
from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.esxi import dvs_members, dvs_ports, dvs_shown, inventory
from drconsole.lab.world.vim.esxi.dvportgroup import DistributedPortgroup, make_group
from drconsole.lab.world.vim.esxi.dvs_settings import (
    active_uplinks,
    default_setting,
    host_rules,
    joined,
    trunk_setting,
)
from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.objects import Endpoint, computed
from drconsole.lab.world.vim.vcenter.tree import TreeEntity, checked_name

if TYPE_CHECKING:
    from drconsole.lab.world.vim.esxi.host_system import HostSystem

DEFAULT_VERSION = "8.0.3"
UPLINKS = ["Uplink 1", "Uplink 2", "Uplink 3", "Uplink 4"]
_CDP = new("LinkDiscoveryProtocolConfig", protocol="cdp", operation="listen")
KEPT = (
    "numStandalonePorts",
    "maxPorts",
    "maxMtu",
    "linkDiscoveryProtocolConfig",
    "description",
    "policy",
    "contact",
    "extensionKey",
    "switchIpAddress",
    "defaultProxySwitchMaxNumPorts",
    "networkResourceControlVersion",
    "ipfixConfig",
    "lacpApiVersion",
    "multicastFilteringMode",
)
"""What a spec sets that is stored as it is."""


class DistributedSwitch(TreeEntity):
    """A distributed switch. `members` are its hosts by id, `groups` its port groups, uplinks first."""

    wsdl = "VmwareDistributedVirtualSwitch"
    prefix = "dvs"
    holding = "portgroup"
    defaults: ClassVar[dict[str, Any]] = {
        "networkResourcePool": [],
        "capability": new(
            "DVSCapability",
            dvsOperationSupported=True,
            dvPortGroupOperationSupported=True,
            dvPortOperationSupported=True,
        ),
    }

    def __init__(self, endpoint: Endpoint, name: str) -> None:
        super().__init__(endpoint, name=name)
        self.switch_uuid = _uuid(self.world.random.getrandbits(128))
        self.version = 0
        self.product = DEFAULT_VERSION
        self.uplinks = list(UPLINKS)
        self.setting = default_setting(self.uplinks)
        self.managed_resources = False
        self.members: dict[str, HostSystem] = {}
        self.groups: list[DistributedPortgroup] = []
        self.created = self.world.clock.now()
        self.stored: dict[str, Any] = {
            "numStandalonePorts": 0,
            "maxPorts": 2147483647,
            "maxMtu": 1500,
            "linkDiscoveryProtocolConfig": new(
                "LinkDiscoveryProtocolConfig", protocol="cdp", operation="listen"
            ),
            "policy": new("DVSPolicy", autoPreInstallAllowed=False, autoUpgradeAllowed=False),
            "contact": new("DVSContactInfo"),
            "networkResourceControlVersion": "version3",
            "multicastFilteringMode": "legacyFiltering",
            "lacpApiVersion": "multipleLag",
        }
        self.changing = asyncio.Lock()
        self._next_port = 0
        self._told: tuple[str, ...] = ()

    def next_port(self) -> str:
        """Returns the key of a new port."""
        self._next_port += 1
        return str(self._next_port - 1)

    def take(self, spec: Any) -> None:
        """Stores what a DVSConfigSpec sets, hosts left out."""
        for name in KEPT:
            value = getattr(spec, name, None)
            if value is not None:
                self.stored[name] = value
        names = getattr(spec.uplinkPortPolicy, "uplinkPortName", None)
        if names and list(names) != self.uplinks:
            self.uplinks = [str(item) for item in names]
            self.setting = joined(self.setting, active_uplinks(self.uplinks))
        self.setting = joined(self.setting, spec.defaultPortConfig)

    @computed("uuid")
    def _uuid(self) -> str:
        return self.switch_uuid

    @computed("portgroup")
    def _portgroups(self) -> Any:
        return [group.ref() for group in self.groups]

    @computed("config")
    def _config(self) -> Any:
        return dvs_shown.config(self)

    @computed("summary")
    def _summary(self) -> Any:
        return dvs_shown.summary(self)

    @computed("runtime")
    def _runtime(self) -> Any:
        return dvs_shown.runtime(self)

    def proxy(self, host: HostSystem) -> ProxySwitch | None:
        """Returns a member host's part of the switch."""
        return host.hypervisor.network.proxies.get(self.switch_uuid)

    async def push(self) -> None:
        """Gives every member that answers the present configuration. Raises DvsOperationBulkFault."""
        rules = {group.moid: host_rules(group.moid, group.name, group.setting) for group in self.groups}

        mtu = int(self.stored["maxMtu"])

        def update(net: HostNetwork) -> None:
            proxy = net.proxies[self.switch_uuid]
            proxy.name, proxy.mtu, proxy.groups = self.name, mtu, rules

        for host in tuple(self.members.values()):
            proxy = self.proxy(host)
            if proxy is None or (proxy.name, proxy.mtu, proxy.groups) == (self.name, mtu, rules):
                continue  # hundreds of members have nothing to do while another one joins
            if host.connection_state() == "connected":
                await dvs_members.change(host, update)

    def drop(self, group: DistributedPortgroup) -> None:
        """Takes a port group out of service."""
        self.groups.remove(group)
        inventory.displace(group)
        self.touch()

    async def AddDVPortgroup_Task(self, call: Call, spec: list[Any]) -> None:
        await self._add(call, spec)

    async def CreateDVPortgroup_Task(self, call: Call, spec: Any) -> Any:
        return (await self._add(call, [spec]))[0].ref()

    async def _add(self, call: Call, specs: list[Any]) -> list[DistributedPortgroup]:
        folder = cast("TreeEntity", self.parent)
        async with self.changing:
            for spec in specs:
                folder.refuse_duplicate(checked_name(spec.name or ""))
            await call.take("vcenter.create")
            made = [make_group(self, str(spec.name), spec) for spec in specs]
            await self.push()
            self.version += 1
        for group in made:
            call.write("create", inventory.world_path(group), kind=group.wsdl, initiator=call.initiator)
        self.tell()
        return made

    async def ReconfigureDvs_Task(self, call: Call, spec: Any) -> None:
        if not spec.configVersion:
            raise fault("InvalidArgument", invalidProperty="spec.configVersion")
        async with self.changing:
            if spec.configVersion != str(self.version):
                raise fault("ConcurrentAccess", f"configVersion is {self.version}")
            await call.take("vcenter.reconfigure")
            await self._reconfigure(spec)
            self.version += 1
        call.write("update", inventory.world_path(self), kind=self.wsdl, initiator=call.initiator)
        self.tell()

    async def _reconfigure(self, spec: Any) -> None:
        if spec.name and spec.name != self.name:
            stored = checked_name(spec.name)
            inventory.holder(self).refuse_duplicate(stored)
            self.renamed(stored)
        self.take(spec)
        for member in spec.host:
            await dvs_members.reconfigure(self, member)
        await self.push()

    def tell(self) -> None:
        """Says that the switch and its port groups changed, and its members' networks where groups came
        or went. A member's own part is told of by the host when it takes it."""
        self.touch()
        for group in self.groups:
            group.touch()
        groups = tuple(group.moid for group in self.groups)
        if groups != self._told:
            self._told = groups
            for host in self.members.values():
                host.touch("network", "config")

    async def EnableNetworkResourceManagement(self, call: Call, enable: bool) -> None:
        self.managed_resources = enable
        self.version += 1
        call.write("update", inventory.world_path(self), resources=enable)
        self.touch("config")

    async def FetchDVPorts(self, call: Call, criteria: Any) -> Any:
        return dvs_ports.ports(self, criteria)

    async def FetchDVPortKeys(self, call: Call, criteria: Any) -> Any:
        return [port.key for port in dvs_ports.ports(self, criteria)]

    async def LookupDvPortGroup(self, call: Call, portgroupKey: str) -> Any:
        for group in self.groups:
            if group.moid == portgroupKey:
                return group.ref()
        raise fault("NotFound", f"no port group {portgroupKey}")

    async def QueryUsedVlanIdInDvs(self, call: Call) -> Any:
        rules = (host_rules(group.moid, group.name, group.setting) for group in self.groups)
        return sorted({rule.vlan for rule in rules if rule.vlan})

    async def RefreshDVPortState(self, call: Call, portKeys: list[str]) -> None:
        self.touch()

    async def RectifyDvsHost_Task(self, call: Call, hosts: list[Any]) -> None:
        await call.take("vcenter.reconfigure")
        await self.push()

    async def Rename_Task(self, call: Call, newName: str) -> None:
        await super().Rename_Task(call, newName)
        await self.push()

    async def Destroy_Task(self, call: Call) -> None:
        used = [group for group in self.groups if group.value("vm") or group.vmks()]
        if used:
            raise fault("ResourceInUse", f"{used[0].name} is in use", name=used[0].name)
        await call.take("vcenter.destroy")
        call.write("destroy", inventory.world_path(self), kind=self.wsdl, initiator=call.initiator)
        for host in tuple(self.members.values()):
            await dvs_members.remove(self, host)
        for group in tuple(self.groups):
            self.drop(group)
        inventory.displace(self)


async def create_dvs(call: Call, folder: TreeEntity, name: str, spec: Any) -> Any:
    """Makes a switch in a network folder from a DVSCreateSpec, with its uplink port group.

    Returns its reference. `name` is checked and free.
    """
    await call.take("vcenter.create")
    switch = make_switch(folder, name, spec)
    call.write("create", inventory.world_path(switch), kind=switch.wsdl, initiator=call.initiator)
    for member in spec.configSpec.host:
        await dvs_members.reconfigure(switch, member)
    await switch.push()
    switch.tell()
    return switch.ref()


def make_switch(folder: TreeEntity, name: str, spec: Any) -> DistributedSwitch:
    """Makes a switch without hosts, and its uplink port group, at once."""
    switch = DistributedSwitch(folder.endpoint, name)
    if spec.productInfo is not None and spec.productInfo.version:
        switch.product = str(spec.productInfo.version)
    switch.take(spec.configSpec)
    inventory.place(switch, folder)
    ports = new("DVPortgroupConfigSpec", numPorts=0, type="earlyBinding", autoExpand=False)
    group = make_group(switch, f"{name}-DVUplinks-{switch.moid.removeprefix('dvs-')}", ports, uplink=True)
    group.setting = trunk_setting(switch.setting)
    return switch


def _uuid(bits: int) -> str:
    digits = f"{bits:032x}"
    pairs = [digits[i : i + 2] for i in range(0, 32, 2)]
    return f"{' '.join(pairs[:8])}-{' '.join(pairs[8:])}"
