"""Port settings of distributed switches: defaults, joining a sent setting, and what hosts make of it."""

from __future__ import annotations

from typing import Any

from drconsole.lab.world.hypervisor.network import DistributedGroup
from drconsole.lab.world.vim import apply
from drconsole.lab.world.vim.new import changed, new
from drconsole.lab.world.vim.registry import wire_name

LOAD_BALANCING = "loadbalance_srcid"
TRUNK = "VmwareDistributedVirtualSwitchTrunkVlanSpec"
VLAN = "VmwareDistributedVirtualSwitchVlanIdSpec"
PRIVATE = "VmwareDistributedVirtualSwitchPvlanSpec"


def _flag(value: bool) -> Any:
    return new("BoolPolicy", inherited=False, value=value)


def _shaping() -> Any:
    long = {name: new("LongPolicy", inherited=False, value=100_000_000) for name in _BANDWIDTHS}
    return new("DVSTrafficShapingPolicy", inherited=False, enabled=_flag(False), **long)


_BANDWIDTHS = ("averageBandwidth", "peakBandwidth", "burstSize")


def default_setting(uplinks: list[str]) -> Any:
    """Returns the port setting of a new switch: untagged, every uplink active."""
    return new(
        "VMwareDVSPortSetting",
        blocked=_flag(False),
        inShapingPolicy=_shaping(),
        outShapingPolicy=_shaping(),
        vlan=new(VLAN, inherited=False, vlanId=0),
        uplinkTeamingPolicy=new(
            "VmwareUplinkPortTeamingPolicy",
            inherited=False,
            policy=new("StringPolicy", inherited=False, value=LOAD_BALANCING),
            reversePolicy=_flag(True),
            notifySwitches=_flag(True),
            rollingOrder=_flag(False),
            failureCriteria=new("DVSFailureCriteria", inherited=False, checkBeacon=_flag(False)),
            uplinkPortOrder=new("VMwareUplinkPortOrderPolicy", inherited=False, activeUplinkPort=uplinks),
        ),
        securityPolicy=new(
            "DVSSecurityPolicy",
            inherited=False,
            allowPromiscuous=_flag(False),
            macChanges=_flag(False),
            forgedTransmits=_flag(False),
        ),
        ipfixEnabled=_flag(False),
        txUplink=_flag(False),
    )


def active_uplinks(uplinks: list[str]) -> Any:
    """Returns a setting that only says the order of uplinks: all active."""
    order = new("VMwareUplinkPortOrderPolicy", inherited=False, activeUplinkPort=uplinks)
    teaming = new("VmwareUplinkPortTeamingPolicy", inherited=False, uplinkPortOrder=order)
    return new("VMwareDVSPortSetting", uplinkTeamingPolicy=teaming)


def trunk_setting(setting: Any) -> Any:
    """Returns the setting of an uplink port group: every VLAN passes."""
    every = new("NumericRange", start=0, end=4094)
    return changed(setting, vlan=new(TRUNK, inherited=False, vlanId=[every]))


def joined(setting: Any, sent: Any) -> Any:
    """Returns a setting with what `sent` sets. A VLAN and an order of uplinks replace the old ones
    whole: they may be of another type, or shorter."""
    if sent is None:
        return setting
    result = apply.merged(setting, sent)
    vlan = getattr(sent, "vlan", None)
    if vlan is not None:
        result = changed(result, vlan=vlan)
    teaming = getattr(sent, "uplinkTeamingPolicy", None)
    if teaming is not None and teaming.uplinkPortOrder is not None:
        own = changed(result.uplinkTeamingPolicy, uplinkPortOrder=teaming.uplinkPortOrder)
        result = changed(result, uplinkTeamingPolicy=own)
    return result


def host_rules(key: str, name: str, setting: Any) -> DistributedGroup:
    """Returns what member hosts do with a port group's setting."""
    vlan = setting.vlan
    kind = wire_name(type(vlan)) if vlan is not None else VLAN
    number: int | None = 0
    if kind == VLAN and vlan is not None:
        number = int(vlan.vlanId)
    elif kind == PRIVATE:
        number = int(vlan.pvlanId)
    elif kind == TRUNK:
        number = None
    order = setting.uplinkTeamingPolicy.uplinkPortOrder
    names = (*order.activeUplinkPort, *order.standbyUplinkPort) if order is not None else ()
    return DistributedGroup(key, name, number, tuple(str(item) for item in names))
