"""Changes of VMkernel interfaces, routes and names, on a copy of a HostNetwork."""

from __future__ import annotations

import ipaddress
from typing import Any

from drconsole.lab.world.hypervisor.network import (
    DEFAULT_STACK,
    DistributedPort,
    DnsSettings,
    HostNetwork,
    StaticRoute,
    Vmk,
)
from drconsole.lab.world.hypervisor.switch_changes import platform_fault
from drconsole.lab.world.vim.new import fault


def add_vmk(net: HostNetwork, portgroup: str, spec: Any, mac: str) -> str:
    """Adds an interface and returns its device. AlreadyExists, HostConfigFault.

    `mac` is used where the spec names none. A standard port group takes one interface.
    """
    vmk = Vmk(net.free_device(), str(spec.mac or mac), stack=str(spec.netStackInstanceKey or DEFAULT_STACK))
    _plug(net, vmk, portgroup, spec)
    if vmk.distributed is None and net.vmks_on(vmk.portgroup):
        raise fault("AlreadyExists", name=vmk.portgroup)
    _address(net, vmk, spec)
    net.vmks[vmk.device] = vmk
    return vmk.device


def update_vmk(net: HostNetwork, device: str, spec: Any, portgroup: str = "") -> None:
    """Changes an interface: what the spec leaves unset stays. NotFound, HostConfigFault."""
    vmk = _found(net, device)
    target = portgroup or spec.portgroup or ""
    if target or spec.distributedVirtualPort is not None:
        _plug(net, vmk, target, spec)
        if vmk.distributed is None and len(net.vmks_on(vmk.portgroup)) > 1:
            raise platform_fault(f"{vmk.portgroup} has a VMkernel interface already")
    _address(net, vmk, spec)
    vmk.mac = str(spec.mac or vmk.mac)


def remove_vmk(net: HostNetwork, device: str) -> None:
    """Removes an interface. NotFound."""
    del net.vmks[_found(net, device).device]


def _found(net: HostNetwork, device: str) -> Vmk:
    vmk = net.vmks.get(device)
    if vmk is None:
        raise fault("NotFound", f"no VMkernel interface {device}")
    return vmk


def _plug(net: HostNetwork, vmk: Vmk, portgroup: str, spec: Any) -> None:
    port = spec.distributedVirtualPort
    if port is not None:
        proxy = net.proxies.get(port.switchUuid)
        if proxy is None or port.portgroupKey not in proxy.groups:
            raise platform_fault(f"{vmk.device}: the host is no member of that distributed port group")
        vmk.distributed = DistributedPort(
            str(port.switchUuid), str(port.portgroupKey), str(port.portKey or "")
        )
        vmk.portgroup = ""
        return
    name = portgroup or spec.portgroup or ""
    if name not in net.portgroups:
        raise platform_fault(f"{vmk.device}: no port group {name!r}")
    vmk.distributed, vmk.portgroup = None, str(name)


def _address(net: HostNetwork, vmk: Vmk, spec: Any) -> None:
    if spec.mtu:
        vmk.mtu = int(spec.mtu)
    config = spec.ip
    if config is None:
        return
    vmk.dhcp = bool(config.dhcp)
    if vmk.dhcp:
        return
    address, mask = str(config.ipAddress or ""), str(config.subnetMask or "")
    try:
        ipaddress.ip_interface(f"{address}/{mask}")
    except ValueError as wrong:
        raise fault("InvalidArgument", str(wrong), invalidProperty="nic.ip") from None
    if any(other.ip == address for other in net.vmks.values() if other.device != vmk.device):
        raise platform_fault(f"{address} belongs to another VMkernel interface")
    vmk.ip, vmk.netmask = address, mask


def set_dns(net: HostNetwork, config: Any) -> None:
    """Takes a HostDnsConfig whole."""
    net.dns = DnsSettings(
        str(config.hostName),
        str(config.domainName or ""),
        bool(config.dhcp),
        [str(item) for item in config.address],
        [str(item) for item in config.searchDomain],
    )


def set_gateway(net: HostNetwork, config: Any) -> None:
    """Takes a HostIpRouteConfig. A gateway that no interface reaches is a HostConfigFault."""
    gateway = str(config.defaultGateway or "")
    if gateway and not any(_on_link(vmk, gateway) for vmk in net.vmks.values()):
        raise platform_fault(f"no VMkernel interface has the gateway {gateway} on its subnet")
    net.gateway, net.gateway_device = gateway, str(config.gatewayDevice or "")


def _on_link(vmk: Vmk, address: str) -> bool:
    if not vmk.ip or not vmk.netmask:
        return False
    subnet = ipaddress.ip_interface(f"{vmk.ip}/{vmk.netmask}").network
    return ipaddress.ip_address(address) in subnet


def change_routes(net: HostNetwork, config: Any) -> None:
    """Takes a HostIpRouteTableConfig: routes to add, change (ignored) and remove."""
    for operation in config.ipRoute:
        entry = operation.route
        route = StaticRoute(
            str(entry.network), int(entry.prefixLength), str(entry.gateway), str(entry.deviceName or "")
        )
        same = [r for r in net.routes if (r.network, r.prefix) == (route.network, route.prefix)]
        if operation.changeOperation == "remove":
            if not same:
                raise platform_fault(f"no route to {route.network}/{route.prefix}")
            net.routes = [r for r in net.routes if r not in same]
        elif route in net.routes:
            raise platform_fault(f"a route to {route.network}/{route.prefix} stands already")
        else:
            net.routes.append(route)
