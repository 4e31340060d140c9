"""HostNetworkInfo: a hypervisor's network as the API shows it."""

from __future__ import annotations

from typing import Any

from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.hypervisor.network import (
    DEFAULT_STACK,
    HostNetwork,
    PortGroup,
    ProxySwitch,
    Vmk,
    VSwitch,
)
from drconsole.lab.world.hypervisor.policies import merged
from drconsole.lab.world.machine import Machine, Nic
from drconsole.lab.world.vim.new import new

UNUSED_PORTS = 9
"""Ports of a standard switch that ESXi keeps for itself."""


def network_info(host: Hypervisor) -> Any:
    """Returns the HostNetworkInfo of a host."""
    net = host.network
    return new(
        "HostNetworkInfo",
        vswitch=[_vswitch(net, switch) for switch in net.vswitches.values()],
        proxySwitch=[proxy_switch(proxy) for proxy in net.proxies.values()],
        portgroup=[_portgroup(net, group) for group in net.portgroups.values()],
        pnic=[_pnic(host.machine, nic) for nic in host.machine.nics],
        vnic=[vnic(vmk) for vmk in net.vmks.values()],
        dnsConfig=dns_config(net),
        ipRouteConfig=route_config(net),
        routeTableInfo=new("HostIpRouteTableInfo", ipRoute=_routes(net)),
        ipV6Enabled=False,
        atBootIpV6Enabled=False,
        netStackInstance=[_stack(net)],
    )


def network_config(host: Hypervisor) -> Any:
    """Returns the same as a HostNetworkConfig, as clients read it to send it back changed."""
    net = host.network
    return new(
        "HostNetworkConfig",
        vswitch=[
            new("HostVirtualSwitchConfig", name=s.name, spec=switch_spec(s)) for s in net.vswitches.values()
        ],
        proxySwitch=[
            new("HostProxySwitchConfig", uuid=p.uuid, spec=proxy_switch(p).spec) for p in net.proxies.values()
        ],
        portgroup=[new("HostPortGroupConfig", spec=group_spec(g)) for g in net.portgroups.values()],
        vnic=[
            new("HostVirtualNicConfig", device=v.device, portgroup=v.portgroup, spec=vnic_spec(v))
            for v in net.vmks.values()
        ],
        dnsConfig=dns_config(net),
        ipRouteConfig=route_config(net),
        ipV6Enabled=False,
    )


def switch_spec(switch: VSwitch) -> Any:
    """Returns the HostVirtualSwitchSpec that would make this switch."""
    bridge = None
    if switch.nics:
        bridge = new(
            "HostVirtualSwitchBondBridge",
            nicDevice=switch.nics,
            beacon=new("HostVirtualSwitchBeaconConfig", interval=1),
            linkDiscoveryProtocolConfig=new(
                "LinkDiscoveryProtocolConfig", protocol=switch.discovery, operation=switch.discovery_operation
            ),
        )
    return new(
        "HostVirtualSwitchSpec", numPorts=switch.ports, bridge=bridge, policy=switch.policy, mtu=switch.mtu
    )


def group_spec(group: PortGroup) -> Any:
    """Returns the HostPortGroupSpec that would make this port group."""
    return new(
        "HostPortGroupSpec",
        name=group.name,
        vlanId=group.vlan,
        vswitchName=group.vswitch,
        policy=group.policy or new("HostNetworkPolicy"),
    )


def vnic_spec(vmk: Vmk) -> Any:
    """Returns the HostVirtualNicSpec of a VMkernel interface."""
    port = None
    if vmk.distributed is not None:
        at = vmk.distributed
        port = new(
            "DistributedVirtualSwitchPortConnection",
            switchUuid=at.switch,
            portgroupKey=at.group,
            portKey=at.port or None,
        )
    return new(
        "HostVirtualNicSpec",
        ip=new("HostIpConfig", dhcp=vmk.dhcp, ipAddress=vmk.ip or None, subnetMask=vmk.netmask or None),
        mac=vmk.mac,
        distributedVirtualPort=port,
        portgroup=vmk.portgroup or None,
        mtu=vmk.mtu,
        tsoEnabled=True,
        netStackInstanceKey=vmk.stack,
    )


def vnic(vmk: Vmk) -> Any:
    """Returns the HostVirtualNic of a VMkernel interface."""
    return new(
        "HostVirtualNic",
        device=vmk.device,
        key=vnic_key(vmk.device),
        portgroup=vmk.portgroup,
        spec=vnic_spec(vmk),
        port=f"key-vim.host.PortGroup.Port-{vmk.device}" if vmk.portgroup else None,
    )


def vnic_key(device: str) -> str:
    """Returns the key that links name a VMkernel interface by."""
    return f"key-vim.host.VirtualNic-{device}"


def dns_config(net: HostNetwork) -> Any:
    """Returns the HostDnsConfig."""
    dns = net.dns
    return new(
        "HostDnsConfig",
        dhcp=dns.dhcp,
        hostName=dns.hostname,
        domainName=dns.domain,
        address=dns.servers,
        searchDomain=dns.search,
    )


def route_config(net: HostNetwork) -> Any:
    """Returns the HostIpRouteConfig: the default gateway."""
    return new(
        "HostIpRouteConfig",
        defaultGateway=net.gateway or None,
        gatewayDevice=net.gateway_device or None,
    )


def _vswitch(net: HostNetwork, switch: VSwitch) -> Any:
    return new(
        "HostVirtualSwitch",
        name=switch.name,
        key=f"key-vim.host.VirtualSwitch-{switch.name}",
        numPorts=switch.ports,
        numPortsAvailable=max(0, switch.ports - UNUSED_PORTS),
        mtu=switch.mtu,
        portgroup=[_group_key(g.name) for g in net.portgroups.values() if g.vswitch == switch.name],
        pnic=[_pnic_key(nic) for nic in switch.nics],
        spec=switch_spec(switch),
    )


def _portgroup(net: HostNetwork, group: PortGroup) -> Any:
    return new(
        "HostPortGroup",
        key=_group_key(group.name),
        port=[
            new(
                "HostPortGroupPort",
                key=f"key-vim.host.PortGroup.Port-{vmk.device}",
                mac=[vmk.mac],
                type="host",
            )
            for vmk in net.vmks_on(group.name)
        ],
        vswitch=f"key-vim.host.VirtualSwitch-{group.vswitch}",
        computedPolicy=merged(net.vswitches[group.vswitch].policy, group.policy),
        spec=group_spec(group),
    )


def proxy_switch(proxy: ProxySwitch) -> Any:
    """Returns the HostProxySwitch of a member host."""
    backing = new(
        "DistributedVirtualSwitchHostMemberPnicBacking",
        pnicSpec=[
            new(
                "DistributedVirtualSwitchHostMemberPnicSpec",
                pnicDevice=nic,
                uplinkPortKey=proxy.port_keys.get(uplink),
                uplinkPortgroupKey=proxy.uplink_group or None,
            )
            for uplink, nic in proxy.nics.items()
        ],
    )
    return new(
        "HostProxySwitch",
        dvsUuid=proxy.uuid,
        dvsName=proxy.name,
        key=f"key-vim.host.HostProxySwitch-{proxy.name}",
        numPorts=proxy.ports,
        configNumPorts=proxy.ports,
        numPortsAvailable=proxy.ports,
        uplinkPort=[
            new("KeyValue", key=proxy.port_keys.get(name, name), value=name) for name in proxy.uplinks
        ],
        mtu=proxy.mtu,
        pnic=[_pnic_key(nic) for nic in proxy.nics.values()],
        spec=new("HostProxySwitchSpec", backing=backing),
    )


def _pnic(machine: Machine, nic: Nic) -> Any:
    fastest = new("PhysicalNicLinkInfo", speedMb=nic.speed_mbit, duplex=True)
    return new(
        "PhysicalNic",
        key=_pnic_key(nic.name),
        device=nic.name,
        pci=nic.pci,
        driver=nic.driver,
        # Unset means no link; spec.linkSpeed says nothing about that.
        linkSpeed=fastest if nic.link else None,
        validLinkSpecification=[fastest],
        spec=new("PhysicalNicSpec", ip=new("HostIpConfig", dhcp=False)),
        wakeOnLanSupported=False,
        mac=nic.mac,
        resourcePoolSchedulerAllowed=True,
        autoNegotiateSupported=True,
    )


def _routes(net: HostNetwork) -> list[Any]:
    return [
        new(
            "HostIpRouteEntry",
            network=route.network,
            prefixLength=route.prefix,
            gateway=route.gateway,
            deviceName=route.device or None,
        )
        for route in net.routes
    ]


def _stack(net: HostNetwork) -> Any:
    return new(
        "HostNetStackInstance",
        key=DEFAULT_STACK,
        name=DEFAULT_STACK,
        dnsConfig=dns_config(net),
        ipRouteConfig=route_config(net),
        requestedMaxNumberOfConnections=11000,
        congestionControlAlgorithm="newreno",
        ipV6Enabled=False,
    )


def _pnic_key(nic: str) -> str:
    return f"key-vim.host.PhysicalNic-{nic}"


def _group_key(name: str) -> str:
    return f"key-vim.host.PortGroup-{name}"
