"""In which order guests start: what their vApps say, as keys of steps to wait for. Pure."""

from __future__ import annotations

from drconsole.model.inventory import Snapshot, VAppEntity, VirtualMachine
from drconsole.model.step import step_key
from drconsole.planning import keys


def starts(guest: VirtualMachine) -> bool:
    """Returns whether a guest is started: it ran when it was captured, and is no template."""
    return guest.power == "on" and not guest.template


def has_tools(guest: VirtualMachine) -> bool:
    """Returns whether VMware Tools ran in a guest at capture: only they tell its name and addresses."""
    return bool(guest.hostname) or any(nic.addresses for nic in guest.network_interfaces)


def heartbeat_key(guest: str) -> str:
    """Returns the key of the wait for a guest's heartbeat."""
    return step_key("guests", guest, "heartbeat")


def started_before(scope: Snapshot) -> dict[str, tuple[str, ...]]:
    """Returns guest → keys of the starts that its vApps put before it.

    An entity's place counts for all guests in it, so nested vApps are ordered as wholes. Where the
    entity before is waited for until its guest answers, the key is its heartbeat's.
    """
    guests = {guest.id: guest for guest in scope.virtual_machines}
    inside = {vapp.id: [entity.member for entity in vapp.entities] for vapp in scope.vapps}
    before: dict[str, tuple[str, ...]] = {}
    for vapp in scope.vapps:
        for entity in vapp.entities:
            earlier = [
                key
                for other in vapp.entities
                if other.start_order < entity.start_order
                for key in _awaited(other, guests, inside)
            ]
            for member in _within(entity.member, inside):
                before[member] = tuple(dict.fromkeys((*before.get(member, ()), *earlier)))
    return before


def _awaited(
    entity: VAppEntity, guests: dict[str, VirtualMachine], inside: dict[str, list[str]]
) -> list[str]:
    """Returns the keys that say that an entity has started; none for one that starts by hand."""
    if entity.start_action != "powerOn":
        return []
    started = [guests[m] for m in _within(entity.member, inside) if m in guests and starts(guests[m])]
    return [
        heartbeat_key(guest.id) if entity.waiting_for_guest and has_tools(guest) else keys.powered(guest.id)
        for guest in started
    ]


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
