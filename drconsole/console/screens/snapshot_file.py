"""A snapshot file, read without a service, a site or a configuration: summary, tree, XML, export."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from textual.widget import Widget

from drconsole.api.values import SnapshotEntry
from drconsole.console import phrases
from drconsole.console.actions.snapshots import READING, SNAPSHOTS
from drconsole.console.archive.branches import Tree
from drconsole.console.archive.document import Document
from drconsole.console.screens.files import read_bytes
from drconsole.console.screens.snapshot_reading import Reading
from drconsole.console.widgets.drawing import Span
from drconsole.errors import DRConsoleError

_KEPT = frozenset(
    {"help", "up", "theme", "screenshot", "copy", "local_time", "mouse", "quit"}
    | {action.name for action in (*READING, *SNAPSHOTS) if "file" in action.screens}
)
"""What needs no service."""

_ALONE = "a snapshot file is read here: there is no service"


class SnapshotFile(Reading, screen="file"):
    """One file. Escape goes back to what lies below, if anything does."""

    def __init__(self, path: Path) -> None:
        super().__init__("file")
        self._path = path
        self._was_alone = False

    def body(self) -> Iterable[Widget]:
        yield from self.reader()

    def on_mount(self) -> None:
        """Reads the file."""
        self._was_alone, self.store.alone = self.store.alone, True
        self.query_one(self.panes[self.pane]).focus()
        self.console_app.in_thread(f"reading {self._path}", self._read_file, self.read)

    def on_unmount(self) -> None:
        """What lies below may have a service."""
        self.store.alone = self._was_alone

    def _read_file(self) -> Document:
        data = read_bytes(self._path)
        digest = hashlib.sha256(data).hexdigest()
        return Document(SnapshotEntry(id=f"sha256:{digest}", site="", taken="", size=len(data)), data)

    def unreadable(self, error: DRConsoleError) -> None:
        """Said whole: there is nothing else to look at."""
        error.about = str(self._path)
        self.console_app.fail(f"reading {self._path.name}", error)

    def crumbs(self) -> Sequence[str]:
        """The file, and the pane."""
        return (self._path.name, {"xml": "XML"}.get(self.pane, self.pane))

    def live(self) -> list[Span]:
        """What is read, and that nothing of it is live."""
        if self.reads is None or not self.reads.entry.taken:
            return [("no service is asked", "dim")]
        entry = self.reads.entry
        return [(f"{entry.site} as it was at {phrases.when(entry.taken)}", "text"), (" · from a file", "dim")]

    def labels(self) -> dict[str, str]:
        """Only what works here."""
        steps = self.pane == "xml" and bool(self._found)
        return {
            "command": "",
            "palette": "",
            "filter": "" if self.pane == "summary" else "search" if self.pane == "xml" else "filter",
            "open": "open" if self.pane == "tree" else "",
            "next": "next" if steps else "",
            "previous": "previous" if steps else "",
            "export_part": "export part…" if self.pane == "tree" else "",
            "summary": "summary" if self.pane != "summary" else "",
            "tree": "tree" if self.pane != "tree" else "",
            "xml": "XML" if self.pane != "xml" else "",
        }

    def show(self) -> None:
        """The pane; once the tree is there, it is known what the file is."""
        document = self.reads
        if document is not None and document.tree is not None and not document.entry.taken:
            document.entry = _entry_of(document.entry, document.tree)
        self.show_reader()

    def leave_pane(self) -> None:
        """Escape: the summary; from there back to what lies below."""
        if self.pane != "summary":
            self.turn_to("summary")
        elif len(self.app.screen_stack) > 2:
            self.app.pop_screen()
        else:
            self.console_app.say("q leaves", "dim")

    def action_perform(self, name: str) -> None:
        """Keys of other screens say why they do nothing."""
        if name in _KEPT:
            super().action_perform(name)
        else:
            self.console_app.say(_ALONE, "warn")

    def action_go(self, screen: str) -> None:
        """There are no other screens."""
        self.console_app.say(_ALONE, "warn")


def _entry_of(entry: SnapshotEntry, tree: Tree) -> SnapshotEntry:
    """Returns what the list would say of a file that has passed every check."""
    snapshot = tree.snapshot
    return SnapshotEntry(
        id=entry.id,
        site=snapshot.site,
        taken=snapshot.taken,
        profile=snapshot.profile,
        size=entry.size,
        hosts=len(snapshot.hosts),
        guests=len(snapshot.virtual_machines),
        consistent=snapshot.consistent,
        verified=snapshot.consistent,
    )
