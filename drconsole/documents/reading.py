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
    children = _children(document.form, document.namespace)
    try:
        return msgspec.convert(_decoded(root, children), type_, strict=False)
    except msgspec.ValidationError:
        # XSD also takes ` 5 `, `+5` and ` true `, which only an editor by hand writes.
        _normalise(root, document.form)
    return _converted(_decoded(root, children), type_, about)


def _converted(plain: dict[str, Any], type_: type[Value], about: str) -> Value:
    try:
        return msgspec.convert(plain, type_, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidDocument(str(error), about=about, line=1) from error


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
    """How one child element is decoded: into which key, as one of many or not, by what form."""

    part: Part
    children: dict[str, _Child] | None


@cache
def _children(form: Form, namespace: str) -> dict[str, _Child]:
    return {
        f"{{{namespace}}}{part.xml}": _Child(part, _children(part.form, namespace) if part.form else None)
        for part in form.children
    }


def _decoded(element: etree._Element, children: dict[str, _Child]) -> dict[str, Any]:
    """Returns an element as a dict of texts, dicts and lists; depth is bounded by our own forms."""
    # Items are twice as fast as the mapping; lxml gives text for what it parsed.
    values: dict[str, Any] = dict(cast("list[tuple[str, Any]]", element.items()))
    for each in element:
        child = children.get(each.tag)
        if child is None:
            values.setdefault("extensions", []).append(_canonical(each))
            continue
        value = each.text or "" if child.children is None else _decoded(each, child.children)
        if child.part.many:
            values.setdefault(child.part.key, []).append(value)
        else:
            values[child.part.key] = value
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
