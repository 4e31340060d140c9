"""Specifications of the vSphere API, made from captured values.

`nics` maps a captured physical NIC to the one of the target that took its place; a NIC without one
is left out. NIC orders are always sent: a NIC in the bridge but in no order would be unused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyVmomi import vim

from drconsole.model.inventory import (
    Allocation,
    NetworkPolicy,
    PortGroup,
    SecurityPolicy,
    ShapingPolicy,
    TeamingPolicy,
    VirtualNic,
    VirtualSwitch,
)


def mapped(names: tuple[str, ...], nics: Mapping[str, str]) -> list[str]:
    """Returns the target's NICs for captured ones, in order, without those that have none."""
    return [nics[name] for name in names if name in nics]


def switch_spec(switch: VirtualSwitch, nics: Mapping[str, str]) -> Any:
    """Returns the specification of a standard switch; without NICs it has no bridge."""
    devices = mapped(switch.nics, nics)
    return vim.host.VirtualSwitch.Specification(
        numPorts=switch.ports or 128,
        mtu=switch.mtu,
        policy=policy_spec(switch.policy or NetworkPolicy(), nics, devices),
        bridge=bridge_spec(devices, switch) if devices else None,
    )


def bridge_spec(devices: list[str], switch: VirtualSwitch) -> Any:
    discovery = None
    if switch.link_discovery:
        discovery = vim.host.LinkDiscoveryProtocolConfig(
            protocol=switch.link_discovery, operation=switch.link_discovery_operation or "listen"
        )
    return vim.host.VirtualSwitch.BondBridge(
        nicDevice=devices,
        beacon=vim.host.VirtualSwitch.BeaconConfig(interval=1),
        linkDiscoveryProtocolConfig=discovery,
    )


def policy_spec(policy: NetworkPolicy, nics: Mapping[str, str], devices: list[str]) -> Any:
    """Returns a switch's policy. `devices` is its bridge: the order defaults to all of it, active."""
    return vim.host.NetworkPolicy(
        security=security_spec(policy.security),
        nicTeaming=teaming_spec(policy.teaming or TeamingPolicy(), nics, devices),
        shapingPolicy=shaping_spec(policy.shaping),
    )


def override_spec(policy: NetworkPolicy | None, nics: Mapping[str, str]) -> Any:
    """Returns a port group's policy: only what it overrides."""
    if policy is None:
        return vim.host.NetworkPolicy()
    teaming = policy.teaming
    return vim.host.NetworkPolicy(
        security=security_spec(policy.security),
        nicTeaming=teaming_spec(teaming, nics, None) if teaming is not None else None,
        shapingPolicy=shaping_spec(policy.shaping),
    )


def security_spec(policy: SecurityPolicy | None) -> Any:
    if policy is None:
        return None
    return vim.host.NetworkPolicy.SecurityPolicy(
        allowPromiscuous=policy.allow_promiscuous,
        macChanges=policy.mac_changes,
        forgedTransmits=policy.forged_transmits,
    )


def teaming_spec(policy: TeamingPolicy, nics: Mapping[str, str], devices: list[str] | None) -> Any:
    """Returns teaming with its NIC order. `devices` None: the order is inherited where none was set."""
    active, standby = mapped(policy.active_nics, nics), mapped(policy.standby_nics, nics)
    if devices is not None and not active:
        # All captured active NICs are without a place here: the standby ones must carry.
        active, standby = standby or devices, []
    order = None
    if devices is not None or active or standby:
        order = vim.host.NetworkPolicy.NicOrderPolicy(activeNic=active, standbyNic=standby)
    criteria = None
    if policy.check_beacon is not None:
        criteria = vim.host.NetworkPolicy.NicFailureCriteria(checkBeacon=policy.check_beacon)
    return vim.host.NetworkPolicy.NicTeamingPolicy(
        policy=policy.policy or None,
        reversePolicy=policy.reverse_policy,
        notifySwitches=policy.notify_switches,
        rollingOrder=policy.rolling_order,
        failureCriteria=criteria,
        nicOrder=order,
    )


def shaping_spec(policy: ShapingPolicy | None) -> Any:
    if policy is None:
        return None
    return vim.host.NetworkPolicy.TrafficShapingPolicy(
        enabled=policy.enabled,
        averageBandwidth=policy.average or None,
        peakBandwidth=policy.peak or None,
        burstSize=policy.burst or None,
    )


def port_group_spec(group: PortGroup, vlan: int, nics: Mapping[str, str]) -> Any:
    return vim.host.PortGroup.Specification(
        name=group.name,
        vlanId=vlan,
        vswitchName=group.virtual_switch,
        policy=override_spec(group.policy, nics),
    )


def vmkernel_spec(nic: VirtualNic, *, port: Any = None) -> Any:
    """Returns a VMkernel interface. `port` is a distributed switch's port connection, else its
    captured port group is used. The MAC is left to the host: the captured one is another machine's."""
    return vim.host.VirtualNic.Specification(
        ip=ip_spec(nic),
        mtu=nic.mtu,
        portgroup=nic.port_group if port is None else None,
        distributedVirtualPort=port,
        netStackInstanceKey=nic.tcp_ip_stack or None,
    )


def ip_spec(nic: VirtualNic) -> Any:
    if nic.dhcp:
        return vim.host.IpConfig(dhcp=True)
    return vim.host.IpConfig(dhcp=False, ipAddress=nic.ip, subnetMask=nic.netmask)


def allocation_spec(allocation: Allocation | None) -> Any:
    """Returns a pool's share of CPU or memory; without a captured one, what the API calls default."""
    value = allocation or Allocation(expandable=True)
    return vim.ResourceAllocationInfo(
        reservation=value.reservation,
        limit=value.limit,
        expandableReservation=value.expandable,
        shares=vim.SharesInfo(level=value.shares_level, shares=value.shares),
    )
