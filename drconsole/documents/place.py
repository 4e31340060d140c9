"""Where an element stands: its line in the bytes, and our path of it."""

from __future__ import annotations

from xml.parsers import expat

from lxml import etree

from drconsole.errors import InvalidDocument


class Broken(Exception):
    """Something wrong at an element, before its line is looked up.

    `attribute` is the attribute's name, "" for the element itself. `anchor` and `below` say that the
    fault stands that many lines below another element's start: text between elements.
    """

    def __init__(
        self,
        element: etree._Element,
        said: str,
        expected: str,
        *,
        attribute: str = "",
        anchor: etree._Element | None = None,
        below: int = 0,
    ) -> None:
        super().__init__(said)
        self.element = element
        self.said = said
        self.expected = expected
        self.attribute = attribute
        self.anchor = element if anchor is None else anchor
        self.below = below

    def located(self, data: bytes, about: str) -> InvalidDocument:
        """Returns the error for the operator; `data` is the document that the element is from."""
        attribute = f"@{self.attribute}" if self.attribute else ""
        return InvalidDocument(
            self.said,
            about=about,
            line=line_in(data, self.anchor) + self.below,
            path=path_of(self.element) + attribute,
            expected=self.expected,
        )


def line_in(data: bytes, element: etree._Element) -> int:
    """Returns the 1-based line on which an element's start tag begins.

    Asked of a second parser, and only once something is wrong: lxml knows the line where a start tag
    ends, and past line 65,535 only about.
    """
    wanted = next(i for i, each in enumerate(element.getroottree().getroot().iter("*")) if each is element)
    parser = expat.ParserCreate("utf-8")
    seen = -1
    line = 0

    def start(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal seen, line
        seen += 1
        if seen == wanted:
            line = parser.CurrentLineNumber

    parser.StartElementHandler = start
    parser.Parse(data, True)
    return line


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


def place_of_text(element: etree._Element) -> tuple[etree._Element, int]:
    """Returns after whose start, and how many lines below it, an element's first stray text stands."""
    anchor, lines, text = element, 0, element.text or ""
    for child in element:
        if text.strip():
            break
        anchor, text = child, child.tail or ""
        lines = sum(str(inner).count("\n") for inner in child.itertext())
    return anchor, lines + text[: len(text) - len(text.lstrip())].count("\n")
