"""Values to XML: object by object, in canonical order, the same bytes for the same values.

Scalars that equal their default are left out. Objects stand sorted by id within their kind, parts
in the order in which they were captured, extensions of others last in their element.

The text is built here and not by lxml, whose elements cost twice as much to make as this whole way
takes; a test holds every character to what lxml would have written.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from lxml import etree

from drconsole.documents.form import Part, form_of
from drconsole.documents.kinds import Document
from drconsole.errors import InvalidDocument
from drconsole.model.inventory.base import Element, Object

_LONG = 2**63
_DECLARATION = "<?xml version='1.0' encoding='utf-8'?>\n"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile('[\x00-\x1f"&<>\ud800-\udfff\ufffe\uffff]')
"""What is not written as it is, or not at all; nearly every value has none of it."""

_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTE = {**_IN_TEXT, **str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})}


def encode(value: Element, document: Document) -> bytes:
    """Returns the document's bytes: UTF-8, a declaration, one element a line, a newline at the end.

    Raises InvalidDocument, with the object's path, for what XML cannot carry.
    """
    buffer = io.BytesIO()
    layout = _layout(document.type)
    try:
        attributes = "".join(_attributes(value, layout))
        start = f'{_DECLARATION}<{document.root} xmlns="{document.namespace}"{attributes}'
        buffer.write(f"{start}>".encode())
        for piece in _inside(value, layout, "\n  "):
            buffer.write(piece.encode())
    except _Unwritable as error:
        raise error.located(document.root) from error.__cause__
    buffer.write(f"\n</{document.root}>\n".encode())
    return buffer.getvalue()


class _Unwritable(Exception):
    """Something that XML cannot carry; its path grows on the way out."""

    def __init__(self, said: str, expected: str = "") -> None:
        super().__init__(said)
        self.said = said
        self.expected = expected
        self.path = ""

    def located(self, root: str) -> InvalidDocument:
        return InvalidDocument(self.said, path=f"{root}{self.path}", expected=self.expected)


class _Attribute(NamedTuple):
    """A field as an attribute; `kept` where it is spelled out even with its default."""

    name: str
    xml: str
    default: Any
    kept: bool


class _Layout(NamedTuple):
    """What the writer needs to know of a form, in plain tuples: it asks 300,000 times."""

    attributes: tuple[_Attribute, ...]
    children: tuple[Part, ...]


@cache
def _layout(kind: type[Element]) -> _Layout:
    form = form_of(kind)
    return _Layout(
        tuple(_Attribute(p.name, p.xml, p.default, p.required or p.always) for p in form.attributes),
        form.children,
    )


def _canonical(value: Any, part: Part) -> tuple[Any, ...]:
    """Returns the children of one field in their order; none where nothing was captured."""
    if not part.many:
        return () if value is None else (value,)
    if part.form is not None and part.form.kind:
        return tuple(sorted(value, key=lambda each: str(each.id)))
    return tuple(value)


def _inside(value: Element, layout: _Layout, indent: str) -> Iterator[str]:
    """Yields the children of an element, each on a line of its own."""
    for part in layout.children:
        if held := getattr(value, part.name):
            for each in _canonical(held, part):
                yield indent + _child(each, part, indent)
    for extension in value.extensions:
        yield indent + _foreign(extension)


def _child(value: Any, part: Part, indent: str) -> str:
    xml = part.xml
    try:
        if part.form is None:
            return f"<{xml}>{_text(value, _IN_TEXT)}</{xml}>"
        layout = _layout(part.form.type)
        start = f"<{xml}{''.join(_attributes(value, layout))}"
        inside = "".join(_inside(value, layout, indent + "  ")) if layout.children or value.extensions else ""
    except _Unwritable as error:
        error.path = f"/{xml}{'' if part.form is None else name_of(value)}{error.path}"
        raise
    return f"{start}>{inside}{indent}</{xml}>" if inside else f"{start}/>"


def _attributes(value: Element, layout: _Layout) -> Iterator[str]:
    for name, xml, default, kept in layout.attributes:
        one = getattr(value, name)
        if one is None or (one == default and not kept):
            continue
        try:
            yield f' {xml}="{_text(one, _IN_ATTRIBUTE)}"'
        except _Unwritable as error:
            error.path = f"@{xml}"
            raise


def _text(value: str | int | bool, escapes: dict[int, str]) -> str:
    """Returns a scalar as it stands in XML 1.0, proven to survive it."""
    if isinstance(value, str):
        return _escaped(value, escapes) if _SPECIAL.search(value) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if not -_LONG <= value < _LONG:
        raise _Unwritable("a number too large", "at most 64 bits")
    return str(value)


def _escaped(value: str, escapes: dict[int, str]) -> str:
    if bad := _NOT_XML.search(value):
        raise _Unwritable(
            f"character U+{ord(bad[0]):04X} cannot stand in XML",
            "rename the object at its source, then capture again",
        )
    return value.translate(escapes)


def _foreign(extension: str) -> str:
    """Returns an element of others as lxml writes it, proven to be one whole element."""
    try:
        return etree.tostring(etree.fromstring(extension.encode(), FOREIGN_PARSER), encoding="unicode")
    except etree.XMLSyntaxError as error:
        raise _Unwritable(f"an extension that is no XML: {error}") from error


def name_of(value: Element) -> str:
    """Returns how a path tells this element from its siblings: `[id=host-21]`, `[name=vmnic0]`."""
    key = "id" if isinstance(value, Object) else type(value).key_field
    return f"[{key}={getattr(value, key)}]" if key else ""


FOREIGN_PARSER = etree.XMLParser(
    encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
)
