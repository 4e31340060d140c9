"""Values of the vSphere API as JSON: references become paths, what is unset is left out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drconsole.lab.world.vim.objects import Endpoint, ManagedEntity
from drconsole.lab.world.vim.registry import is_data, is_reference, properties, wire_name


def path_of(endpoint: Endpoint, reference: Any) -> str:
    """Returns the path of a reference, "" for none; one that dangles shows its id in brackets."""
    if reference is None:
        return ""
    found = endpoint.objects.get(reference._moId)
    return found.path() if isinstance(found, ManagedEntity) else f"<{reference._moId}>"


def plain(endpoint: Endpoint, value: Any) -> Any:
    """Returns a value as JSON: data objects as their set properties, with their type where derived."""
    if is_reference(value):
        return path_of(endpoint, value)
    if is_data(value):
        held = {name: getattr(value, name) for name in properties(type(value))}
        shown = {
            name: plain(endpoint, item) for name, item in held.items() if item is not None and item != []
        }
        return {"type": wire_name(type(value)), **shown}
    if isinstance(value, list | tuple):
        return [plain(endpoint, item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool | int | float):
        return value
    return str(value)


def allocation(value: Any) -> dict[str, Any]:
    """Returns a ResourceAllocationInfo in a snapshot's words."""
    return {
        "reservation": value.reservation,
        "limit": value.limit,
        "expandable": bool(value.expandableReservation),
        "sharesLevel": str(value.shares.level),
        "shares": value.shares.shares,
    }
