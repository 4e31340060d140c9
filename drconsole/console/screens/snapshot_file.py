"""A snapshot file, read and compared without a service, a site or a configuration."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from textual.widget import Widget

from drconsole.api.values import Change, SnapshotEntry
from drconsole.console.actions.snapshots import READING, SNAPSHOTS
from drconsole.console.archive.branches import Tree
from drconsole.console.archive.document import Document
from drconsole.console.screens.dialogs import Ask
from drconsole.console.screens.files import read_bytes
from drconsole.console.screens.snapshot_differing import Compared, Differing
from drconsole.console.screens.snapshot_reading import Goal
from drconsole.console.style.look import Line, Span
from drconsole.console.widgets.table import VirtualTable
from drconsole.console.words import phrases
from drconsole.errors import DRConsoleError
from drconsole.model.inventory import Snapshot

_KEPT = frozenset(
    {"help", "up", "theme", "screenshot", "copy", "local_time", "mouse", "quit"}
    | {action.name for action in (*READING, *SNAPSHOTS) if "file" in action.screens}
)
"""What needs no service."""

_ALONE = "a snapshot file is read here: there is no service"


class SnapshotFile(Differing, screen="file"):
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
        steps = self.pane == "difference" or (self.pane == "xml" and bool(self._found))
        return {
            "command": "",
            "palette": "",
            "filter": "" if self.pane == "summary" else "search" if self.pane == "xml" else "filter",
            "open": "open" if self.pane in ("tree", "difference") else "",
            "difference": "diff…",
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

    # -- another file ---------------------------------------------------------------------------------

    def do_difference(self) -> None:
        """Asks for another file, and shows what changed from there to here."""
        document = self.reads
        if document is None or document.tree is None:
            self.console_app.say("it has not been read yet", "warn")
            return
        new = document.tree.snapshot
        lines: Line = [("since the file (an earlier snapshot)", "dim")]

        def named(text: str | None) -> None:
            if text:
                path = Path(text).expanduser()
                self.console_app.in_thread(
                    f"comparing with {path.name}", lambda: _changes_since(path, new), self._take_difference
                )

        self.app.push_screen(Ask("What changed", [lines], value=str(self._path.parent) + "/"), named)

    def _take_difference(self, found: tuple[str, tuple[Change, ...]]) -> None:
        taken, changes = found
        here = self.reads.entry.taken if self.reads is not None else ""
        self.take_changes(changes, Compared(taken=(taken, here)))

    def on_virtual_table_opened(self, event: VirtualTable.Opened) -> None:
        """Enter on a change: its object in the tree."""
        if event.table.id == "difference":
            self.do_tree()

    def goal_here(self, pane: str) -> Goal | None:
        """From a change as well: its object, which is not in this file where it was removed."""
        if self.pane == "difference" and (found := self.change_here()) is not None:
            return Goal(pane, found[1].kind, found[1].id)
        return super().goal_here(pane)

    def do_tree(self) -> None:
        """The tree; from a change, at its object."""
        if self.pane == "difference":
            self._goal = self.goal_here("tree")
        super().do_tree()

    # -- what is not here -----------------------------------------------------------------------------

    def action_perform(self, name: str) -> None:
        """Keys of other screens say why they do nothing."""
        if name in _KEPT:
            super().action_perform(name)
        else:
            self.console_app.say(_ALONE, "warn")

    def action_go(self, screen: str) -> None:
        """There are no other screens."""
        self.console_app.say(_ALONE, "warn")


def _changes_since(path: Path, new: Snapshot) -> tuple[str, tuple[Change, ...]]:
    """Returns when another file's snapshot was taken, and what changed since. For a thread."""
    from drconsole.api.changes import changes
    from drconsole.documents import read_snapshot

    old = read_snapshot(read_bytes(path), str(path))
    return old.taken, changes(old, new)


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
