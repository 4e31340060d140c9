"""A host's networking: standard switches, port groups, VMkernel interfaces, DNS and routes."""

from __future__ import annotations

from drconsole.model.inventory import Dns, PortGroup, Route, VirtualNic, VirtualSwitch
from drconsole.platforms.vsphere.capture import policy
from drconsole.platforms.vsphere.capture.tree import Facts
from drconsole.platforms.vsphere.leaves import (
    Props,
    Val,
    child,
    children,
    items,
    number,
    text,
    texts,
    truth,
)

_NO_GATEWAY = ("", "0.0.0.0", "::")  # noqa: S104  (an address in a routing table, nothing is bound)
_DEFAULT_STACK = "defaultTcpipStack"


def facts(props: Props) -> Facts:
    """The networking fields of a host."""
    nics = {text(nic, "key"): text(nic, "device") for nic in items(props.get("config.network.pnic"))}
    services = _services(props.get("config.virtualNicManagerInfo.netConfig"))
    return {
        "gateway": text(props.get("config.network.ipRouteConfig"), "defaultGateway"),
        "dns": _dns(props.get("config.network.dnsConfig")),
        "routes": tuple(_routes(props.get("config.network.routeTableInfo"))),
        "virtual_switches": tuple(_switch(v, nics) for v in items(props.get("config.network.vswitch"))),
        "port_groups": tuple(_port_group(v) for v in items(props.get("config.network.portgroup"))),
        "virtual_nics": tuple(_virtual_nic(v, services) for v in items(props.get("config.network.vnic"))),
    }


def _switch(value: Val, nics: dict[str, str]) -> VirtualSwitch:
    spec = child(value, "spec")
    discovery = child(spec, "bridge", "linkDiscoveryProtocolConfig")
    return VirtualSwitch(
        name=text(value, "name"),
        ports=number(spec, "numPorts") or number(value, "numPorts"),
        mtu=number(value, "mtu") or number(spec, "mtu") or 1500,
        link_discovery=text(discovery, "protocol"),
        link_discovery_operation=text(discovery, "operation"),
        nics=_bridge(value, spec, nics),
        policy=policy.standard(child(spec, "policy")),
    )


def _bridge(value: Val, spec: Val | None, nics: dict[str, str]) -> tuple[str, ...]:
    """The NICs in the bridge's order; without a bridge those that the switch reports by key."""
    if named := texts(child(spec, "bridge"), "nicDevice"):
        return named
    return tuple(nics.get(key, key.rpartition("-")[2]) for key in texts(value, "pnic"))


def _port_group(value: Val) -> PortGroup:
    spec = child(value, "spec")
    return PortGroup(
        name=text(spec, "name"),
        virtual_switch=text(spec, "vswitchName"),
        vlan=number(spec, "vlanId"),
        policy=policy.standard(child(spec, "policy")),
    )


def _virtual_nic(value: Val, services: dict[str, list[str]]) -> VirtualNic:
    """A HostVirtualNic; a distributed port group is told by its key, which `linking` resolves."""
    spec, device = child(value, "spec"), text(value, "device")
    return VirtualNic(
        name=device,
        port_group=text(value, "portgroup"),
        distributed_port_group=text(spec, "distributedVirtualPort", "portgroupKey"),
        mac=text(spec, "mac").lower(),
        mtu=number(spec, "mtu") or 1500,
        dhcp=truth(spec, "ip", "dhcp"),
        ip=text(spec, "ip", "ipAddress"),
        netmask=text(spec, "ip", "subnetMask"),
        tcp_ip_stack=text(spec, "netStackInstanceKey", default=_DEFAULT_STACK),
        services=tuple(sorted(services.get(device, ()))),
    )


def _services(value: Val | None) -> dict[str, list[str]]:
    """Which services (`management`, `vmotion`, …) each VMkernel interface was selected for."""
    found: dict[str, list[str]] = {}
    for config in items(value):
        devices = {text(nic, "key"): text(nic, "device") for nic in children(config, "candidateVnic")}
        for key in texts(config, "selectedVnic"):
            device = devices.get(key, key.rpartition("-")[2])
            found.setdefault(device, []).append(text(config, "nicType"))
    return found


def _routes(value: Val | None) -> list[Route]:
    """Static routes: the default one is the gateway, and those without a gateway come by themselves."""
    found = []
    for route in (*children(value, "ipRoute"), *children(value, "ipv6Route")):
        network, prefix = text(route, "network"), number(route, "prefixLength")
        gateway = text(route, "gateway")
        if gateway not in _NO_GATEWAY and prefix > 0:
            found.append(Route(network=network, prefix=prefix, gateway=gateway))
    return found


def _dns(value: Val | None) -> Dns | None:
    if value is None:
        return None
    return Dns(
        hostname=text(value, "hostName"),
        domain=text(value, "domainName"),
        dhcp=truth(value, "dhcp"),
        servers=texts(value, "address"),
        search_domains=texts(value, "searchDomain"),
    )
