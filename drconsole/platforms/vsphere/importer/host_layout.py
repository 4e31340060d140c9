"""A host's management network as one call changes it: tried beside the old one, undone, or moved for good.

Pure: from the captured layout, the planned ports and what the host reports now, to one
HostNetworkConfig. A VMkernel interface that belongs on a distributed switch waits on a standard one
here, until the import moves it with its port.
"""

from __future__ import annotations

from typing import Any

import msgspec
from pyVmomi import vim

from drconsole.model.inventory import Host, PortGroup, VirtualNic, VirtualSwitch
from drconsole.platforms.vsphere.importer.host_steps import management_nic
from drconsole.platforms.vsphere.importer.specs import ip_spec, port_group_spec, switch_spec

TRIAL = "drconsole-trial"
"""The port group of the trial: its name tells an operator who made it, should it ever be left over."""

FRESH_SWITCH = "vSwitch0"
"""The switch that an installer leaves, with vmk0 on it (R80)."""


class Layout(msgspec.Struct, frozen=True):
    """A host as captured, captured NIC → port, the VLAN of its management network at this site, and
    the port that booted the machine."""

    host: Host
    nics: dict[str, str]
    vlan: int
    booted: str

    @property
    def nic(self) -> VirtualNic:
        return management_nic(self.host)

    @property
    def switch(self) -> VirtualSwitch:
        """The captured switch of management; for a distributed one, the fresh switch stands in with
        the first NIC of the host that is not on another standard switch."""
        group = self.group
        for switch in self.host.virtual_switches:
            if switch.name == group.virtual_switch and self.nic.port_group:
                return switch
        taken = {nic for switch in self.host.virtual_switches for nic in switch.nics}
        free = tuple(n.name for n in self.host.physical_nics if n.name not in taken and n.name in self.nics)
        return VirtualSwitch(name=FRESH_SWITCH, nics=free[:1])

    @property
    def group(self) -> PortGroup:
        for group in self.host.port_groups:
            if group.name == self.nic.port_group:
                return group
        return PortGroup(name="Management Network", virtual_switch=FRESH_SWITCH)

    @property
    def ports(self) -> list[str]:
        return [self.nics[name] for name in self.switch.nics if name in self.nics]


def trial(layout: Layout, info: Any) -> Any:
    """Returns the change that adds the captured address beside the provisioning one."""
    group = vim.host.PortGroup.Config(
        changeOperation="add",
        spec=vim.host.PortGroup.Specification(
            name=TRIAL, vlanId=layout.vlan, vswitchName=FRESH_SWITCH, policy=_only(layout.ports)
        ),
    )
    nic = vim.host.VirtualNic.Config(
        changeOperation="add",
        portgroup=TRIAL,
        spec=vim.host.VirtualNic.Specification(ip=ip_spec(layout.nic), portgroup=TRIAL, mtu=layout.nic.mtu),
    )
    return vim.host.NetworkConfig(
        vswitch=[_bridge(info, [*_bridged(info), *layout.ports])], portgroup=[group], vnic=[nic]
    )


def trial_undone(layout: Layout, info: Any) -> Any:
    """Returns the change that takes a trial back; `info` is the network as it was before the trial."""
    return vim.host.NetworkConfig(
        vswitch=[_bridge(info, _bridged(info))],
        portgroup=[_removed_group()],
        vnic=[
            vim.host.VirtualNic.Config(changeOperation="remove", device=_next_device(info), portgroup=TRIAL)
        ],
    )


def final(layout: Layout, info: Any) -> Any:
    """Returns the change that ends the trial and moves vmk0 to its captured place, in one call."""
    trial_nic = next((nic for nic in info.vnic if nic.portgroup == TRIAL), None)
    vmk0 = info.vnic[0]
    vnics = [
        vim.host.VirtualNic.Config(
            changeOperation="edit",
            device=vmk0.device,
            portgroup=layout.group.name,
            spec=vim.host.VirtualNic.Specification(
                ip=ip_spec(layout.nic), portgroup=layout.group.name, mtu=layout.nic.mtu
            ),
        )
    ]
    groups = [_final_group(layout, info)]
    if trial_nic is not None:
        vnics.insert(0, _removed_nic(trial_nic.device))
        groups.insert(0, _removed_group())
    return vim.host.NetworkConfig(
        vswitch=_final_switches(layout, info), portgroup=groups, vnic=vnics, ipRouteConfig=_gateway(layout)
    )


def _final_switches(layout: Layout, info: Any) -> list[Any]:
    wanted = layout.switch
    standing = {switch.name for switch in info.vswitch}
    spec = switch_spec(wanted, layout.nics)
    operation = "edit" if wanted.name in standing else "add"
    change = vim.host.VirtualSwitch.Config(changeOperation=operation, name=wanted.name, spec=spec)
    if wanted.name == FRESH_SWITCH:
        return [change]
    left = [port for port in _bridged(info) if port not in layout.ports]
    return [_bridge(info, left), change]


def _final_group(layout: Layout, info: Any) -> Any:
    standing = {group.spec.name for group in info.portgroup}
    spec = port_group_spec(layout.group, layout.vlan, layout.nics)
    operation = "edit" if layout.group.name in standing else "add"
    return vim.host.PortGroup.Config(changeOperation=operation, spec=spec)


def _removed_group() -> Any:
    spec = vim.host.PortGroup.Specification(
        name=TRIAL, vlanId=0, vswitchName=FRESH_SWITCH, policy=vim.host.NetworkPolicy()
    )
    return vim.host.PortGroup.Config(changeOperation="remove", spec=spec)


def _removed_nic(device: str) -> Any:
    return vim.host.VirtualNic.Config(changeOperation="remove", device=device, portgroup=TRIAL)


def _gateway(layout: Layout) -> Any:
    if not layout.host.gateway:
        return None
    return vim.host.IpRouteConfig(defaultGateway=layout.host.gateway)


def _bridged(info: Any) -> list[str]:
    for switch in info.vswitch:
        if switch.name == FRESH_SWITCH and switch.spec.bridge is not None:
            return list(switch.spec.bridge.nicDevice)
    return []


def _bridge(info: Any, ports: list[str]) -> Any:
    """Returns the fresh switch with these ports, all of them active, and everything else as it is."""
    fresh = next(switch for switch in info.vswitch if switch.name == FRESH_SWITCH)
    devices = list(dict.fromkeys(ports))
    bridge = vim.host.VirtualSwitch.BondBridge(nicDevice=devices) if devices else None
    spec = vim.host.VirtualSwitch.Specification(
        numPorts=fresh.spec.numPorts, mtu=fresh.spec.mtu, bridge=bridge, policy=_only(devices)
    )
    return vim.host.VirtualSwitch.Config(changeOperation="edit", name=FRESH_SWITCH, spec=spec)


def _only(ports: list[str]) -> Any:
    order = vim.host.NetworkPolicy.NicOrderPolicy(activeNic=ports, standbyNic=[])
    return vim.host.NetworkPolicy(nicTeaming=vim.host.NetworkPolicy.NicTeamingPolicy(nicOrder=order))


def _next_device(info: Any) -> str:
    """Returns the name that the trial's interface got: hosts number them without gaps."""
    taken = {nic.device for nic in info.vnic}
    return next(f"vmk{n}" for n in range(len(taken) + 1) if f"vmk{n}" not in taken)
