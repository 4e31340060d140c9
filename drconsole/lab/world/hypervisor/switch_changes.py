"""Changes of standard switches and port groups, on a copy of a HostNetwork.

Each raises the fault that HostNetworkSystem declares for it; the caller drops the copy then.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from drconsole.lab.world.hypervisor.network import HostNetwork, PortGroup, VSwitch, nic_order
from drconsole.lab.world.hypervisor.policies import fresh_policy, merged, without_lost
from drconsole.lab.world.vim.new import fault

LONGEST_SWITCH_NAME = 31
LONGEST_GROUP_NAME = 80


def add_switch(net: HostNetwork, nics: Collection[str], name: str, spec: Any) -> None:
    """Adds a switch; `nics` are the machine's. AlreadyExists, ResourceInUse, HostConfigFault."""
    if name in net.vswitches:
        raise fault("AlreadyExists", name=name)
    if not name or len(name) > LONGEST_SWITCH_NAME:
        raise fault("InvalidArgument", invalidProperty="vswitchName")
    switch = VSwitch(name)
    net.vswitches[name] = switch
    if spec is None:
        switch.policy = fresh_policy([])
        return
    _bridge(net, nics, switch, spec)
    switch.policy = merged(fresh_policy(switch.nics), spec.policy)
    _check_order(switch, switch.policy)
    switch.ports, switch.mtu = int(spec.numPorts), int(spec.mtu or switch.mtu)


def update_switch(net: HostNetwork, nics: Collection[str], name: str, spec: Any) -> None:
    """Replaces the NIC list; an unset policy stays, less the NICs that left. NotFound too."""
    switch = net.vswitches.get(name)
    if switch is None:
        raise fault("NotFound", f"no virtual switch {name}")
    _bridge(net, nics, switch, spec)
    if spec.policy is not None:
        _check_order(switch, spec.policy)
    switch.policy = merged(without_lost(switch.policy, switch.nics), spec.policy)
    switch.ports, switch.mtu = int(spec.numPorts), int(spec.mtu or switch.mtu)


def remove_switch(net: HostNetwork, name: str) -> None:
    """Removes a switch that no VMkernel interface uses, with its port groups."""
    if name not in net.vswitches:
        raise fault("NotFound", f"no virtual switch {name}")
    groups = [group for group in net.portgroups.values() if group.vswitch == name]
    for group in groups:
        _refuse_used(net, group.name)
    for group in groups:
        del net.portgroups[group.name]
    del net.vswitches[name]


def add_group(net: HostNetwork, spec: Any) -> None:
    """Adds a port group. AlreadyExists, NotFound (its switch), HostConfigFault."""
    if spec.name in net.portgroups:
        raise fault("AlreadyExists", name=spec.name)
    net.portgroups[spec.name] = _group(net, spec)


def update_group(net: HostNetwork, name: str, spec: Any) -> None:
    """Changes or renames a port group; its VMkernel interfaces go with it."""
    present = net.portgroups.get(name)
    if present is None:
        raise fault("NotFound", f"no port group {name}")
    if spec.name != name and spec.name in net.portgroups:
        raise fault("AlreadyExists", name=spec.name)
    changed = _group(net, spec)
    changed.policy = merged(present.policy, changed.policy)
    items = [(changed.name, changed) if key == name else (key, item) for key, item in net.portgroups.items()]
    for vmk in net.vmks_on(name):
        vmk.portgroup = changed.name
    net.portgroups = dict(items)


def remove_group(net: HostNetwork, name: str) -> None:
    """Removes a port group without VMkernel interfaces. NotFound, ResourceInUse."""
    if name not in net.portgroups:
        raise fault("NotFound", f"no port group {name}")
    _refuse_used(net, name)
    del net.portgroups[name]


def _group(net: HostNetwork, spec: Any) -> PortGroup:
    if not spec.name or len(spec.name) > LONGEST_GROUP_NAME:
        raise fault("InvalidArgument", invalidProperty="portgrp.name")
    if not 0 <= spec.vlanId <= 4095:
        raise fault("InvalidArgument", invalidProperty="portgrp.vlanId")
    switch = net.vswitches.get(spec.vswitchName)
    if switch is None:
        raise fault("NotFound", f"no virtual switch {spec.vswitchName}")
    _check_order(switch, spec.policy)
    return PortGroup(str(spec.name), switch.name, int(spec.vlanId), spec.policy)


def _refuse_used(net: HostNetwork, group: str) -> None:
    if net.vmks_on(group):
        raise fault("ResourceInUse", name=group)


def _bridge(net: HostNetwork, nics: Collection[str], switch: VSwitch, spec: Any) -> None:
    bridge = spec.bridge
    if bridge is None:
        switch.nics = []
        return
    wanted = bridge.nicDevice if isinstance(bridge.nicDevice, list) else [bridge.nicDevice]
    for nic in wanted:
        if nic not in nics:
            raise platform_fault(f"{switch.name}: the host has no NIC {nic}")
        if net.owner_of(nic) not in {"", switch.name}:
            raise fault("ResourceInUse", f"{nic} belongs to {net.owner_of(nic)}", name=nic)
    if len(set(wanted)) != len(wanted):
        raise platform_fault(f"{switch.name}: a NIC stands twice in the bridge")
    switch.nics = [str(nic) for nic in wanted]
    config = getattr(bridge, "linkDiscoveryProtocolConfig", None)
    if config is not None:
        switch.discovery, switch.discovery_operation = str(config.protocol), str(config.operation)


def _check_order(switch: VSwitch, policy: Any) -> None:
    unknown = [nic for nic in nic_order(policy) or () if nic not in switch.nics]
    if unknown:
        raise platform_fault(f"{switch.name}: the order names {', '.join(unknown)}, which it does not bridge")


def platform_fault(text: str) -> Any:
    """Returns the HostConfigFault that carries the hypervisor's own words."""
    return fault("PlatformConfigFault", text, text=text)
