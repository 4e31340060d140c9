"""XML to values: through the gate, past the schema and our own rules, into frozen structs."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from lxml import etree

from drconsole.documents import gate
from drconsole.documents.form import Form, Part
from drconsole.documents.kinds import Document
from drconsole.documents.place import Broken
from drconsole.documents.rules import check_rules
from drconsole.documents.validation import validate
from drconsole.errors import InvalidDocument
from drconsole.model.inventory.base import Element

Value = TypeVar("Value", bound=Element)


def decode(data: bytes, document: Document, type_: type[Value], about: str) -> Value:
    """Returns the value that a document holds. Raises InvalidDocument for anything wrong in it."""
    found, root = gate.parse(data, about)
    if found is not document:
        raise InvalidDocument(
            f"this is a {found.words}", about=about, line=1, path=found.root, expected=f"a {document.words}"
        )
    try:
        validate(root, document)
        check_rules(root, document)
    except Broken as broken:
        raise broken.located(data, about) from None
    try:
        return _value(root, document, type_)
    except msgspec.ValidationError:
        # XSD also takes ` 5 `, `+5` and ` true `, which only an editor by hand writes.
        _normalise(root, document.form)
    try:
        return _value(root, document, type_)
    except msgspec.ValidationError as error:
        raise InvalidDocument(str(error), about=about, line=1) from error


def _value(root: etree._Element, document: Document, type_: type[Value]) -> Value:
    """Returns a root's value. Each object becomes a struct before the next is looked at: as dicts all
    at once, they cost more than the rest of the reading, mostly in the garbage collector."""
    children = _children(document.form, document.namespace)
    return msgspec.convert(_decoded(root, children, structs=True), type_, strict=False)


def _normalise(element: etree._Element, form: Form) -> None:
    for part in form.attributes:
        value = element.get(part.xml)
        if value is not None and part.scalar is not None and part.scalar.type != "string":
            element.set(part.xml, str(int(value)) if part.scalar.type == "long" else value.strip())
    for child in element:
        inner = form.child(etree.QName(child).localname)
        if inner is not None and inner.form is not None and child.prefix == element.prefix:
            _normalise(child, inner.form)


class _Child(msgspec.Struct, frozen=True):
    """How one child element is decoded: into which key, as one of many or not, by what form.

    `children` is None for a text, `type` the class of an element.
    """

    key: str
    many: bool
    children: dict[str, _Child] | None = None
    type: type[Element] | None = None


@cache
def _children(form: Form, namespace: str) -> dict[str, _Child]:
    return {f"{{{namespace}}}{part.xml}": _child(part, namespace) for part in form.children}


def _child(part: Part, namespace: str) -> _Child:
    if part.form is None:
        return _Child(part.key, part.many)
    return _Child(part.key, part.many, _children(part.form, namespace), part.form.type)


def _decoded(
    element: etree._Element, children: dict[str, _Child], *, structs: bool = False
) -> dict[str, Any]:
    """Returns an element as a dict of texts, dicts and lists; depth is bounded by our own forms.

    With `structs` its child elements are values already. Raises msgspec.ValidationError then.
    """
    # Items are twice as fast as the mapping; lxml gives text for what it parsed.
    values: dict[str, Any] = dict(cast("list[tuple[str, Any]]", element.items()))
    if not len(element):  # a count, where a loop over nothing makes an iterator
        return values
    for each in element:
        child = children.get(each.tag)
        if child is None:
            values.setdefault("extensions", []).append(_canonical(each))
            continue
        value: Any = each.text or "" if child.children is None else _decoded(each, child.children)
        if structs and child.type is not None:
            value = msgspec.convert(value, child.type, strict=False)
        if child.many:
            values.setdefault(child.key, []).append(value)
        else:
            values[child.key] = value
    return values


def _canonical(element: etree._Element) -> str:
    """Returns a foreign element as canonical XML that stands alone, whatever surrounds it.

    The default namespace is only spelled out where something inside is in none: put back under
    ours, it would else become ours.
    """
    unqualified = bool(element.xpath("boolean(descendant::*[namespace-uri()=''])"))
    text = etree.tostring(
        element,
        method="c14n",
        exclusive=True,
        inclusive_ns_prefixes=[""] if unqualified else None,
        with_comments=False,
        with_tail=False,
    )
    return text.decode()
