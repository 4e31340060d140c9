"""Values to XML: incremental, in canonical order, the same bytes for the same values.

Scalars that equal their default are left out. Objects stand sorted by id within their kind, parts
in the order in which they were captured, extensions of others last in their element.
"""

from __future__ import annotations

import io
import re
from typing import Any

from lxml import etree

from drconsole.documents.form import Form, Part
from drconsole.documents.kinds import Document
from drconsole.errors import InvalidDocument
from drconsole.model.inventory.base import Element, Object

_LONG = 2**63
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def encode(value: Element, document: Document) -> bytes:
    """Returns the document's bytes: UTF-8, a declaration, one element a line, a newline at the end.

    Raises InvalidDocument, with the object's path, for what XML cannot carry.
    """
    buffer = io.BytesIO()
    form = document.form
    attributes = _attributes(value, form, document.root)
    with etree.xmlfile(buffer, encoding="utf-8") as file:
        file.write_declaration()
        with file.element(document.root, attributes, nsmap={None: document.namespace}):
            for part in form.children:
                for child in _canonical(getattr(value, part.name), part):
                    file.write("\n  ")
                    file.write(_child(child, part, document.root, "\n    "))
            for extension in value.extensions:
                file.write("\n  ")
                file.write(_foreign(extension, document.root))
            file.write("\n")
    return buffer.getvalue() + b"\n"


def _canonical(value: Any, part: Part) -> tuple[Any, ...]:
    """Returns the children of one field in their order; none where nothing was captured."""
    if not part.many:
        return () if value is None else (value,)
    if part.form is not None and part.form.kind:
        return tuple(sorted(value, key=lambda each: str(each.id)))
    return tuple(value)


def _child(value: Any, part: Part, path: str, indent: str) -> etree._Element:
    if part.form is None:
        # No namespace here: it is the default one of the root that the element is written into.
        element = etree.Element(part.xml)
        element.text = _carried(value, path, f"/{part.xml}")
        return element
    path = f"{path}/{part.xml}{name_of(value)}"
    element = etree.Element(part.xml, _attributes(value, part.form, path))
    children = [
        _child(each, inner, path, indent + "  ")
        for inner in part.form.children
        for each in _canonical(getattr(value, inner.name), inner)
    ]
    children += [_foreign(extension, path) for extension in value.extensions]
    if children:
        element.text = indent
        for child in children:
            child.tail = indent
        children[-1].tail = indent[:-2]
        element.extend(children)
    return element


def _attributes(value: Element, form: Form, path: str) -> dict[str, str]:
    attributes = {}
    for part in form.attributes:
        one = getattr(value, part.name)
        if one is None or (one == part.default and not (part.required or part.always)):
            continue
        attributes[part.xml] = _carried(one, path, "@", part.xml)
    return attributes


def _carried(value: Any, *path: str) -> str:
    """Returns a scalar as text, proven to survive XML 1.0; `path` is only joined where it does not."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if not -_LONG <= value < _LONG:
            raise InvalidDocument("a number too large", path="".join(path), expected="at most 64 bits")
        return str(value)
    if bad := _NOT_XML.search(value):
        raise InvalidDocument(
            f"character U+{ord(bad[0]):04X} cannot stand in XML",
            path="".join(path),
            expected="rename the object at its source, then capture again",
        )
    return str(value)


def _foreign(extension: str, path: str) -> etree._Element:
    try:
        return etree.fromstring(extension.encode(), FOREIGN_PARSER)
    except etree.XMLSyntaxError as error:
        raise InvalidDocument(f"an extension that is no XML: {error}", path=path) from error


def name_of(value: Element) -> str:
    """Returns how a path tells this element from its siblings: `[id=host-21]`, `[name=vmnic0]`."""
    key = "id" if isinstance(value, Object) else type(value).key_field
    return f"[{key}={getattr(value, key)}]" if key else ""


FOREIGN_PARSER = etree.XMLParser(
    encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
)
