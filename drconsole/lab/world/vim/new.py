"""Building values of the vSphere API: cheap, and checked against the type information."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any, NoReturn

from drconsole.lab.world.vim.registry import OPTIONAL, is_array, is_subclass, properties, vmomi, wsdl_type


class SharedDefaultTouched(TypeError):
    """Somebody changed in place an empty list that all objects of a class share."""


def new(kind: Any, /, **values: Any) -> Any:
    """Builds a data object from its wire name (`"PhysicalNic"`) or class.

    Only what is given is stored in the object: defaults stand on the class, which is what makes
    thousands of guests cheap. A list or tuple becomes the typed array that the property declares.
    Empty lists of the default are shared: assign a new list, do not append. Raises TypeError for
    a property that the type lacks, or a value of another type.
    """
    cls = wsdl_type(kind) if isinstance(kind, str) else kind
    infos = _prepared(cls)
    made = cls.__new__(cls)
    stored = made.__dict__
    for name, value in values.items():
        info = infos.get(name)
        if info is None:
            raise TypeError(f"{cls.__name__} has no property {name}")
        stored[name] = converted(info, value)
    return made


def converted(info: Any, value: Any) -> Any:
    """Returns a value as a declared property stores it. Raises TypeError where it does not fit."""
    if value is None:
        return None
    kind = info.type
    if is_array(kind):
        if isinstance(value, kind):
            return value
        if isinstance(value, list | tuple):
            return kind(value)
        raise TypeError(f"{info.name} takes a list of {kind.Item.__name__}, not {value!r}")
    if kind is object or isinstance(value, kind):
        return value
    vmomi.CheckField(info, value)
    return kind(value) if is_subclass(kind, str) or is_subclass(kind, int) else value


def changed(value: Any, /, **values: Any) -> Any:
    """Returns a copy of a data object with other values for some properties."""
    made = copy.copy(value)
    infos = properties(type(value))
    for name, item in values.items():
        made.__dict__[name] = converted(infos[name], item)
    return made


def array(item: str, values: Any) -> Any:
    """Builds a typed array for an `anyType` slot: `array("string", names)`."""
    kind = wsdl_type(item)
    return (getattr(kind, "Array", None) or vmomi.GetVmodlType(f"{item}[]"))(values)


def ref(kind: str, moid: str) -> Any:
    """Builds the reference to a managed object by its wire name and id."""
    return wsdl_type(kind)(moid)


def fault(kind: str, /, msg: str = "", **values: Any) -> Any:
    """Builds the exception that a handler raises, from its wire name and properties.

    `msg` is the text that clients show; without one the fault's name stands in.
    """
    made = wsdl_type(kind)(**values)
    made.msg = msg or f"lab: {kind}" + "".join(f" {key}={_short(value)}" for key, value in values.items())
    return made


def _short(value: Any) -> str:
    return str(getattr(value, "_moId", value))[:120]


@cache
def _prepared(cls: Any) -> dict[str, Any]:
    """Puts the defaults of a data class onto the class, once."""
    infos = properties(cls)
    for name, info in infos.items():
        type.__setattr__(cls, name, _default(info))
    return infos


def _default(info: Any) -> Any:
    kind = info.type
    if is_array(kind):
        return _frozen_array(kind)()
    if (
        info.flags & OPTIONAL
        or not is_subclass(kind, str | int | float)
        or is_subclass(kind, vmomi.Enum | vmomi.Link)
    ):
        return None
    return kind()


@cache
def _frozen_array(kind: Any) -> Any:
    """A class of empty arrays of a type which refuse to be filled in place."""

    def refuse(*_args: Any, **_more: Any) -> NoReturn:
        raise SharedDefaultTouched(f"assign a new list instead of changing the default {kind.__name__}")

    changing = ("append", "extend", "insert", "__iadd__", "__setitem__")
    return type(kind.__name__, (kind,), dict.fromkeys(changing, refuse))
