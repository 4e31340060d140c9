"""What an installer leaves behind: a host on the NIC that it booted from, and nothing else."""

from __future__ import annotations

from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.hypervisor.network import (
    MANAGEMENT,
    DnsSettings,
    HostNetwork,
    PortGroup,
    Vmk,
    VSwitch,
)
from drconsole.lab.world.hypervisor.policies import fresh_policy
from drconsole.lab.world.hypervisor.storage import LOCAL_DATASTORE_FROM, local_volume
from drconsole.lab.world.machine import Machine
from drconsole.lab.world.payload import HypervisorInstall
from drconsole.lab.world.vim.new import new
from drconsole.lab.world.world import World


def fresh_hypervisor(world: World, machine: Machine, install: HypervisorInstall) -> Hypervisor:
    """Returns the host that a parsed ks.cfg asks for (facts: vSwitch0, vmk0, two port groups).

    Name, address, disk, password and version come from the script and nowhere else.
    """
    host = Hypervisor(
        world,
        machine,
        fresh_network(machine, install),
        root_hash=install.root_hash,
        version=install.version,
        build=install.build,
    )
    host.services["TSM-SSH"] = install.ssh
    disk = machine.disk(install.disk)
    if disk is not None and disk.size_bytes >= LOCAL_DATASTORE_FROM:
        host.storage.local = local_volume(host, disk.serial, disk.size_bytes)
    return host


def fresh_network(machine: Machine, install: HypervisorInstall) -> HostNetwork:
    """Returns vSwitch0 on the NIC of the script, with vmk0 and the default port groups."""
    nics = [install.nic]
    network = HostNetwork()
    network.vswitches["vSwitch0"] = VSwitch("vSwitch0", nics=nics, policy=fresh_policy(nics))
    silent = new("HostNetworkPolicy")
    names = ["VM Network", "Management Network"] if install.vm_port_group else ["Management Network"]
    for name in names:
        network.portgroups[name] = PortGroup(name, "vSwitch0", 0, silent)
    network.vmks["vmk0"] = Vmk(
        "vmk0",
        machine.nic(install.nic).mac,
        install.address,
        install.netmask,
        portgroup="Management Network",
        services={MANAGEMENT},
    )
    hostname, _, domain = install.hostname.partition(".")
    network.dns = DnsSettings(hostname, domain, servers=list(install.nameservers))
    network.gateway = install.gateway
    network.gateway_device = "vmk0" if install.gateway else ""
    return network
