"""Hosts in a distributed switch: joining with NICs, changing them, leaving."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from drconsole.lab.world.hypervisor.network import HostNetwork, ProxySwitch
from drconsole.lab.world.vim.esxi import inventory
from drconsole.lab.world.vim.esxi.dvs_settings import host_rules
from drconsole.lab.world.vim.esxi.host_system import HostSystem
from drconsole.lab.world.vim.esxi.network_batch import set_uplinks
from drconsole.lab.world.vim.esxi.network_info import proxy_switch
from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.registry import wsdl_type

if TYPE_CHECKING:
    from drconsole.lab.world.vim.esxi.dvs import DistributedSwitch

PORTS_OF_A_HOST = 1536


def shown(switch: DistributedSwitch, host: HostSystem) -> Any:
    """Returns the DistributedVirtualSwitchHostMember of a host: the host's own word for its NICs."""
    proxy = switch.proxy(host)
    backing = proxy_switch(proxy).spec.backing if proxy is not None else None
    return new(
        "DistributedVirtualSwitchHostMember",
        config=new(
            "DistributedVirtualSwitchHostMemberConfigInfo",
            host=host.ref(),
            maxProxySwitchPorts=PORTS_OF_A_HOST,
            backing=backing or new("DistributedVirtualSwitchHostMemberPnicBacking"),
        ),
        uplinkPortKey=list(proxy.port_keys.values()) if proxy is not None else [],
        status="up" if proxy is not None else "outOfSync",
    )


async def reconfigure(switch: DistributedSwitch, spec: Any) -> None:
    """Carries out one DistributedVirtualSwitchHostMemberConfigSpec: add, edit or remove.

    Raises AlreadyExists, NotFound, ResourceInUse, or DvsOperationBulkFault for what the host says.
    """
    host = switch.endpoint.at(spec.host)
    assert isinstance(host, HostSystem)
    member = host.moid in switch.members
    operation = str(spec.operation)
    if operation == "add":
        if member:
            raise fault("AlreadyExists", name=host.name)
        await _add(switch, host, spec.backing)
    elif not member:
        raise fault("NotFound", f"{host.name} is no member of {switch.name}")
    elif operation == "remove":
        await remove(switch, host)
    elif spec.backing is not None:
        await _uplink(switch, host, spec.backing)


async def _add(switch: DistributedSwitch, host: HostSystem, backing: Any) -> None:
    if inventory.datacenter_of(host) is not inventory.datacenter_of(switch):
        raise fault("InvalidArgument", f"{host.name} is in another datacenter", invalidProperty="spec.host")
    proxy = _proxy(switch)
    await change(host, _joining(host, proxy, backing))
    _joined(switch, host, proxy)


def _proxy(switch: DistributedSwitch) -> ProxySwitch:
    uplinks = next(group for group in switch.groups if group.uplink)
    return ProxySwitch(
        switch.switch_uuid,
        switch.name,
        int(switch.stored["maxMtu"]),
        PORTS_OF_A_HOST,
        tuple(switch.uplinks),
        uplinks.moid,
        port_keys={name: switch.next_port() for name in switch.uplinks},
        groups={g.moid: host_rules(g.moid, g.name, g.setting) for g in switch.groups},
    )


def _joining(host: HostSystem, proxy: ProxySwitch, backing: Any) -> Callable[[HostNetwork], None]:
    nics = {nic.name for nic in host.hypervisor.machine.nics}

    def join(net: HostNetwork) -> None:
        net.proxies[proxy.uuid] = proxy
        set_uplinks(net, nics, proxy.uuid, backing)

    return join


def _joined(switch: DistributedSwitch, host: HostSystem, proxy: ProxySwitch) -> None:
    uplinks = next(group for group in switch.groups if group.uplink)
    uplinks.ports.extend(proxy.port_keys.values())
    uplinks.stored["numPorts"] = len(uplinks.ports)
    switch.members[host.moid] = host
    host.touch("network", "config")


async def _uplink(switch: DistributedSwitch, host: HostSystem, backing: Any) -> None:
    nics = {nic.name for nic in host.hypervisor.machine.nics}
    await change(host, lambda net: set_uplinks(net, nics, switch.switch_uuid, backing))


async def remove(switch: DistributedSwitch, host: HostSystem) -> None:
    """Takes a host out. Raises ResourceInUse where its VMkernel interfaces or guests are plugged in."""
    for group in switch.groups:
        if any(member is host for member, _ in group.vmks()):
            raise fault("ResourceInUse", f"{host.name} has a VMkernel interface on {group.name}")
        if any(guest in host.value("vm") for guest in group.value("vm")):
            raise fault("ResourceInUse", f"{host.name} has guests on {group.name}", name=group.name)
    proxy = switch.proxy(host)
    if proxy is not None and host.connection_state() == "connected":
        await change(host, lambda net: net.proxies.pop(switch.switch_uuid))
    keys = set(proxy.port_keys.values()) if proxy is not None else set()
    for group in switch.groups:
        if group.uplink:
            group.ports = [key for key in group.ports if key not in keys]
            group.stored["numPorts"] = len(group.ports)
    switch.members.pop(host.moid, None)
    host.touch("network", "config")


async def change(host: HostSystem, change: Callable[[HostNetwork], Any]) -> None:
    """Changes a member's network; what the host refuses comes back as a DvsOperationBulkFault."""
    host.contact()
    try:
        await host.hypervisor.change_network(change)
    except (wsdl_type("HostConfigFault"), wsdl_type("NotFound")) as refused:
        on_host = new("DvsOperationBulkFaultFaultOnHost", host=host.ref(), fault=refused)
        raise fault("DvsOperationBulkFault", str(refused.msg), hostFault=[on_host]) from None
