"""The start order of guests as keys of steps to wait for. Pure."""

from __future__ import annotations

from drconsole.model.inventory import Snapshot, VAppEntity, VirtualMachine
from drconsole.model.step import step_key
from drconsole.planning import keys, start_order
from drconsole.planning.start_order import starts

__all__ = ["has_tools", "heartbeat_key", "started_before", "starts"]


def has_tools(guest: VirtualMachine) -> bool:
    """Returns whether VMware Tools ran in a guest at capture: only they tell its name and addresses."""
    return bool(guest.hostname) or any(nic.addresses for nic in guest.network_interfaces)


def heartbeat_key(guest: str) -> str:
    """Returns the key of the wait for a guest's heartbeat."""
    return step_key("guests", guest, "heartbeat")


def started_before(scope: Snapshot) -> dict[str, tuple[str, ...]]:
    """Returns guest → keys of the starts that its vApps put before it.

    Where the entity before is waited for until its guest answers, the key is its heartbeat's.
    """
    return {
        guest: tuple(dict.fromkeys(_awaited(entity, other) for entity, other in earlier))
        for guest, earlier in start_order.started_before(scope).items()
    }


def _awaited(entity: VAppEntity, guest: VirtualMachine) -> str:
    """Returns the key that says that a guest of an entity has started."""
    if entity.waiting_for_guest and has_tools(guest):
        return heartbeat_key(guest.id)
    return keys.powered(guest.id)
