"""The protected hosts: installed, wired and with their datastores mounted."""

from __future__ import annotations

from typing import Any

from drconsole.lab.build import blueprint as plan
from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.hypervisor.network import (
    DnsSettings,
    HostNetwork,
    PortGroup,
    StaticRoute,
    Vmk,
    VSwitch,
)
from drconsole.lab.world.hypervisor.policies import fresh_policy
from drconsole.lab.world.machine import Machine
from drconsole.lab.world.power import start_running
from drconsole.lab.world.vim.new import changed, new
from drconsole.lab.world.world import World

DOMAIN = "pittsburgh.example"
NAME_SERVERS = [plan.MANAGEMENT.address(2), plan.MANAGEMENT.address(3)]
TIME_SERVERS = [plan.MANAGEMENT.address(4)]
LOCKED = "*"
"""No password hash: nobody logs in to a protected host directly."""
VSWITCH0, VSWITCH1, DISTRIBUTED = ("vmnic2",), ("vmnic1",), ("vmnic3", "vmnic0")


def install(world: World, machine: Machine, number: int) -> Hypervisor:
    """Installs protected host `number` (from 1) on its machine and starts it."""
    _, version, build = plan.ESXI
    host = Hypervisor(
        world, machine, _network(machine, number), root_hash=LOCKED, version=version, build=build
    )
    host.ntp_servers = list(TIME_SERVERS)
    host.services["ntpd"] = True
    machine.system = host
    start_running(machine)
    host.storage.rescan()
    for place in plan.DATASTORES:
        volume = world.arrays[place.array].volumes[place.volume]
        if volume.export:
            host.storage.mount_nfs(plan.NFS_PORTALS[place.array], volume.export, place.name, "readWrite")
    return host


def _network(machine: Machine, number: int) -> HostNetwork:
    network = HostNetwork()
    network.vswitches["vSwitch0"] = VSwitch(
        "vSwitch0", nics=list(VSWITCH0), policy=fresh_policy(list(VSWITCH0))
    )
    network.vswitches["vSwitch1"] = VSwitch("vSwitch1", nics=list(VSWITCH1), mtu=9000, policy=_strict())
    silent = new("HostNetworkPolicy")
    for item in plan.NETWORKS:
        if item.switch in network.vswitches:
            network.portgroups[item.name] = PortGroup(item.name, item.switch, item.vlan, silent)
    address = plan.HOST_ADDRESS_FROM + number - 1
    vmks = (
        (plan.MANAGEMENT, {"management"}, 1500),
        (plan.VMOTION, {"vmotion"}, 9000),
        (plan.STORAGE, set[str](), 9000),
    )
    for index, (place, services, mtu) in enumerate(vmks):
        network.vmks[f"vmk{index}"] = Vmk(
            f"vmk{index}",
            machine.nic(VSWITCH0[0]).mac
            if index == 0
            else f"00:50:56:6{index}:{number >> 8:02x}:{number & 255:02x}",
            place.address(address),
            place.netmask,
            mtu=mtu,
            portgroup=place.name,
            services=services,
        )
    network.dns = DnsSettings(machine.name, DOMAIN, servers=list(NAME_SERVERS), search=[DOMAIN])
    network.gateway, network.gateway_device = plan.MANAGEMENT.gateway, "vmk0"
    network.routes = [StaticRoute("10.31.0.0", 16, plan.STORAGE.gateway, "vmk2")]
    return network


def _strict() -> Any:
    policy = fresh_policy(list(VSWITCH1))
    shaping = new(
        "HostNetworkTrafficShapingPolicy",
        enabled=True,
        averageBandwidth=2_000_000_000,
        peakBandwidth=4_000_000_000,
        burstSize=104_857_600,
    )
    return changed(policy, shapingPolicy=shaping)
