"""HostNetworkPolicy values: what a fresh switch has, and how a sent policy joins the present one."""

from __future__ import annotations

from typing import Any

from drconsole.lab.world.vim import apply
from drconsole.lab.world.vim.new import changed, new

LOAD_BALANCING = "loadbalance_srcid"


def fresh_policy(nics: list[str]) -> Any:
    """Returns the policy of a switch that was made without one: every NIC active, in bridge order."""
    return new(
        "HostNetworkPolicy",
        security=new(
            "HostNetworkSecurityPolicy", allowPromiscuous=False, macChanges=False, forgedTransmits=False
        ),
        nicTeaming=new(
            "HostNicTeamingPolicy",
            policy=LOAD_BALANCING,
            reversePolicy=True,
            notifySwitches=True,
            rollingOrder=False,
            failureCriteria=_FAILURE,
            nicOrder=order(nics),
        ),
        offloadPolicy=new(
            "HostNetOffloadCapabilities", csumOffload=True, tcpSegmentation=True, zeroCopyXmit=True
        ),
        shapingPolicy=new("HostNetworkTrafficShapingPolicy", enabled=False),
    )


_FAILURE = new(
    "HostNicFailureCriteria",
    checkSpeed="minimum",
    speed=10,
    checkDuplex=False,
    fullDuplex=False,
    checkErrorPercent=False,
    percentage=0,
    checkBeacon=False,
)


def order(active: list[str], standby: list[str] | None = None) -> Any:
    """Returns a HostNicOrderPolicy."""
    return new("HostNicOrderPolicy", activeNic=list(active), standbyNic=list(standby or []))


def merged(old: Any, sent: Any) -> Any:
    """Returns `old` with what `sent` sets. An order of NICs replaces the old one whole: in it an
    empty list of standby NICs means none, not "as before"."""
    if old is None or sent is None:
        return old if sent is None else sent
    joined = apply.merged(old, sent)
    sent_order = sent.nicTeaming.nicOrder if sent.nicTeaming is not None else None
    if sent_order is None:
        return joined
    return changed(joined, nicTeaming=changed(joined.nicTeaming, nicOrder=sent_order))


def without_lost(policy: Any, nics: list[str]) -> Any:
    """Returns a policy whose order names only NICs that the bridge still has."""
    teaming = policy.nicTeaming if policy is not None else None
    if teaming is None or teaming.nicOrder is None:
        return policy
    kept = order(
        [nic for nic in teaming.nicOrder.activeNic if nic in nics],
        [nic for nic in teaming.nicOrder.standbyNic if nic in nics],
    )
    change = new("HostNetworkPolicy", nicTeaming=new("HostNicTeamingPolicy", nicOrder=kept))
    return merged(policy, change)
