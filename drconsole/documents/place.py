"""Where an element stands: its line and our path of it."""

from __future__ import annotations

from typing import cast

from lxml import etree


def line_of(element: etree._Element) -> int:
    """Returns the 1-based line of an element's start tag, 0 where it was not parsed."""
    # The stubs of lxml know the attribute, and not that it is a number.
    return cast("int", element.sourceline or 0)


def path_of(element: etree._Element) -> str:
    """Returns our path of an element, such as `snapshot/host[id=host-21]/physicalNic[name=vmnic0]`."""
    steps = []
    each: etree._Element | None = element
    while each is not None:
        steps.append(_step(each))
        each = each.getparent()
    return "/".join(reversed(steps))


def _step(element: etree._Element) -> str:
    name = etree.QName(element).localname
    if element.getparent() is None:
        return name
    for key in ("id", "protected", "key", "name", "host", "member", "network", "ip"):
        if (value := element.get(key)) is not None:
            return f"{name}[{key}={value}]"
    position = sum(1 for _ in element.itersiblings(element.tag, preceding=True))
    siblings = position or element.getnext() is not None
    return f"{name}[{position + 1}]" if siblings else name


def line_of_text(element: etree._Element) -> int:
    """Returns the line on which the first text stands that is no white space."""
    line = line_of(element)
    text = element.text or ""
    for child in element:
        if text.strip():
            break
        line = line_of(child) + sum(str(text).count("\n") for text in child.itertext())
        text = child.tail or ""
    return line + text[: len(text) - len(text.lstrip())].count("\n")
