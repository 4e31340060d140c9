"""Values of property collector replies, read from their XML without pyVmomi's objects.

Building pyVmomi's objects is nearly all the time of a bulk capture. Here a reply stays XML, and only
the leaves that the model holds are read. An absent element gives the default; nothing raises for a
value that a newer server writes in its own way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from lxml import etree

Val: TypeAlias = etree._Element
Props: TypeAlias = dict[str, Val]
"""Property path → its `<val>` element."""

NS = "{urn:vim25}"
_CUT = len(NS)
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def flat(element: Val | None) -> dict[str, str]:
    """Returns the texts of the direct children by their names; of a repeated one the last."""
    if element is None:
        return {}
    return {child.tag[_CUT:]: child.text or "" for child in element}


def parts(element: Val | None) -> dict[str, Val]:
    """Returns the direct children by their names; of a repeated one the last."""
    return {} if element is None else {child.tag[_CUT:]: child for child in element}


def child(element: Val | None, *names: str) -> Val | None:
    """Follows names downwards and returns the first such element, or None."""
    for name in names:
        if element is None:
            return None
        tag = NS + name
        for each in element:  # in half the time of lxml's own search
            if each.tag == tag:
                break
        else:
            return None
        element = each
    return element


def own(element: Val | None, default: str = "") -> str:
    """Returns a value's own text, or the default where it is absent or empty."""
    return default if element is None else (element.text or default)


def children(element: Val | None, name: str) -> Iterator[Val]:
    """Yields the direct children of one name."""
    return iter(()) if element is None else element.iterchildren(NS + name)


def items(element: Val | None) -> Iterator[Val]:
    """Yields the entries of an array value, whatever they are called."""
    return iter(()) if element is None else element.iterchildren()


def text(element: Val | None, *names: str, default: str = "") -> str:
    """Returns the text at the end of these names, or the default where it is absent or empty."""
    return own(child(element, *names), default)


def number(element: Val | None, *names: str, default: int = 0) -> int:
    """Returns a whole number, or the default where it is absent or none."""
    return whole(text(element, *names), default)


def whole(words: str | None, default: int = 0) -> int:
    """Returns a whole number's text as a number."""
    try:
        return int(words) if words else default
    except ValueError:
        return default


def truth(element: Val | None, *names: str, default: bool = False) -> bool:
    """Returns a boolean, or the default where it is absent."""
    words = text(element, *names)
    return words in ("true", "1") if words else default


def maybe(element: Val | None, *names: str) -> bool | None:
    """Returns a boolean, or None where it is absent: inherited, or not known."""
    words = text(element, *names)
    return words in ("true", "1") if words else None


def texts(element: Val | None, name: str) -> tuple[str, ...]:
    """Returns the texts of all direct children of one name."""
    return tuple(entry.text or "" for entry in children(element, name))


def item_texts(element: Val | None) -> tuple[str, ...]:
    """Returns the texts of an array value's entries."""
    return tuple(entry.text or "" for entry in items(element))


def type_of(element: Val) -> str:
    """Returns the class that a value says it is, without the prefix of its namespace."""
    return (element.get(_TYPE) or "").rpartition(":")[2]
