"""Where each object's element stands in a document's bytes, and the element cut out of them."""

from __future__ import annotations

import re
from xml.parsers import expat

from drconsole.errors import UnknownName

_START = re.compile(rb"<[^\s/>]+(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_NAME = re.compile(rb"<[^\s/>]+")
_NAMESPACE = re.compile(rb"\s(xmlns(?::[^\s=]+)?)\s*=\s*(\"[^\"]*\"|'[^']*')")
_DECLARATION = b"<?xml version='1.0' encoding='utf-8'?>\n"
_CHUNK = 1 << 16


class Places:
    """Kind and id → from which byte to which. Make it in a thread: it reads the whole document."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._root = 0
        self._found: dict[tuple[str, str], tuple[int, int]] = {}
        self._depth = 0
        self._open = ("", "")
        self._read()

    def _read(self) -> None:
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = lambda name, attributes: self._begins(
            name, attributes, parser.CurrentByteIndex
        )
        parser.EndElementHandler = lambda _name: self._ends(parser.CurrentByteIndex)
        for start in range(0, len(self._data), _CHUNK):
            parser.Parse(self._data[start : start + _CHUNK], False)
        parser.Parse(b"", True)

    def _begins(self, name: str, attributes: dict[str, str], at: int) -> None:
        if self._depth == 0:
            self._root = at
        elif self._depth == 1:
            self._open = (name.rpartition(":")[2], attributes.get("id", ""))
            self._found[self._open] = (at, at)
        self._depth += 1

    def _ends(self, at: int) -> None:
        self._depth -= 1
        if self._depth == 1:
            start, _ = self._found[self._open]
            opened = _START.match(self._data, start)
            empty = opened is not None and opened[0].endswith(b"/>")
            # Of an empty element expat tells where it ends, of another one where its closing tag begins.
            self._found[self._open] = (start, at if empty else self._data.find(b">", at) + 1)

    def of(self, kind: str, identity: str) -> tuple[int, int]:
        """Returns where an object stands. Raises UnknownName where the document has none of that id."""
        found = self._found.get((kind, identity))
        if found is None:
            raise UnknownName("the document has no such object", about=f"{kind} {identity}")
        return found

    def cut(self, kind: str, identity: str) -> bytes:
        """Returns the object's element as a document of its own: its bytes as they are, with the
        namespaces that the whole document declares for it. Raises UnknownName."""
        start, end = self.of(kind, identity)
        element = self._data[start:end]
        root, own = _START.match(self._data, self._root), _START.match(element)
        name = _NAME.match(element)
        # Both are tags: a parser has read them.
        assert root is not None
        assert own is not None
        assert name is not None
        declared = {match[1] for match in _NAMESPACE.finditer(own[0])}
        outer = [match for match in _NAMESPACE.finditer(root[0]) if match[1] not in declared]
        names = b"".join(b" " + match[1] + b"=" + match[2] for match in outer)
        return _DECLARATION + name[0] + names + element[name.end() :] + b"\n"
