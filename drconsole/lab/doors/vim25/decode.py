"""Reading requests: XML into values, each checked against the type information."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.registry import OPTIONAL, is_array, is_subclass, properties, vmomi, wsdl_type

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
XSD = "http://www.w3.org/2001/XMLSchema"
ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
_METHOD_FAULT = vmomi.GetVmodlType("vmodl.MethodFault")


def body(data: bytes) -> Any:
    """Returns the element of the method that a SOAP request calls. Raises InvalidRequest."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise invalid("a request may not declare a document type")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True,
        remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise invalid(f"not well-formed: {error}") from error
    inner = root.find(f"{ENVELOPE}Body")
    if root.tag != f"{ENVELOPE}Envelope" or inner is None or len(inner) != 1:
        raise invalid("not a SOAP envelope with one request")
    return inner[0]


def target(element: Any) -> Any:
    """Returns the reference that a request calls a method on."""
    this = next((child for child in element if etree.QName(child).localname == "_this"), None)
    if this is None:
        raise invalid("the request has no _this")
    return _reference(this)


def arguments(element: Any, info: Any, version: str) -> dict[str, Any]:
    """Returns the parameters of a method; optional ones that are absent are None, lists empty.

    Parameters that the endpoint's `version` of the API lacks are none here.
    Raises InvalidRequest for an element that is no parameter or a required one that is missing.
    """
    declared = {p.name: p for p in info.params if vmomi.IsChildVersion(version, p.version)}
    values = _children(element, declared, info.wsdlName, skip="_this")
    for name, param in declared.items():
        if name in values:
            continue
        if not param.flags & OPTIONAL and not is_array(param.type):
            raise invalid(f"{info.wsdlName} needs the parameter {name}")
        values[name] = param.type() if is_array(param.type) else None
    return values


def value(element: Any, declared: Any) -> Any:
    """Returns an element's value of a declared type. Raises InvalidRequest, InvalidType."""
    if element.get(f"{XSI}nil") in {"true", "1"}:
        return None
    kind = _narrowed(element, declared)
    if is_array(kind):
        return kind([value(child, kind.Item) for child in element])
    if is_subclass(kind, _METHOD_FAULT):
        return _fault(element)
    if is_subclass(kind, vmomi.DataObject):
        return _data(element, kind)
    if is_subclass(kind, vmomi.ManagedObject):
        return _reference(element, kind)
    return _scalar(element.text or "", kind)


def invalid(reason: str) -> Any:
    """Builds the InvalidRequest fault."""
    return fault("InvalidRequest", reason)


def _children(element: Any, declared: dict[str, Any], owner: str, skip: str = "") -> dict[str, Any]:
    values: dict[str, Any] = {}
    for child in element:
        name = etree.QName(child).localname
        if name == skip:
            continue
        info = declared.get(name)
        if info is None:
            raise invalid(f"{owner} has no {name}")
        if is_array(info.type) and not (child.get(f"{XSI}type") or "").startswith("ArrayOf"):
            values.setdefault(name, info.type()).append(value(child, info.type.Item))
        else:
            values[name] = value(child, info.type)
    return values


def _data(element: Any, kind: Any) -> Any:
    declared = properties(kind)
    values = _children(element, declared, kind._wsdlName)
    for name, info in declared.items():
        if name not in values and not info.flags & OPTIONAL and not is_array(info.type):
            raise invalid(f"{kind._wsdlName} needs the property {name}")
    return new(kind, **values)


def _fault(element: Any) -> Any:
    inner = next((child for child in element if etree.QName(child).localname == "fault"), element)
    kind = _narrowed(inner, _METHOD_FAULT)
    return kind(**_children(inner, properties(kind), kind._wsdlName))


def _narrowed(element: Any, declared: Any) -> Any:
    """The declared type, or the one derived from it that xsi:type names."""
    named = element.get(f"{XSI}type")
    if named is None:
        if declared is object:
            return str
        return declared
    prefix, _, name = named.rpartition(":")
    if name == "ManagedObjectReference":
        return declared if is_subclass(declared, vmomi.ManagedObject) else vmomi.ManagedObject
    if name == "LocalizedMethodFault":
        return _METHOD_FAULT
    try:
        space = element.nsmap.get(prefix or None)
        kind = wsdl_type(name) if space != XSD else vmomi.GetWsdlType(XSD, name)
    except (KeyError, AttributeError) as error:
        raise fault("InvalidType", f"there is no type {name}", argument=name) from error
    if declared is not object and not is_subclass(kind, declared) and not _same_scalar(kind, declared):
        raise fault("InvalidType", f"{name} is no {declared.__name__}", argument=name)
    return declared if _same_scalar(kind, declared) else kind


def _same_scalar(kind: Any, declared: Any) -> bool:
    return any(is_subclass(kind, base) and is_subclass(declared, base) for base in (str, int, float))


def _reference(element: Any, declared: Any = vmomi.ManagedObject) -> Any:
    named = element.get("type")
    if named is None or not element.text:
        raise invalid("a reference needs its type and id")
    try:
        kind = wsdl_type(named)
    except (KeyError, AttributeError) as error:
        raise fault("InvalidType", f"there is no type {named}", argument=named) from error
    if not is_subclass(kind, declared):
        raise fault("InvalidType", f"{named} is no {declared.__name__}", argument=named)
    return kind(element.text)


def _scalar(given: str, kind: Any) -> Any:
    try:
        if is_subclass(kind, vmomi.Enum):
            return _enumerated(given, kind)
        if kind is type:
            return wsdl_type(given)
        if kind is bool:
            return {"true": True, "1": True, "false": False, "0": False}[given.strip()]
        if is_subclass(kind, datetime):
            moment = datetime.fromisoformat(given.strip())
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if is_subclass(kind, bytes):
            return base64.b64decode(given, validate=True)
        return kind(given)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise fault(
            "InvalidType" if kind is type else "InvalidRequest", f"{given[:80]!r}: {error}"
        ) from error


def _enumerated(given: str, kind: Any) -> Any:
    if given not in kind.values:
        raise fault("InvalidArgument", f"{given[:80]!r} is no {kind.__name__}", invalidProperty=kind.__name__)
    return kind(given)
