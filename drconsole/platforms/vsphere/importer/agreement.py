"""Whether the world already is as a specification wants it."""

from __future__ import annotations

from typing import Any

from pyVmomi.VmomiSupport import DataObject, ManagedObject

_WHOLE = frozenset({"HostNicOrderPolicy", "VMwareUplinkPortOrderPolicy", "HostDnsConfig"})
"""Types whose empty lists mean "none"; in all others an empty list cannot be told from an unset one."""


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
    if isinstance(wanted, ManagedObject):
        return isinstance(found, ManagedObject) and wanted._moId == found._moId
    if isinstance(wanted, DataObject):
        return found is not None and all(
            agrees(getattr(wanted, name), getattr(found, name, None)) for name in _set_fields(wanted)
        )
    return bool(wanted == found)


def _set_fields(wanted: Any) -> list[str]:
    whole = type(wanted)._wsdlName in _WHOLE
    names = [info.name for info in wanted._GetPropertyList() if not info.name.startswith("dynamic")]
    return [name for name in names if whole or not _is_empty_list(getattr(wanted, name))]


def _is_empty_list(value: Any) -> bool:
    # Not `== []`: a managed object refuses to be compared with a list.
    return isinstance(value, list) and not value
