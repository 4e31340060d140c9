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


MANAGEMENT_GROUP = "Management Network"
"""The port group that an installer puts vmk0 on."""

DISPLACED = "drconsole-installed"
"""What that group is called while the captured one of its name is made on another switch."""


class Layout(msgspec.Struct, frozen=True):
    """A host as captured, captured NIC → port, the VLAN of its management network at this site, the
    port that booted the machine, and the ports under management in their order."""

    host: Host
    nics: dict[str, str]
    vlan: int
    booted: str
    ports: list[str]

    @property
    def nic(self) -> VirtualNic:
        return management_nic(self.host)

    @property
    def waits(self) -> bool:
        """Whether management belongs on a distributed switch, and waits on the fresh one till the import."""
        return not self.nic.port_group

    @property
    def switch(self) -> VirtualSwitch:
        """The captured switch of management; for a distributed one, the fresh switch stands in."""
        if not self.waits:
            for switch in self.host.virtual_switches:
                if switch.name == self.group.virtual_switch:
                    return switch
        roles = {port: nic for nic, port in self.nics.items()}
        return VirtualSwitch(name=FRESH_SWITCH, nics=tuple(roles[port] for port in self.ports))

    @property
    def group(self) -> PortGroup:
        for group in self.host.port_groups:
            if group.name == self.nic.port_group:
                return group
        return PortGroup(name=MANAGEMENT_GROUP, virtual_switch=FRESH_SWITCH)


def standing_trial(info: Any) -> Any:
    """Returns the specification of a trial's port group, None where no trial stands."""
    return next((group.spec for group in info.portgroup if group.spec.name == TRIAL), None)


def trial_ports(trial: Any) -> list[str]:
    """Returns the ports that a standing trial uses, in order."""
    return list(trial.policy.nicTeaming.nicOrder.activeNic)


def first_linked(layout: Layout, info: Any) -> str:
    """Returns the port that teaming uses for management: the first one with link."""
    linked = {nic.device for nic in info.pnic if nic.linkSpeed is not None}
    return next((port for port in layout.ports if port in linked), layout.ports[0])


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


def trial_undone(info: Any, booted: str) -> Any:
    """Returns the change that takes a standing trial back, so that only the port that booted is left."""
    removed = [_removed_nic(nic.device) for nic in info.vnic if nic.portgroup == TRIAL]
    return vim.host.NetworkConfig(
        vswitch=[_bridge(info, [booted])], portgroup=[_removed_group(TRIAL)], vnic=removed
    )


def displaced(layout: Layout, info: Any) -> Any:
    """Returns the installer's management group under another name, where its own is needed on another
    switch: a group cannot change its switch, nor go while vmk0 is on it. None where nothing is in the way."""
    standing = next((g.spec for g in info.portgroup if g.spec.name == layout.group.name), None)
    if standing is None or standing.vswitchName == layout.group.virtual_switch:
        return None
    return vim.host.PortGroup.Specification(
        name=DISPLACED, vlanId=standing.vlanId, vswitchName=standing.vswitchName, policy=standing.policy
    )


def final(layout: Layout, info: Any) -> Any:
    """Returns the change that ends the trial and moves vmk0 to its captured place, in one call."""
    vmk0 = info.vnic[0]
    moved = vim.host.VirtualNic.Config(
        changeOperation="edit",
        device=vmk0.device,
        portgroup=layout.group.name,
        spec=vim.host.VirtualNic.Specification(
            ip=ip_spec(layout.nic), portgroup=layout.group.name, mtu=layout.nic.mtu
        ),
    )
    gone = [name for name in (TRIAL, DISPLACED) if any(g.spec.name == name for g in info.portgroup)]
    return vim.host.NetworkConfig(
        vswitch=_final_switches(layout, info),
        portgroup=[*map(_removed_group, gone), _final_group(layout, info)],
        vnic=[*(_removed_nic(nic.device) for nic in info.vnic if nic.portgroup == TRIAL), moved],
        ipRouteConfig=_gateway(layout),
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


def _removed_group(name: str) -> Any:
    spec = vim.host.PortGroup.Specification(
        name=name, vlanId=0, vswitchName=FRESH_SWITCH, policy=vim.host.NetworkPolicy()
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
