"""HostNetworkSystem: switches, port groups and VMkernel interfaces of one host.

Every write goes through `Hypervisor.change_network`: whole or not at all, and rolled back when it
would lose the host.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from drconsole.lab.world.hypervisor import switch_changes, vmk_changes
from drconsole.lab.world.hypervisor.network import HostNetwork
from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.esxi.network_batch import apply_config
from drconsole.lab.world.vim.esxi.network_info import dns_config, network_config, network_info, route_config
from drconsole.lab.world.vim.esxi.part import HostPart
from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.objects import computed

CAPABILITIES = new(
    "HostNetCapabilities",
    canSetPhysicalNicLinkSpeed=True,
    supportsNicTeaming=True,
    nicTeamingPolicy=["loadbalance_ip", "loadbalance_srcmac", "loadbalance_srcid", "failover_explicit"],
    supportsVlan=True,
    usesServiceConsoleNic=False,
    supportsNetworkHints=True,
    vswitchConfigSupported=True,
    vnicConfigSupported=True,
    ipRouteConfigSupported=True,
    dnsConfigSupported=True,
    dhcpOnVnicSupported=True,
    ipV6Supported=True,
    backupNfcNiocSupported=True,
)
OFFLOAD = new("HostNetOffloadCapabilities", csumOffload=True, tcpSegmentation=True, zeroCopyXmit=True)


class HostNetworkSystem(HostPart):
    """The network configuration of a host."""

    wsdl = "HostNetworkSystem"
    defaults: ClassVar[dict[str, Any]] = {
        "value": [],
        "availableField": [],
        "capabilities": CAPABILITIES,
        "offloadCapabilities": OFFLOAD,
    }

    @computed("networkInfo")
    def _info(self) -> Any:
        return network_info(self.hypervisor)

    @computed("networkConfig")
    def _config(self) -> Any:
        return network_config(self.hypervisor)

    @computed("dnsConfig")
    def _dns(self) -> Any:
        return dns_config(self.hypervisor.network)

    @computed("ipRouteConfig")
    def _routes(self) -> Any:
        return route_config(self.hypervisor.network)

    async def AddVirtualSwitch(self, call: Call, vswitchName: str, spec: Any) -> None:
        nics = self._nics()
        await self._change(call, lambda net: switch_changes.add_switch(net, nics, vswitchName, spec))
        self._write(call, "create", f"virtualSwitch/{vswitchName}")

    async def UpdateVirtualSwitch(self, call: Call, vswitchName: str, spec: Any) -> None:
        nics = self._nics()
        await self._change(call, lambda net: switch_changes.update_switch(net, nics, vswitchName, spec))
        self._write(call, "update", f"virtualSwitch/{vswitchName}")

    async def RemoveVirtualSwitch(self, call: Call, vswitchName: str) -> None:
        groups = [g.name for g in self.hypervisor.network.portgroups.values() if g.vswitch == vswitchName]
        self._refuse_guests(groups)
        await self._change(call, lambda net: switch_changes.remove_switch(net, vswitchName))
        self._write(call, "remove", f"virtualSwitch/{vswitchName}")

    async def AddPortGroup(self, call: Call, portgrp: Any) -> None:
        await self._change(call, lambda net: switch_changes.add_group(net, portgrp))
        self._write(call, "create", f"portGroup/{portgrp.name}")

    async def UpdatePortGroup(self, call: Call, pgName: str, portgrp: Any) -> None:
        if portgrp.name != pgName:
            self._refuse_guests([pgName], "HostConfigFault")
        await self._change(call, lambda net: switch_changes.update_group(net, pgName, portgrp))
        self._write(call, "update", f"portGroup/{pgName}", name=portgrp.name)

    async def RemovePortGroup(self, call: Call, pgName: str) -> None:
        self._refuse_guests([pgName])
        await self._change(call, lambda net: switch_changes.remove_group(net, pgName))
        self._write(call, "remove", f"portGroup/{pgName}")

    async def AddVirtualNic(self, call: Call, portgroup: str, nic: Any) -> str:
        mac = self.hypervisor.vmk_mac()
        device: str = await self._change(call, lambda net: vmk_changes.add_vmk(net, portgroup, nic, mac))
        self._write(call, "create", f"virtualNic/{device}", portgroup=portgroup)
        return device

    async def UpdateVirtualNic(self, call: Call, device: str, nic: Any) -> None:
        await self._change(call, lambda net: vmk_changes.update_vmk(net, device, nic))
        self._write(call, "update", f"virtualNic/{device}")

    async def RemoveVirtualNic(self, call: Call, device: str) -> None:
        await self._change(call, lambda net: vmk_changes.remove_vmk(net, device))
        self._write(call, "remove", f"virtualNic/{device}")

    async def UpdateDnsConfig(self, call: Call, config: Any) -> None:
        await self._change(call, lambda net: vmk_changes.set_dns(net, config))
        self._write(call, "update", "dns")

    async def UpdateIpRouteConfig(self, call: Call, config: Any) -> None:
        await self._change(call, lambda net: vmk_changes.set_gateway(net, config))
        self._write(call, "update", "route/default")

    async def UpdateIpRouteTableConfig(self, call: Call, config: Any) -> None:
        await self._change(call, lambda net: vmk_changes.change_routes(net, config))
        self._write(call, "update", "route/table")

    async def UpdateNetworkConfig(self, call: Call, config: Any, changeMode: str) -> Any:
        if changeMode not in {"modify", "replace"}:
            raise fault("InvalidArgument", invalidProperty="changeMode")
        if changeMode == "replace":
            raise fault("NotSupported", "the lab applies network changes by `modify`")
        host = self.hypervisor
        devices = await self._change(call, lambda net: apply_config(host, net, config))
        self._write(call, "update", "network", devices=devices)
        self.host.proxies_changed()
        return new("HostNetworkConfigResult", vnicDevice=devices)

    async def UpdatePhysicalNicLinkSpeed(self, call: Call, device: str, linkSpeed: Any) -> None:
        if device not in self._nics():
            raise fault("NotFound", f"no NIC {device}")
        await self._change(call, lambda _net: None)

    async def QueryNetworkHint(self, call: Call, device: list[str]) -> Any:
        self.host.contact()
        known = {nic.name: nic for nic in self.hypervisor.machine.nics}
        for name in device:
            if name not in known:
                raise fault("NotFound", f"no NIC {name}")
        return [_hint(known[name]) for name in device or known]

    async def RefreshNetworkSystem(self, call: Call) -> None:
        self.host.contact()
        self.touch()

    async def RestartServiceConsoleVirtualNic(self, call: Call, device: str) -> None:
        raise fault("NotFound", "ESXi has no service console")

    async def _change(self, call: Call, change: Callable[[HostNetwork], Any]) -> Any:
        self.host.contact()
        await call.take("host.network-change")
        self.host.contact()
        return await self.hypervisor.change_network(change)

    def _nics(self) -> set[str]:
        return {nic.name for nic in self.hypervisor.machine.nics}

    def _refuse_guests(self, groups: list[str], kind: str = "ResourceInUse") -> None:
        for name in groups:
            if self.host.guests_on(name):
                raise fault(kind, f"guests use the port group {name}")

    def _write(self, call: Call, effect: str, what: str, **detail: Any) -> None:
        host = self.hypervisor
        call.write(effect, f"{host.path}/{what}", host=host.full_name, initiator=call.initiator, **detail)


def _hint(nic: Any) -> Any:
    if not nic.link:
        return new("PhysicalNicHintInfo", device=nic.name)
    cdp = new("PhysicalNicCdpInfo", devId=nic.port.name, portId=nic.port.name, vlan=nic.port.native)
    return new("PhysicalNicHintInfo", device=nic.name, connectedSwitchPort=cdp)
