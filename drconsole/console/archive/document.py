"""A snapshot that is being read: its bytes, and what has been made of them so far."""

from __future__ import annotations

from collections import OrderedDict

from drconsole.api.values import SnapshotEntry
from drconsole.console.archive.branches import Tree
from drconsole.console.archive.lines import Lines
from drconsole.console.archive.places import Places

_KEPT = 3
_KEPT_BYTES = 160 * 1024 * 1024


class Document:
    """The exact bytes of a snapshot. Tree, rows and places are made in threads, when they are wanted."""

    def __init__(self, entry: SnapshotEntry, data: bytes) -> None:
        self.entry = entry
        self.data = data
        self.tree: Tree | None = None
        self.lines: Lines | None = None
        self.places: Places | None = None
        self.trouble = ""
        """Why there is no tree, "" as long as there may be one."""


def parsed(document: Document) -> Tree:
    """Reads a document whole and returns its tree. Raises InvalidDocument. For a thread."""
    from drconsole.documents import read_snapshot

    return Tree(read_snapshot(document.data, document.entry.id))


class Shelf:
    """The snapshots that were read last: a few of them, and not too many bytes."""

    def __init__(self) -> None:
        self._documents: OrderedDict[str, Document] = OrderedDict()

    def put(self, document: Document) -> None:
        """Keeps a document; the ones that nobody has looked at for longest go."""
        self._documents[document.entry.id] = document
        self._documents.move_to_end(document.entry.id)
        while len(self._documents) > 1 and self._too_much():
            self._documents.popitem(last=False)

    def _too_much(self) -> bool:
        size = sum(len(document.data) for document in self._documents.values())
        return len(self._documents) > _KEPT or size > _KEPT_BYTES

    def get(self, identity: str) -> Document | None:
        """Returns a document that is kept."""
        found = self._documents.get(identity)
        if found is not None:
            self._documents.move_to_end(identity)
        return found
