"""What stands when the world begins: hosts and switches as if somebody had set them up long ago.

No time passes, and nobody is written to the ledger as having done it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.hypervisor.network import (
    DnsSettings,
    HostNetwork,
    PortGroup,
    StaticRoute,
    Vmk,
    VSwitch,
)
from drconsole.lab.world.hypervisor.policies import fresh_policy, merged, order
from drconsole.lab.world.vim.esxi import inventory
from drconsole.lab.world.vim.esxi.connecting import adopt_silently
from drconsole.lab.world.vim.esxi.door import HostEndpoint
from drconsole.lab.world.vim.esxi.dvportgroup import make_group
from drconsole.lab.world.vim.esxi.dvs import DistributedSwitch, make_switch
from drconsole.lab.world.vim.esxi.dvs_members import join_quietly
from drconsole.lab.world.vim.esxi.dvs_settings import VLAN
from drconsole.lab.world.vim.new import new

if TYPE_CHECKING:
    from drconsole.lab.world.machine import Machine
    from drconsole.lab.world.vim.esxi.host_system import HostSystem
    from drconsole.lab.world.vim.vcenter.tree import TreeEntity

__all__ = [
    "HostLayout",
    "SwitchLayout",
    "VmkLayout",
    "adopt_silently",
    "mount_everything",
    "protected_host",
    "standing_switch",
]


@dataclass(frozen=True)
class SwitchLayout:
    """A standard switch: its NICs, those in use first, and its port groups (name, VLAN)."""

    name: str
    active: tuple[str, ...]
    standby: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    groups: tuple[tuple[str, int], ...] = ()
    mtu: int = 1500
    ports: int = 128


@dataclass(frozen=True)
class VmkLayout:
    """A VMkernel interface on a standard port group."""

    group: str
    address: str
    netmask: str
    services: tuple[str, ...] = ()
    mtu: int = 1500


@dataclass(frozen=True)
class HostLayout:
    """How a host of the protected site was set up. VMkernel interfaces are vmk0, vmk1, … in order."""

    hostname: str
    root_hash: str
    version: str
    build: str
    switches: tuple[SwitchLayout, ...]
    vmks: tuple[VmkLayout, ...]
    domain: str = ""
    gateway: str = ""
    dns_servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    ntp_servers: tuple[str, ...] = ()
    routes: tuple[StaticRoute, ...] = ()
    policies: dict[str, Any] = field(default_factory=dict)
    """HostNetworkPolicy by switch or port group name: joined with the default, or overriding."""


def protected_host(machine: Machine, layout: HostLayout) -> Hypervisor:
    """Makes the hypervisor of a layout, with its endpoint, and puts it on the machine.

    The caller starts the machine (`power.start_running`), then mounts and adopts.
    """
    host = Hypervisor(
        machine.world,
        machine,
        _network(machine, layout),
        root_hash=layout.root_hash,
        version=layout.version,
        build=layout.build,
    )
    host.ntp_servers = list(layout.ntp_servers)
    host.services |= {"ntpd": bool(layout.ntp_servers)}
    host.endpoint = HostEndpoint(host)
    machine.system = host
    return host


def _network(machine: Machine, layout: HostLayout) -> HostNetwork:
    net = HostNetwork()
    for switch in layout.switches:
        _add_switch(net, switch, layout.policies)
    for number, vmk in enumerate(layout.vmks):
        device = f"vmk{number}"
        mac = machine.nics[0].mac if number == 0 else f"00:50:56:6{number:x}{machine.nics[0].mac[8:]}"
        net.vmks[device] = Vmk(
            device,
            mac,
            vmk.address,
            vmk.netmask,
            mtu=vmk.mtu,
            portgroup=vmk.group,
            services=set(vmk.services),
        )
    net.dns = DnsSettings(
        layout.hostname, layout.domain, servers=list(layout.dns_servers), search=list(layout.search)
    )
    net.gateway, net.gateway_device = layout.gateway, "vmk0" if layout.gateway else ""
    net.routes = list(layout.routes)
    return net


def _add_switch(net: HostNetwork, layout: SwitchLayout, policies: dict[str, Any]) -> None:
    nics = [*layout.active, *layout.standby, *layout.unused]
    ordered = new(
        "HostNetworkPolicy",
        nicTeaming=new("HostNicTeamingPolicy", nicOrder=order(list(layout.active), list(layout.standby))),
    )
    policy = merged(merged(fresh_policy(nics), ordered), policies.get(layout.name))
    net.vswitches[layout.name] = VSwitch(layout.name, layout.ports, layout.mtu, nics, policy=policy)
    for name, vlan in layout.groups:
        silent = policies.get(name) or new("HostNetworkPolicy")
        net.portgroups[name] = PortGroup(name, layout.name, vlan, silent)


def mount_everything(host: Hypervisor, exports: list[tuple[str, str, str]]) -> None:
    """Rescans, and mounts exports (server, path, datastore). The machine runs."""
    host.storage.rescan()
    for server, path, name in exports:
        host.storage.mount_nfs(server, path, name, "readWrite")
    host.changed("datastore", "config")


def standing_switch(
    folder: TreeEntity,
    name: str,
    spec: Any,
    groups: list[tuple[str, int]],
    members: dict[HostSystem, list[str]],
) -> DistributedSwitch:
    """Makes a distributed switch in a network folder, with port groups (name, VLAN) and hosts' NICs.

    `spec` is a DVSCreateSpec; its `host` list is not used.
    """
    switch = make_switch(folder, name, spec)
    for group, vlan in groups:
        setting = new("VMwareDVSPortSetting", vlan=new(VLAN, inherited=False, vlanId=vlan))
        make_group(switch, group, new("DVPortgroupConfigSpec", name=group, defaultPortConfig=setting))
    for host, nics in members.items():
        pnics = [new("DistributedVirtualSwitchHostMemberPnicSpec", pnicDevice=nic) for nic in nics]
        backing = new("DistributedVirtualSwitchHostMemberPnicBacking", pnicSpec=pnics)
        join_quietly(switch, host, backing)
    for host in members:
        inventory.follow(host)
    return switch
