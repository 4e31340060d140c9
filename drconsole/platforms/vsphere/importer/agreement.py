"""Whether the world already is as a specification wants it."""

from __future__ import annotations

from typing import Any


def agrees(wanted: Any, found: Any) -> bool:
    """True where every field that `wanted` sets has the same value in `found`.

    Both are data objects of the API, or plain values. Fields that `wanted` leaves unset are not
    compared: the server fills them in. Lists must be equal in length and order.
    """
    if wanted is None:
        return True
    if isinstance(wanted, list):
        found = found or []
        return len(wanted) == len(found) and all(map(agrees, wanted, found))
    if hasattr(wanted, "_GetPropertyList"):
        return found is not None and all(
            agrees(getattr(wanted, info.name), getattr(found, info.name, None))
            for info in wanted._GetPropertyList()
            if info.name not in ("dynamicType", "dynamicProperty")
        )
    return bool(wanted == found)
