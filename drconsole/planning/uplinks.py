"""Uplink remediation, as a pure decision (R81–R84).

A protected host's switches name physical NICs; on the target some of these have no link. The plan
says which NIC of the target takes the place of each captured one, so that every switch keeps a
connected uplink that can have one, management before all others, with as few changes as possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Literal

import msgspec

from drconsole.model.inventory import Host, Snapshot, VirtualNic
from drconsole.planning.assignment import cheapest

MANAGEMENT = "management"


class _Value(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Port(_Value, frozen=True, kw_only=True):
    """A physical NIC of the target, named as its hypervisor names it. The one that booted has link."""

    name: str
    link: bool
    speed_mbit: int = 0
    booted: bool = False

    @property
    def connected(self) -> bool:
        return self.link or self.booted


class UplinkRole(_Value, frozen=True, kw_only=True):
    """What needs a link: the management interface, or a switch. `nics` are captured names, any of
    which is enough; a NIC that the teaming leaves unused is none of them."""

    name: str
    kind: Literal["management", "kernel", "guests"]
    nics: tuple[str, ...]


class UplinkPlan(_Value, frozen=True, kw_only=True):
    """`moves` gives each captured NIC that a switch uses its NIC on the target, the same where nothing
    changes. `why` explains each that does change. `unconnected` are roles for which no link is left,
    `dropped` captured NICs that the target has no counterpart for."""

    moves: dict[str, str]
    why: dict[str, str]
    unconnected: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Returns whether anything has to be re-arranged."""
        return bool(self.why or self.dropped)


class CapturedNic(_Value, frozen=True, kw_only=True):
    """A physical NIC that a switch of the protected host uses."""

    name: str
    link: bool = False
    speed_mbit: int = 0


class Layout(_Value, frozen=True, kw_only=True):
    """How a protected host uses its NICs: the most important role first, the NICs in natural order."""

    roles: tuple[UplinkRole, ...]
    nics: tuple[CapturedNic, ...]


def layout_of(host: Host, snapshot: Snapshot) -> Layout:
    """Returns what of a host needs a link: management first, then kernel traffic, then guests'."""
    switches = dict(_switches(host, snapshot))
    roles = [
        UplinkRole(name=name, kind=_kind(name, host, snapshot), nics=nics) for name, nics in switches.items()
    ]
    management = next((nic for nic in host.virtual_nics if MANAGEMENT in nic.services), None)
    if management is not None:
        nics = _effective(management, host, snapshot, switches)
        roles.append(UplinkRole(name=MANAGEMENT, kind="management", nics=nics))
    order = ("management", "kernel", "guests")
    known = {nic.name: nic for nic in host.physical_nics}
    return Layout(
        roles=tuple(sorted((r for r in roles if r.nics), key=lambda role: order.index(role.kind))),
        nics=tuple(
            CapturedNic(name=name, link=known[name].link == "up", speed_mbit=known[name].speed_mbit)
            if name in known
            else CapturedNic(name=name)
            for name in sorted(set(_used(host, snapshot)), key=_natural)
        ),
    )


def plan_uplinks(host: Host, snapshot: Snapshot, ports: Sequence[Port]) -> UplinkPlan:
    """Returns the arrangement for a target with these ports, see `arrange`."""
    return arrange(layout_of(host, snapshot), tuple(ports))


@lru_cache(maxsize=4096)
def arrange(layout: Layout, ports: tuple[Port, ...]) -> UplinkPlan:
    """Returns which port takes which captured NIC's place; exact, and the same each time.

    Of all arrangements it takes those that leave the least important roles without a link, of these
    the ones that drop and move the fewest NICs, then the ones that keep links and speed. Kept for
    equal questions: a pool has few kinds of machines, and a match asks about each pair.
    """
    ordered = sorted(ports, key=lambda port: _natural(port.name))
    moves = _best(layout, ordered) if layout.nics and ordered else {}
    by_name = {port.name: port for port in ordered}
    linked = {nic for nic, port in moves.items() if by_name[port].connected}
    return UplinkPlan(
        moves=moves,
        why={nic: _why(nic, moves, layout.roles, by_name) for nic in moves if moves[nic] != nic},
        unconnected=tuple(role.name for role in layout.roles if not linked.intersection(role.nics)),
        dropped=tuple(nic.name for nic in layout.nics if nic.name not in moves),
    )


def _switches(host: Host, snapshot: Snapshot) -> Iterator[tuple[str, tuple[str, ...]]]:
    for switch in host.virtual_switches:
        teaming = switch.policy.teaming if switch.policy else None
        used = (*teaming.active_nics, *teaming.standby_nics) if teaming else ()
        yield switch.name, tuple(nic for nic in switch.nics if nic in used or not used)
    for distributed in snapshot.distributed_switches:
        for member in distributed.members:
            if member.host == host.id:
                yield distributed.name, member.nics


def _used(host: Host, snapshot: Snapshot) -> Iterator[str]:
    for switch in host.virtual_switches:
        yield from switch.nics
    for distributed in snapshot.distributed_switches:
        yield from (nic for member in distributed.members if member.host == host.id for nic in member.nics)


def _switch_of(nic: VirtualNic, host: Host, snapshot: Snapshot) -> str:
    if nic.distributed_port_group:
        groups = {group.id: group.switch for group in snapshot.distributed_port_groups}
        names = {switch.id: switch.name for switch in snapshot.distributed_switches}
        return names.get(groups.get(nic.distributed_port_group, ""), "")
    return next((g.virtual_switch for g in host.port_groups if g.name == nic.port_group), "")


def _effective(
    nic: VirtualNic, host: Host, snapshot: Snapshot, switches: dict[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """A port group's own order of NICs goes before its switch's; a NIC in neither list is unused."""
    nics = switches.get(_switch_of(nic, host, snapshot), ())
    group = next((g for g in host.port_groups if g.name == nic.port_group), None)
    teaming = group.policy.teaming if group and group.policy else None
    own = (*teaming.active_nics, *teaming.standby_nics) if teaming else ()
    if not own:
        return nics
    bridge = next(s.nics for s in host.virtual_switches if group and s.name == group.virtual_switch)
    return tuple(n for n in bridge if n in own)


def _kind(switch: str, host: Host, snapshot: Snapshot) -> Literal["kernel", "guests"]:
    kernel = any(_switch_of(nic, host, snapshot) == switch for nic in host.virtual_nics)
    return "kernel" if kernel else "guests"


def _best(layout: Layout, ports: Sequence[Port]) -> dict[str, str]:
    """A role is connected if one of its NICs is. For each choice of that one, an assignment is exact;
    so the best over all choices is exact too. Hosts have few switches with few NICs each."""
    names = [nic.name for nic in layout.nics]
    base = [[_effort(nic, port, len(ports)) for port in ports] for nic in layout.nics]
    # One lost role outweighs all less important ones, and these outweigh every change.
    unit = sum(map(sum, base)) + 1
    best: tuple[int, dict[str, str]] | None = None
    for choice in product(*(role.nics for role in layout.roles)):
        weights = [0] * len(names)
        for rank, nic in enumerate(reversed(choice), start=1):
            weights[names.index(nic)] += unit * len(names) * 2**rank
        # A NIC that the machine has no port for stays without: a column a NIC, dearer than any port.
        cost = [
            [effort + weight * (not port.connected) for effort, port in zip(row, ports, strict=True)]
            + [unit + weight] * len(names)
            for row, weight in zip(base, weights, strict=True)
        ]
        chosen = cheapest(cost)
        total = sum(row[column] for row, column in zip(cost, chosen, strict=True))
        if best is None or total < best[0]:
            pairs = enumerate(chosen)
            best = total, {names[r]: ports[c].name for r, c in pairs if c < len(ports)}
    return best[1] if best else {}


def _effort(nic: CapturedNic, port: Port, ports: int) -> int:
    """A move weighs more than all losses of link and speed together; whole numbers compare exactly."""
    slower = port.connected and port.speed_mbit < nic.speed_mbit
    dark = nic.link and not port.connected
    return (port.name != nic.name) * 8 * ports + slower + 2 * dark


def _why(nic: str, moves: dict[str, str], roles: Sequence[UplinkRole], ports: dict[str, Port]) -> str:
    served = [role.name for role in roles if nic in role.nics]
    port = ports[moves[nic]]
    what = " and ".join(served) or "its switch"
    if nic not in ports:
        return f"the target has no {nic}; {what} takes {port.name}"
    if not ports[nic].connected and port.connected:
        return f"{nic} has no link here; {what} takes {port.name}, which has"
    taker = next((other for other, place in moves.items() if place == nic), "")
    return f"{nic} serves {taker} here; {what} takes {port.name}"


def _natural(name: str) -> tuple[str, int, str]:
    """vmnic10 comes after vmnic9."""
    stem = name.rstrip("0123456789")
    digits = name[len(stem) :]
    return stem, int(digits or 0), name
