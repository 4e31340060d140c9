"""The network of a hypervisor: switches, port groups, VMkernel interfaces, and which NICs they use.

Policies are kept as the vSphere data objects that clients sent (`Any` here: pyVmomi ships no types),
so that what was set comes back whole; they are never changed in place. All else is plain values.
A HostNetwork is copied before it is changed, so that a change that loses the host is rolled back.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

MANAGEMENT = "management"
DEFAULT_STACK = "defaultTcpipStack"


@dataclass
class VSwitch:
    """A standard switch. `nics` is its bridge; `policy` a HostNetworkPolicy with a nicOrder."""

    name: str
    ports: int = 128
    mtu: int = 1500
    nics: list[str] = field(default_factory=list)
    discovery: str = "cdp"
    discovery_operation: str = "listen"
    policy: Any = None


@dataclass
class PortGroup:
    """A port group of a standard switch; `policy` holds only what it overrides."""

    name: str
    vswitch: str
    vlan: int = 0
    policy: Any = None


@dataclass(frozen=True)
class DistributedPort:
    """Where a VMkernel interface is plugged into a distributed switch."""

    switch: str
    group: str
    port: str = ""


@dataclass
class Vmk:
    """A VMkernel interface, on the port group of that name or on a distributed port."""

    device: str
    mac: str
    ip: str = ""
    netmask: str = ""
    dhcp: bool = False
    mtu: int = 1500
    portgroup: str = ""
    distributed: DistributedPort | None = None
    stack: str = DEFAULT_STACK
    services: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class DistributedGroup:
    """What a member host knows of a distributed port group: None as `vlan` means a trunk.

    `uplinks` are the names of its active uplinks, then of its standby ones.
    """

    key: str
    name: str
    vlan: int | None = 0
    uplinks: tuple[str, ...] = ()


@dataclass
class ProxySwitch:
    """A member host's part of a distributed switch: uplink name → NIC, and the port groups' rules."""

    uuid: str
    name: str
    mtu: int = 1500
    ports: int = 1536
    uplinks: tuple[str, ...] = ()
    uplink_group: str = ""
    nics: dict[str, str] = field(default_factory=dict)
    port_keys: dict[str, str] = field(default_factory=dict)
    groups: dict[str, DistributedGroup] = field(default_factory=dict)

    def copy(self) -> ProxySwitch:
        """Returns an independent copy."""
        return replace(self, nics=dict(self.nics), port_keys=dict(self.port_keys), groups=dict(self.groups))


@dataclass(frozen=True)
class StaticRoute:
    """A route of the default stack; `device` is a VMkernel interface or empty."""

    network: str
    prefix: int
    gateway: str
    device: str = ""


@dataclass
class DnsSettings:
    """Host name and name servers."""

    hostname: str = "localhost"
    domain: str = ""
    dhcp: bool = False
    servers: list[str] = field(default_factory=list)
    search: list[str] = field(default_factory=list)


@dataclass
class HostNetwork:
    """All of a hypervisor's networking. Dictionaries keep the order of creation."""

    vswitches: dict[str, VSwitch] = field(default_factory=dict)
    portgroups: dict[str, PortGroup] = field(default_factory=dict)
    vmks: dict[str, Vmk] = field(default_factory=dict)
    proxies: dict[str, ProxySwitch] = field(default_factory=dict)
    dns: DnsSettings = field(default_factory=DnsSettings)
    gateway: str = ""
    gateway_device: str = ""
    routes: list[StaticRoute] = field(default_factory=list)

    def copy(self) -> HostNetwork:
        """Returns an independent copy, to be changed and then taken or dropped."""
        return HostNetwork(
            vswitches={name: replace(item, nics=list(item.nics)) for name, item in self.vswitches.items()},
            portgroups={name: replace(item) for name, item in self.portgroups.items()},
            vmks={name: replace(item, services=set(item.services)) for name, item in self.vmks.items()},
            proxies={uuid: item.copy() for uuid, item in self.proxies.items()},
            dns=replace(self.dns, servers=list(self.dns.servers), search=list(self.dns.search)),
            gateway=self.gateway,
            gateway_device=self.gateway_device,
            routes=list(self.routes),
        )

    def owner_of(self, nic: str) -> str:
        """Returns the name of the switch that uses a NIC, "" for none. Proxies count by name."""
        for switch in self.vswitches.values():
            if nic in switch.nics:
                return switch.name
        for proxy in self.proxies.values():
            if nic in proxy.nics.values():
                return proxy.name
        return ""

    def path(self, vmk: Vmk) -> tuple[tuple[str, ...], int]:
        """Returns the NICs that a VMkernel interface may use, in effective order, and its VLAN.

        A NIC of the bridge that no order names is unused (vSphere: HostNicOrderPolicy).
        """
        if vmk.distributed is not None:
            return self._distributed_path(vmk.distributed)
        group = self.portgroups.get(vmk.portgroup)
        return (self.group_nics(group), group.vlan) if group else ((), 0)

    def group_nics(self, group: PortGroup) -> tuple[str, ...]:
        """Returns the NICs that a standard port group uses: its own order, else its switch's."""
        switch = self.vswitches.get(group.vswitch)
        if switch is None:
            return ()
        order = nic_order(group.policy) or nic_order(switch.policy) or ()
        return tuple(nic for nic in order if nic in switch.nics)

    def _distributed_path(self, at: DistributedPort) -> tuple[tuple[str, ...], int]:
        proxy = self.proxies.get(at.switch)
        group = proxy.groups.get(at.group) if proxy else None
        if proxy is None or group is None or group.vlan is None:
            return (), 0
        return tuple(proxy.nics[name] for name in group.uplinks if name in proxy.nics), group.vlan

    def management(self) -> Vmk | None:
        """Returns the VMkernel interface that carries management traffic, vmk0 where several do."""
        candidates = [vmk for vmk in self.vmks.values() if MANAGEMENT in vmk.services]
        return min(candidates, key=lambda vmk: vmk.device, default=None)

    def free_device(self) -> str:
        """Returns the lowest unused name for a new VMkernel interface."""
        number = 0
        while f"vmk{number}" in self.vmks:
            number += 1
        return f"vmk{number}"

    def vmks_on(self, portgroup: str) -> list[Vmk]:
        """Returns the VMkernel interfaces on a standard port group."""
        return [vmk for vmk in self.vmks.values() if vmk.distributed is None and vmk.portgroup == portgroup]


def nic_order(policy: Any) -> tuple[str, ...] | None:
    """Returns the active and then the standby NICs of a HostNetworkPolicy, None where it is silent."""
    teaming = policy.nicTeaming if policy is not None else None
    order = teaming.nicOrder if teaming is not None else None
    if order is None:
        return None
    return (*order.activeNic, *order.standbyNic)
