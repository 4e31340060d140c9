"""What the vSphere API's type information says: types, properties, methods.

pyVmomi carries the whole of it. Its own names are partly Python's (`vim.host.PhysicalNic`); this
module speaks the wire's (`PhysicalNic`, `CreateFolder`), and answers `Any` because the registry
makes its classes at run time.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pyVmomi import VmomiSupport

SERVED = "vim.version.v8_0_3_0"
"""The version of the API that the lab's servers speak, as pyVmomi calls it."""
vmomi: Any = VmomiSupport
"""pyVmomi types its functions only in part."""

NAMESPACE = "urn:vim25"
OPTIONAL: int = vmomi.F_OPTIONAL


@cache
def wsdl_type(name: str) -> Any:
    """Returns the class of a wire name, such as `VirtualMachineConfigSpec`. Raises KeyError."""
    if name in _PRIMITIVES:
        return vmomi.GetWsdlType("http://www.w3.org/2001/XMLSchema", name)
    return vmomi.GetWsdlType(NAMESPACE, name)


_PRIMITIVES = frozenset(
    ("string", "int", "long", "short", "byte", "boolean", "float", "double", "dateTime", "anyType")
)


def properties(cls: Any) -> dict[str, Any]:
    """Returns the properties of a data or managed class, base classes first: name → info.

    Of a managed class, those that the API served here has.
    """
    found = _PROPERTIES.get(cls)
    if found is None:
        managed = is_subclass(cls, vmomi.ManagedObject)
        found = _PROPERTIES[cls] = {
            info.name: info
            for info in cls._GetPropertyList()
            if not managed or vmomi.IsChildVersion(SERVED, info.version)
        }
    return found


_PROPERTIES: dict[Any, dict[str, Any]] = {}


@cache
def derived_property(cls: Any, name: str) -> Any:
    """Returns the info of a property that only a class derived from a data class has, else None.

    A property collector takes such a path: `summary.currentEVCModeKey` is right for a cluster,
    whose summary is declared as a compute resource's.
    """
    waiting = list(_children().get(getattr(cls, "__name__", ""), ()))
    while waiting:
        child = waiting.pop(0)
        info = properties(vmomi.GetVmodlType(child)).get(name)
        if info is not None:
            return info
        waiting += _children().get(child, ())
    return None


@cache
def _children() -> dict[str, list[str]]:
    """Data classes by the name of the class that they derive from."""
    found: dict[str, list[str]] = {}
    for name, _wsdl, parent, *_rest in vmomi._dataDefMap.values():
        found.setdefault(parent, []).append(name)
    return found


@cache
def methods(cls: Any) -> dict[str, Any]:
    """Returns the methods of a managed class: wire name → info."""
    return {info.wsdlName: info for info in cls._GetMethodList()}


def wire_name(cls: Any) -> str:
    """Returns the name that a class has on the wire."""
    return str(vmomi.GetWsdlName(cls))


def is_data(value: object) -> bool:
    """Says whether a value is a data object (a fault is one)."""
    return isinstance(value, vmomi.DataObject)


def is_reference(value: object) -> bool:
    """Says whether a value is a reference to a managed object."""
    return isinstance(value, vmomi.ManagedObject)


def is_subclass(cls: Any, base: Any) -> bool:
    """issubclass() for the registry's classes, False for what is no class."""
    return isinstance(cls, type) and issubclass(cls, base)


def is_array(cls: Any) -> bool:
    """Says whether a declared type is an array; its items are `cls.Item`."""
    return is_subclass(cls, list)


def declared_faults(info: Any) -> tuple[Any, ...]:
    """Returns the fault classes that a method declares."""
    return tuple(vmomi.GetVmodlType(name) for name in info.faults)
