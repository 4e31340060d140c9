"""Network policies: those of standard switches, and those of distributed port groups.

A standard policy's fields are plain; a distributed one wraps each in `value` and `inherited`, and
only what is not inherited belongs to the port group.
"""

from __future__ import annotations

from drconsole.model.inventory import NetworkPolicy, SecurityPolicy, ShapingPolicy, TeamingPolicy
from drconsole.platforms.vsphere.leaves import Val, child, maybe, number, text, texts


def standard(value: Val | None) -> NetworkPolicy | None:
    """A HostNetworkPolicy; None where it says nothing."""
    if value is None:
        return None
    policy = NetworkPolicy(
        security=_security(child(value, "security")),
        teaming=_teaming(child(value, "nicTeaming")),
        shaping=_shaping(child(value, "shapingPolicy")),
    )
    return None if policy == NetworkPolicy() else policy


def _security(value: Val | None) -> SecurityPolicy | None:
    policy = SecurityPolicy(
        allow_promiscuous=maybe(value, "allowPromiscuous"),
        mac_changes=maybe(value, "macChanges"),
        forged_transmits=maybe(value, "forgedTransmits"),
    )
    return None if policy == SecurityPolicy() else policy


def _teaming(value: Val | None) -> TeamingPolicy | None:
    order = child(value, "nicOrder")
    policy = TeamingPolicy(
        policy=text(value, "policy"),
        reverse_policy=maybe(value, "reversePolicy"),
        notify_switches=maybe(value, "notifySwitches"),
        rolling_order=maybe(value, "rollingOrder"),
        check_beacon=maybe(value, "failureCriteria", "checkBeacon"),
        active_nics=texts(order, "activeNic"),
        standby_nics=texts(order, "standbyNic"),
    )
    return None if policy == TeamingPolicy() else policy


def _shaping(value: Val | None) -> ShapingPolicy | None:
    policy = ShapingPolicy(
        enabled=maybe(value, "enabled"),
        average=number(value, "averageBandwidth"),
        peak=number(value, "peakBandwidth"),
        burst=number(value, "burstSize"),
    )
    return None if policy == ShapingPolicy() else policy


def distributed(value: Val | None) -> NetworkPolicy | None:
    """A VMwareDVSPortSetting, as far as it is the port group's own; outgoing traffic is shaped."""
    if value is None:
        return None
    policy = NetworkPolicy(
        security=_own_security(_own(value, "securityPolicy")),
        teaming=_own_teaming(_own(value, "uplinkTeamingPolicy")),
        shaping=_own_shaping(_own(value, "outShapingPolicy")),
    )
    return None if policy == NetworkPolicy() else policy


def _own(value: Val | None, name: str) -> Val | None:
    found = child(value, name)
    return None if found is None or maybe(found, "inherited") else found


def _flag(value: Val | None, name: str) -> bool | None:
    return maybe(_own(value, name), "value")


def _own_security(value: Val | None) -> SecurityPolicy | None:
    policy = SecurityPolicy(
        allow_promiscuous=_flag(value, "allowPromiscuous"),
        mac_changes=_flag(value, "macChanges"),
        forged_transmits=_flag(value, "forgedTransmits"),
    )
    return None if policy == SecurityPolicy() else policy


def _own_teaming(value: Val | None) -> TeamingPolicy | None:
    order = _own(value, "uplinkPortOrder")
    policy = TeamingPolicy(
        policy=text(_own(value, "policy"), "value"),
        reverse_policy=_flag(value, "reversePolicy"),
        notify_switches=_flag(value, "notifySwitches"),
        rolling_order=_flag(value, "rollingOrder"),
        check_beacon=_flag(_own(value, "failureCriteria"), "checkBeacon"),
        active_nics=texts(order, "activeUplinkPort"),
        standby_nics=texts(order, "standbyUplinkPort"),
    )
    return None if policy == TeamingPolicy() else policy


def _own_shaping(value: Val | None) -> ShapingPolicy | None:
    policy = ShapingPolicy(
        enabled=_flag(value, "enabled"),
        average=number(_own(value, "averageBandwidth"), "value"),
        peak=number(_own(value, "peakBandwidth"), "value"),
        burst=number(_own(value, "burstSize"), "value"),
    )
    return None if policy == ShapingPolicy() else policy
