"""Arrangements of a host's ports for management, tried one after the other, as a pure decision (R83).

A port is kept from management where it failed on trial, or where an operator has rolled it back: `failed`
and `refused`. Facts of ports are what a platform reads: name, link, speed (Mbit/s).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from drconsole.model.step import Facts
from drconsole.planning.uplinks import MANAGEMENT, Layout, Port, UplinkPlan, arrange


def told(plan: UplinkPlan) -> str:
    """Returns an arrangement in words, with its reasons."""
    words = [*plan.why.values(), *(f"{role} stays without a link" for role in plan.unconnected)]
    return "; ".join(words) or "every port is as captured"


def ports_of(facts: Iterable[Facts], booted: str, failed: Collection[str] = ()) -> tuple[Port, ...]:
    """Returns ports for the planning. Those that `failed` on trial count as without link."""
    return tuple(
        Port(
            name=port["name"],
            link=port["link"] and port["name"] not in failed,
            speed_mbit=port["speed"],
            booted=port["name"] == booted and port["name"] not in failed,
        )
        for port in facts
    )


def management_ports(layout: Layout, nics: dict[str, str]) -> list[str]:
    """Returns the target's ports under management, in the captured order."""
    roles = [role for role in layout.roles if role.name == MANAGEMENT]
    return [nics[nic] for role in roles for nic in role.nics if nic in nics]


def candidate(
    layout: Layout, ports: tuple[Port, ...], failed: Collection[str], refused: Collection[str] = ()
) -> UplinkPlan | None:
    """Returns the best arrangement that keeps management off the ports that failed on trial.

    Such a port may serve another switch, whose VLANs it may carry. Where it would stay beside a good
    one under management, its NIC gets no port: teaming fails over by link alone, and would use it
    (DESIGN 4: link is necessary, not sufficient). `failed` holds the `refused` ones too. None where no
    port with link is left for management.
    """
    plan = arrange(layout, ports)
    if MANAGEMENT in plan.unconnected:
        return None
    roles = {nic for role in layout.roles if role.name == MANAGEMENT for nic in role.nics}
    lost = {nic for nic in roles if plan.moves.get(nic) in failed}
    moves = {nic: port for nic, port in plan.moves.items() if nic not in lost}
    moved = {nic: why for nic, why in plan.why.items() if nic in moves}
    return UplinkPlan(
        moves=moves,
        why={nic: _reason(nic, why, moves[nic], failed, refused) for nic, why in moved.items()},
        unconnected=plan.unconnected,
        dropped=(*plan.dropped, *sorted(lost)),
    )


def arrangement(
    layout: Layout,
    facts: Iterable[Facts],
    booted: str,
    failed: Collection[str] = (),
    refused: Collection[str] = (),
) -> UplinkPlan | None:
    """Returns what is tried next on a target with these ports; None where nothing is left to try."""
    ports, barred = tuple(facts), {*failed, *refused}
    plan = candidate(layout, ports_of(ports, booted, barred), barred, refused)
    if plan is None:
        return None
    # A port that is kept from management alone still has its link, for whatever else it is given to.
    linked = {port.name for port in ports_of(ports, booted) if port.connected}
    dark = (role.name for role in layout.roles if not any(plan.moves.get(nic) in linked for nic in role.nics))
    return replace(plan, unconnected=tuple(dark))


def _reason(nic: str, why: str, port: str, failed: Collection[str], refused: Collection[str]) -> str:
    """A port that failed on trial, or was rolled back, has link all the same: that is said instead."""
    if nic in refused:
        return f"{nic} was rolled back by an operator; {port} takes its place"
    if nic in failed:
        return f"{nic} did not carry the management network on trial; {port} takes its place"
    return why
