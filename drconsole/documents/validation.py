"""The schema's verdict on a tree, in our own words: where, what, and what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from threading import Lock
from typing import Any, cast

import msgspec
from lxml import etree

from drconsole.documents.form import Form, Scalar
from drconsole.documents.kinds import Document, schema_bytes
from drconsole.documents.place import Broken, place_of_text
from drconsole.documents.rules import is_true
from drconsole.documents.xsd import XS, references

_NAMESPACE = re.compile(r"\{urn:drconsole:[^}]*\}")
_ATTRIBUTE = re.compile(r"^Element '[^']*', attribute '([^']*)': ")
_ELEMENT = re.compile(r"^Element '[^']*': ")
_MISSING = re.compile(r"The attribute '([^']*)' is required but missing")
_TWICE = re.compile(r"Duplicate key-sequence .* in (?:key|unique) identity-constraint '([^']*)'", re.DOTALL)
_WANTED = re.compile(r"Expected is (?:one of )?\( (.*) \)")
_FACET = re.compile(r"^\[facet '[^']*'\] ")
_STRAY = "Character content"


def validate(root: etree._Element, document: Document) -> None:
    """Raises Broken at the first thing that the schema refuses; a reference to nothing is told last,
    because it may only follow from an id that is wrong.

    A snapshot that calls itself inconsistent may hold references to nothing: its keyrefs do not
    apply, everything else does.
    """
    schema = _schema(document)
    with _one_at_a_time:
        if not schema.validate(root):
            entry = min(_log(schema), key=lambda each: each.line)
            raise _explained(entry, root, document)
    if is_true(root, "consistent") and _has_dangling(root, document):
        raise _dangling(root, document)


_one_at_a_time = Lock()
"""A schema of lxml has one error log for all threads; and a validation holds its whole tree."""


def _log(schema: etree.XMLSchema) -> Iterable[etree._LogEntry]:
    # The stubs of lxml do not know that a log can be walked.
    return cast("Iterable[etree._LogEntry]", schema.error_log)


def dangling_references(
    root: etree._Element, document: Document
) -> Iterator[tuple[etree._Element, str, str, tuple[str, ...]]]:
    """Yields element, field, id and kinds of each reference to an object that is not there."""
    names = {"d": document.namespace}
    for selector, field, kinds in references(document.form):
        known = {each.get("id") for kind in kinds for each in root.iterfind(f"d:{kind}", names)}
        for element in root.iterfind(selector, names):
            value = element.get(field[1:]) if field.startswith("@") else element.text or ""
            if value is not None and value not in known:
                yield element, field, value, kinds


def _has_dangling(root: etree._Element, document: Document) -> bool:
    """The same question about the whole document at once, all values of a field in one list.

    libxml2 answers the schema's keyrefs correctly and slowly: they took over half of a validation.
    """
    ids: dict[str, frozenset[str]] = {}
    for selector, field, kinds in _references(document):
        values = selector(root)
        told = values if field else (each.text or "" for each in values)
        for kind in kinds:
            if kind not in ids:
                ids[kind] = frozenset(_xpath(f"d:{kind}/@id", document.namespace)(root))
        if not set(told).issubset(ids[kinds[0]].union(*(ids[kind] for kind in kinds[1:]))):
            return True
    return False


@cache
def _references(document: Document) -> tuple[tuple[Any, bool, tuple[str, ...]], ...]:
    """Returns, compiled, where references stand; whether that gives texts or elements; and the kinds."""
    return tuple(
        (_xpath(f"{selector}/{field}" if field != "." else selector, document.namespace), field != ".", kinds)
        for selector, field, kinds in references(document.form)
    )


@cache
def _xpath(path: str, namespace: str) -> Any:
    return etree.XPath(path, namespaces={"d": namespace}, smart_strings=False)


@cache
def _schema(document: Document) -> etree.XMLSchema:
    """Returns the compiled schema without what is settled otherwise: `_has_dangling` checks the keyrefs,
    and where ids are unique over all kinds, the keys over some kinds cannot fail."""
    tree = etree.fromstring(schema_bytes(document))
    keyrefs = tree.findall(f".//{{{XS}}}keyref")
    implied = tree.findall(f".//{{{XS}}}key")[1:] if keyrefs else []
    for constraint in [*keyrefs, *implied]:
        cast("etree._Element", constraint.getparent()).remove(constraint)
    return etree.XMLSchema(tree)


def _explained(entry: etree._LogEntry, root: etree._Element, document: Document) -> Broken:
    message = _NAMESPACE.sub("", entry.message)
    element = _element_at(entry, root)
    if _STRAY in message:
        anchor, below = place_of_text(element)
        return Broken(element, "text between elements", "elements only", anchor=anchor, below=below)
    found = _ATTRIBUTE.match(message) or _MISSING.search(message)
    attribute = found[1] if found else ""
    said, expected = _in_words(message, element, attribute, _place_of(element, root, document.form))
    return Broken(element, said, expected, attribute=attribute)


def _dangling(root: etree._Element, document: Document) -> Broken:
    """Returns the first reference to nothing in the order of the document."""
    order = {element: index for index, element in enumerate(root.iter("*"))}
    found = min(dangling_references(root, document), key=lambda each: order[each[0]], default=None)
    if found is None:
        return Broken(root, "a reference to nothing", "ids of this document")
    element, field, value, kinds = found
    said = f"refers to {value!r}, which is not in this document"
    attribute = "" if field == "." else field[1:]
    return Broken(element, said, f"the id of a {' or '.join(kinds)}", attribute=attribute)


def _element_at(entry: etree._LogEntry, root: etree._Element) -> etree._Element:
    found = root.xpath(entry.path) if entry.path else None
    if isinstance(found, list) and found and isinstance(found[0], etree._Element):
        return found[0]
    return root


class _Place(msgspec.Struct, frozen=True):
    """What the model declares at an element: its form, or the text that it holds; or neither."""

    form: Form | None = None
    text: Scalar | None = None


def _place_of(element: etree._Element, root: etree._Element, form: Form) -> _Place:
    ancestors = [each for each in element.iterancestors() if each is not root]
    for each in [] if element is root else [*reversed(ancestors), element]:
        part = form.child(etree.QName(each).localname)
        if part is None or part.form is None:
            return _Place(None, part.scalar if part else None)
        form = part.form
    return _Place(form)


def _in_words(message: str, element: etree._Element, attribute: str, place: _Place) -> tuple[str, str]:
    """Returns what is wrong and what would be right."""
    if twice := _TWICE.search(message):
        keys = ("target",) if twice[1] == "target" else ("protected", "id")
        field = next(key for key in keys if element.get(key) is not None)
        return f"{field} {element.get(field)!r} is taken by another element", f"each {field} once"
    if "not expected" in message:
        return f"<{etree.QName(element).localname}> is not expected here", _wanted(message)
    if attribute:
        return _attribute_in_words(element.get(attribute), attribute, place)
    if "Element content" in message:
        return "elements inside a text", place.text.words if place.text else "text only"
    said = _FACET.sub("", _ELEMENT.sub("", message))
    return said, place.text.words if place.text else ""


def _attribute_in_words(value: str | None, attribute: str, place: _Place) -> tuple[str, str]:
    part = place.form.attribute(attribute) if place.form else None
    if part is None or part.scalar is None:
        known = ", ".join(each.xml for each in place.form.attributes) if place.form else "none"
        return "an attribute that is not known here", f"one of {known}"
    return "missing" if value is None else f"{value!r} is wrong", part.scalar.words


def _wanted(message: str) -> str:
    found = _WANTED.search(message)
    names = [name for name in found[1].split(", ") if not name.startswith("##")] if found else []
    return f"one of {', '.join(names)}" if names else "nothing more"
