"""In which order guests start: what their vApps say, and the physical servers that they wait for. Pure."""

from __future__ import annotations

from collections import defaultdict
from graphlib import CycleError, TopologicalSorter

from drconsole.model.inventory import Snapshot, VAppEntity, VirtualMachine

Earlier = tuple[VAppEntity, VirtualMachine]


def starts(guest: VirtualMachine) -> bool:
    """Returns whether a guest is started: it ran when it was captured, and is no template."""
    return guest.power == "on" and not guest.template


def started_before(scope: Snapshot) -> dict[str, tuple[Earlier, ...]]:
    """Returns guest → the guests that its vApps start before it, each with the entity it belongs to.

    An entity's place counts for all guests in it, so nested vApps are ordered as wholes. An entity that
    starts by hand is waited for by nobody.
    """
    guests = {guest.id: guest for guest in scope.virtual_machines}
    inside = {vapp.id: [entity.member for entity in vapp.entities] for vapp in scope.vapps}
    before: dict[str, tuple[Earlier, ...]] = {}
    for vapp in scope.vapps:
        for entity in vapp.entities:
            earlier = [
                (other, guests[member])
                for other in vapp.entities
                if other.start_order < entity.start_order and other.start_action == "powerOn"
                for member in _within(other.member, inside)
                if member in guests and starts(guests[member])
            ]
            for member in _within(entity.member, inside):
                before[member] = tuple(dict.fromkeys((*before.get(member, ()), *earlier)))
    return before


def places(scope: Snapshot) -> dict[str, int]:
    """Returns guest → its place in the start order of its vApps, from 1; guests of no vApp have none.

    An order that goes in a circle is none.
    """
    before = {guest: [other.id for _, other in earlier] for guest, earlier in started_before(scope).items()}
    found: dict[str, int] = {}
    try:
        for guest in TopologicalSorter(before).static_order():
            found[guest] = 1 + max((found[other] for other in before.get(guest, ())), default=0)
    except CycleError:
        return {}
    return found


def servers_before(scope: Snapshot) -> dict[str, tuple[str, ...]]:
    """Returns guest → the names of the physical servers that it waits for; guests are named there."""
    waiting: dict[str, list[str]] = defaultdict(list)
    for server in scope.physical_servers:
        for name in server.guests:
            waiting[name].append(server.name)
    return {guest.id: tuple(waiting[guest.name]) for guest in scope.virtual_machines if guest.name in waiting}


def _within(member: str, inside: dict[str, list[str]]) -> list[str]:
    """Returns the guests of an entity: itself, or those of a vApp at any depth. Circles end."""
    found: list[str] = []
    seen: set[str] = set()
    pending = [member]
    while pending:
        item = pending.pop()
        if item in seen:
            continue
        seen.add(item)
        if item in inside:
            pending += inside[item]
        else:
            found.append(item)
    return found
