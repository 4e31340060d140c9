"""UpdateNetworkConfig in mode `modify`: many changes of a host's network in one call.

Everything happens on one copy, so a VMkernel interface and the NIC under it move together: the
host is judged by the end, not by the steps on the way.
"""

from __future__ import annotations

from typing import Any

from drconsole.lab.world.hypervisor import switch_changes, vmk_changes
from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.hypervisor.network import HostNetwork, ProxySwitch
from drconsole.lab.world.hypervisor.switch_changes import platform_fault
from drconsole.lab.world.vim.new import fault

ADD, EDIT, REMOVE = "add", "edit", "remove"


def apply_config(host: Hypervisor, net: HostNetwork, config: Any) -> list[str]:
    """Applies a HostNetworkConfig and returns the devices of new VMkernel interfaces.

    NICs are freed before others take them: switches that give up a NIC come first.
    """
    nics = {nic.name for nic in host.machine.nics}
    for switch in sorted(config.vswitch, key=lambda item: _gains(net, item)):
        _switch(net, nics, switch)
    for proxy in config.proxySwitch:
        set_uplinks(net, nics, proxy.uuid, proxy.spec.backing if proxy.spec else None)
    for group in config.portgroup:
        if _operation(group) != REMOVE:
            _group(net, group)
    devices = [device for item in config.vnic if (device := _vnic(host, net, item))]
    for group in config.portgroup:
        if _operation(group) == REMOVE:
            switch_changes.remove_group(net, group.spec.name)
    if config.dnsConfig is not None:
        vmk_changes.set_dns(net, config.dnsConfig)
    if config.ipRouteConfig is not None:
        vmk_changes.set_gateway(net, config.ipRouteConfig)
    if config.routeTableConfig is not None:
        vmk_changes.change_routes(net, config.routeTableConfig)
    return devices


def set_uplinks(net: HostNetwork, nics: set[str], uuid: str, backing: Any) -> None:
    """Gives a member host's proxy switch exactly the NICs of a pnic backing.

    A NIC goes on the uplink port that the spec names, else on the one that it has, else on the
    first free one. NotFound for a switch or NIC that is not there, ResourceInUse for one taken.
    """
    proxy = net.proxies.get(uuid)
    if proxy is None:
        raise fault("NotFound", f"the host is no member of the distributed switch {uuid}")
    specs = list(backing.pnicSpec) if backing is not None else []
    wanted = [str(spec.pnicDevice) for spec in specs]
    for nic in wanted:
        if nic not in nics:
            raise platform_fault(f"{proxy.name}: the host has no NIC {nic}")
        if net.owner_of(nic) not in {"", proxy.name}:
            raise fault("ResourceInUse", f"{nic} belongs to {net.owner_of(nic)}", name=nic)
    proxy.nics = _placed(proxy, specs, wanted)


def _placed(proxy: ProxySwitch, specs: list[Any], wanted: list[str]) -> dict[str, str]:
    by_key = {key: name for name, key in proxy.port_keys.items()}
    placed = {by_key[s.uplinkPortKey]: str(s.pnicDevice) for s in specs if s.uplinkPortKey in by_key}
    for uplink, nic in proxy.nics.items():
        if nic in wanted and nic not in placed.values() and uplink not in placed:
            placed[uplink] = nic
    free = [name for name in proxy.uplinks if name not in placed]
    for nic in wanted:
        if nic not in placed.values():
            if not free:
                raise platform_fault(f"{proxy.name} has no free uplink for {nic}")
            placed[free.pop(0)] = nic
    return {name: placed[name] for name in proxy.uplinks if name in placed}


def _operation(item: Any) -> str:
    return str(item.changeOperation or EDIT)


def _gains(net: HostNetwork, item: Any) -> bool:
    present = net.vswitches.get(item.name)
    bridge = item.spec.bridge if item.spec else None
    wanted = set(bridge.nicDevice) if bridge is not None else set()
    return not wanted <= set(present.nics if present else ())


def _switch(net: HostNetwork, nics: set[str], item: Any) -> None:
    operation = _operation(item)
    if operation == REMOVE:
        switch_changes.remove_switch(net, item.name)
    elif operation == ADD:
        switch_changes.add_switch(net, nics, item.name, item.spec)
    else:
        switch_changes.update_switch(net, nics, item.name, item.spec)


def _group(net: HostNetwork, item: Any) -> None:
    if _operation(item) == ADD:
        switch_changes.add_group(net, item.spec)
    else:
        switch_changes.update_group(net, item.spec.name, item.spec)


def _vnic(host: Hypervisor, net: HostNetwork, item: Any) -> str:
    operation = _operation(item)
    if operation == REMOVE:
        vmk_changes.remove_vmk(net, item.device)
    elif operation == ADD:
        return vmk_changes.add_vmk(net, item.portgroup, item.spec, host.vmk_mac())
    else:
        vmk_changes.update_vmk(net, item.device, item.spec, item.portgroup)
    return ""
