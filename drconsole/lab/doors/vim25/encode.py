"""Writing values of the vSphere API as XML, by serialisers compiled from the type information.

One Writer serves one version of the API: what a version does not know is left out. Output relies
on the envelope's prefixes `xsi` and `xsd` and on `urn:vim25` as default namespace.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from drconsole.lab.world.vim.registry import is_array, is_subclass, properties, vmomi, wire_name, wsdl_type

Emit = Callable[[Any, list[str]], None]
"""Appends a value's XML to a list of pieces."""

PREPARED: dict[Any, Callable[[Any, str, str], str]] = {}
"""Values that stand for a data object and are written from fragments: class → (value, tag, version)."""

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FAULT = vmomi.GetVmodlType("vmodl.MethodFault")


@cache
def writer(version: str) -> Writer:
    """Returns the writer of an API version, such as `vim.version.v8_0_3_0`."""
    return Writer(version)


def text(value: str) -> str:
    """Escapes text; characters that XML cannot carry become U+FFFD."""
    return escape(_ILLEGAL.sub("\ufffd", value), {"\r": "&#13;"})


class Writer:
    """The compiled serialisers of one API version."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._plans: dict[Any, list[tuple[str, Emit]]] = {}
        self._emitters: dict[tuple[str, Any], Emit] = {}

    def element(self, name: str, declared: Any, value: Any, out: list[str]) -> None:
        """Appends a value of a declared type as one element, or as several where it is an array."""
        self._emitter(name, declared)(value, out)

    def typed(self, name: str, declared: Any, value: Any) -> str:
        """Returns a value for an `anyType` slot: its xsi:type is the declared type.

        A plain integer in a `long` property would else go out as an int, which clients refuse.
        """
        out: list[str] = []
        if is_array(declared):
            self._any_array(name, declared, value, out)
        elif declared is object or not is_subclass(declared, _PLAIN):
            self._any(name, value, out)
        else:
            out.append(f'<{name} xsi:type="{_qualified(declared)}">{_plain(value)}</{name}>')
        return "".join(out)

    def fault(self, error: Any) -> str:
        """Returns the detail element of a SOAP fault."""
        kind = wire_name(type(error))
        out = [f'<{kind}Fault xmlns="urn:vim25" xsi:type="{kind}">']
        self._body(error, out, skip="msg")
        out.append(f"</{kind}Fault>")
        return "".join(out)

    def _body(self, value: Any, out: list[str], skip: str = "") -> None:
        kind = type(value)
        plan = self._plans.get(kind)
        if plan is None:
            plan = self._plans[kind] = self._compiled(kind)
        for name, emit in plan:
            item = getattr(value, name)
            if item is not None and name != skip:
                emit(item, out)

    def _compiled(self, kind: Any) -> list[tuple[str, Emit]]:
        return [
            (name, self._emitter(name, info.type))
            for name, info in properties(kind).items()
            if vmomi.IsChildVersion(self._version, info.version)
        ]

    def _emitter(self, name: str, declared: Any) -> Emit:
        key = (name, declared)
        if key not in self._emitters:
            self._emitters[key] = self._make_emitter(name, declared)
        return self._emitters[key]

    def _make_emitter(self, name: str, declared: Any) -> Emit:
        if is_array(declared):
            one = self._emitter(name, declared.Item)

            def emit_all(value: Any, out: list[str]) -> None:
                for item in value:
                    one(item, out)

            return emit_all
        if declared is object:
            return lambda value, out: self._any(name, value, out)
        if is_subclass(declared, _FAULT):
            return lambda value, out: self._localized(name, value, out)
        if is_subclass(declared, vmomi.DataObject):
            return self._data_emitter(name, declared)
        if is_subclass(declared, vmomi.ManagedObject):
            return lambda value, out: out.append(_reference(name, value))
        return lambda value, out: out.append(f"<{name}>{_plain(value)}</{name}>")

    def _data_emitter(self, name: str, declared: Any) -> Emit:
        start, end = f"<{name}>", f"</{name}>"

        def emit(value: Any, out: list[str]) -> None:
            kind = type(value)
            written = PREPARED.get(kind)
            if written is not None:
                out.append(written(value, name, self._version))
                return
            out.append(start if kind is declared else f'<{name} xsi:type="{wire_name(kind)}">')
            self._body(value, out)
            out.append(end)

        return emit

    def _localized(self, name: str, error: Any, out: list[str], attributes: str = "") -> None:
        out.append(f'<{name}{attributes}><fault xsi:type="{wire_name(type(error))}">')
        self._body(error, out, skip="msg")
        message = f"<localizedMessage>{text(error.msg)}</localizedMessage>" if error.msg else ""
        out.append(f"</fault>{message}</{name}>")

    def _any(self, name: str, value: Any, out: list[str]) -> None:
        if isinstance(value, list):
            self._any_array(name, type(value), value, out)
        elif isinstance(value, _FAULT):
            self._localized(name, value, out, ' xsi:type="LocalizedMethodFault"')
        elif isinstance(value, vmomi.DataObject):
            out.append(f'<{name} xsi:type="{wire_name(type(value))}">')
            self._body(value, out)
            out.append(f"</{name}>")
        elif isinstance(value, vmomi.ManagedObject):
            out.append(_reference(name, value, ' xsi:type="ManagedObjectReference"'))
        else:
            kind: Any = wsdl_type("long") if _is_long(value) else type(value)
            out.append(f'<{name} xsi:type="{_qualified(kind)}">{_plain(value)}</{name}>')

    def _any_array(self, name: str, declared: Any, value: Any, out: list[str]) -> None:
        kind = declared.Item
        tag = "ManagedObjectReference" if is_subclass(kind, vmomi.ManagedObject) else wire_name(kind)
        out.append(f'<{name} xsi:type="ArrayOf{tag[0].upper()}{tag[1:]}">')
        emit = self._emitter(tag, kind)
        for item in value:
            emit(item, out)
        out.append(f"</{name}>")


_PLAIN = (str, int, float, bool, datetime, bytes, type)


def _is_long(value: Any) -> bool:
    return type(value) is int and not -(2**31) <= value < 2**31


def _reference(name: str, value: Any, attributes: str = "") -> str:
    kind = wire_name(type(value))
    return f"<{name}{attributes} type={quoteattr(kind)}>{text(value._moId)}</{name}>"


@cache
def _qualified(kind: Any) -> str:
    if kind is type or kind is vmomi.PropertyPath:
        return "xsd:string"
    namespace, name = vmomi.GetQualifiedWsdlName(kind)
    return f"xsd:{name}" if namespace == "http://www.w3.org/2001/XMLSchema" else str(name)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return text(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, type):
        return wire_name(value)
    return str(value)
