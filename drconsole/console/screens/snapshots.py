"""Screen 7: the stored snapshots; they are read, searched and compared with the site and its vCenter gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from textual.containers import Vertical
from textual.timer import Timer
from textual.widget import Widget

from drconsole.api import requests
from drconsole.api.values import SnapshotDocument, SnapshotEntry
from drconsole.console.archive.document import Document, Shelf
from drconsole.console.hearing.messages import Arrived
from drconsole.console.screens.dialogs import Ask
from drconsole.console.screens.files import read_bytes
from drconsole.console.screens.recovering import Recovering
from drconsole.console.screens.snapshot_finding import Finding
from drconsole.console.screens.snapshot_reading import Goal
from drconsole.console.screens.snapshot_rows import LIST_COLUMNS, list_cells
from drconsole.console.style.look import Span
from drconsole.console.widgets.table import VirtualTable, position
from drconsole.console.words import phrases
from drconsole.console.words.filtering import matcher
from drconsole.errors import InvalidDocument

_NONE = "no snapshot yet: c on Sites captures, i imports"
_SETTLED_S = 0.4
_READ_UNASKED = 8_000_000
"""A snapshot of more bytes is only read when it is opened."""


class SnapshotsView(Finding, Recovering, screen="snapshots"):
    """The list, beside one of summary, tree, XML, differences, hits; one at a time where it is narrow."""

    panes: ClassVar[dict[str, str]] = {**Finding.panes, "list": "#snapshots"}
    DEFAULT_CSS = """
    SnapshotsView #snapshots { width: 67; height: 1fr; }
    SnapshotsView.reading #snapshots { width: 43; }
    SnapshotsView #reader { width: 1fr; height: 1fr; }
    SnapshotsView.narrow #snapshots, SnapshotsView.narrow.reading #snapshots { width: 1fr; }
    SnapshotsView.narrow #reader { display: none; }
    SnapshotsView.narrow.reading #reader { display: block; }
    SnapshotsView.narrow.reading #snapshots { display: none; }
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.pane = "list"
        self._shelf = Shelf()
        self._newest: tuple[str, ...] | None = None
        self._settling: Timer | None = None
        self._fetching = ""
        self._came_from = ""

    def body(self) -> Iterable[Widget]:
        yield VirtualTable(LIST_COLUMNS, self._cells, id="snapshots", empty=_NONE)
        with Vertical(id="reader"):
            yield from self.reader()

    @property
    def _list(self) -> VirtualTable:
        return self.query_one("#snapshots", VirtualTable)

    def on_mount(self) -> None:
        """The list has the keys."""
        self._list.focus()

    def on_screen_resume(self) -> None:
        """Asks for the list anew."""
        self._refresh_list()

    def _arrange(self) -> None:
        for pane, selector in self.panes.items():
            if pane != "list":
                self.query_one(selector).set_class(pane != self.shown_pane, "gone")

    def turn_to(self, pane: str) -> None:
        """Shows a pane; where it is narrow, in the place of the list."""
        self.set_class(pane != "list", "reading")
        if pane == "list":
            self._enter(pane)
            self._list.focus()
            self.update()
        else:
            super().turn_to(pane)

    def leave_pane(self) -> None:
        """Escape: back to the difference or the hits that one came from, else to the list."""
        back, self._came_from = self._came_from, ""
        self.turn_to(back if self.pane in ("summary", "tree", "xml") and back else "list")

    def reveal(self, kind: str, key: str) -> bool:
        """A snapshot that is looked for by its id stands in the list."""
        if key not in self._list.keys:
            return False
        self.turn_to("list")
        self._list.select(key)
        return True

    # -- the list -----------------------------------------------------------------------------------

    def _refresh_list(self) -> None:
        if self.console_app.client is not None:
            self.console_app.ask("reading the snapshots", requests.ListSnapshots(), self._take, quiet=True)

    def _take(self, entries: tuple[SnapshotEntry, ...]) -> None:
        self.entries = {entry.id: entry for entry in entries}

    def crumbs(self) -> Sequence[str]:
        """All sites, or the snapshot that is read."""
        if self.pane in ("difference", "hits"):
            return ("all sites", self.pane)
        if self.pane == "list" or self.reads is None:
            return ("all sites",)
        entry = self.reads.entry
        return (entry.site, phrases.when(entry.taken), {"xml": "XML"}.get(self.pane, self.pane))

    def labels(self) -> dict[str, str]:
        """Keys that mean something where one stands."""
        steps = self.pane == "difference" or (self.pane == "xml" and bool(self._found))
        listed = self.pane == "list"
        return {
            "open": "difference" if listed and self.base and self._list.cursor != self.base else "open",
            "filter": "search" if self.pane == "xml" else "filter",
            "next": "next" if steps else "",
            "previous": "previous" if steps else "",
            "export_part": "export part…" if self.pane == "tree" else "",
            "base": "no base" if self.base and self._list.cursor == self.base else "base",
            "summary": "summary" if self.pane != "summary" else "",
            "tree": "tree" if self.pane != "tree" else "",
            "xml": "XML" if self.pane != "xml" else "",
        }

    def show(self) -> None:
        """The list, newest first, and the pane beside it."""
        newest = tuple(entry.snapshot.id for entry in self.store.sites.values() if entry.snapshot)
        if newest != self._newest and self.console_app.client is not None:
            self._newest = newest
            self._refresh_list()
        passes = matcher(self.filter_of("list"))
        keys = [
            key
            for key, entry in reversed(self.entries.items())
            if passes(f"{entry.site} {phrases.when(entry.taken)}")
        ]
        self._list.empty = "none matches the filter" if self.entries else _NONE
        self._list.show(keys)
        base = f" · base {phrases.when(self.entries[self.base].taken)}" if self.base in self.entries else ""
        self._list.entitle(f"Snapshots {len(keys)}{base}", position(self._list))
        if self.reads is None and keys:
            self._settle()
        self.show_reader()
        self.count_changes(self._list.cursor)

    def _cells(self, key: str) -> tuple[Span, ...]:
        return list_cells(self.entries[key], self.changed_span(key))

    def cursor_entry(self) -> str:
        """The list's row."""
        return self._list.cursor

    # -- opening ------------------------------------------------------------------------------------

    def on_virtual_table_moved(self, event: VirtualTable.Moved) -> None:
        """Where there is room, what stands beside the list follows its cursor, once it rests."""
        if event.table is self._list:
            self._settle()

    def _settle(self) -> None:
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(_SETTLED_S, self._settled)

    def _settled(self) -> None:
        entry = self.entries.get(self._list.cursor)
        beside = self.shown_pane in ("summary", "tree", "xml") and not self.has_class("narrow")
        if entry is None or not beside or self.pane != "list" or entry.size > _READ_UNASKED:
            return
        if self.reads is None or self.reads.entry.id != entry.id:
            self.fetch_document(entry, None)

    def fetch_document(self, entry: SnapshotEntry, goal: Goal | None) -> None:
        """Reads a snapshot that is kept here, or asks for it."""
        kept = self._shelf.get(entry.id)
        if kept is not None:
            self.read(kept, goal)
            return
        if goal is None and self._fetching == entry.id:
            return
        self._fetching = entry.id

        def then(found: SnapshotDocument) -> None:
            document = Document(found.entry, found.document)
            self._shelf.put(document)
            if self._fetching == entry.id:
                self._fetching = ""
                self.read(document, goal)

        self.console_app.ask("fetching the snapshot", requests.GetSnapshot(id=entry.id), then)

    def on_virtual_table_opened(self, event: VirtualTable.Opened) -> None:
        """Enter: a snapshot, or the difference to the base; a change or a hit in its tree."""
        if event.table is self._list:
            self._open_entry(event.key)
        elif event.table.id in ("difference", "hits"):
            self.do_tree()

    def _open_entry(self, identity: str) -> None:
        if self.base and self.base != identity:
            self.compare(self.base, identity)
            return
        self._open(self.shown_pane if self.shown_pane in ("tree", "xml") else "summary")

    def _open(self, pane: str) -> None:
        """Opens what the list's cursor stands on in a pane."""
        self._came_from = ""
        entry = self.entries.get(self._list.cursor)
        if entry is None:
            return
        self.turn_to(pane)
        self.fetch_document(entry, None)

    def _turned(self, pane: str) -> None:
        """From the list: its row in this pane; from a change or a hit: its object there."""
        if self.pane == "list":
            self._open(pane)
            return
        wanted = self._object_here(pane)
        if wanted is None:
            self._goal = self.goal_here(pane) or self._goal
            self.turn_to(pane)
        elif wanted[0] in self.entries:
            self._came_from = self.pane
            self.fetch_document(self.entries[wanted[0]], wanted[1])
        else:
            self.console_app.say("this snapshot is not stored any more", "warn")

    def _object_here(self, pane: str) -> tuple[str, Goal] | None:
        """Returns snapshot and object of the change or hit under the cursor."""
        if self.pane == "difference" and (found := self.change_here()) is not None:
            identity, change = found
            return identity, Goal(pane, change.kind, change.id)
        if self.pane == "hits" and (hit := self.hit_here()) is not None:
            return hit.snapshot, Goal(pane, hit.kind, hit.id)
        return None

    def do_summary(self) -> None:
        """Figures of the row, or of what is read."""
        if self.pane == "list":
            self._open("summary")
        else:
            self.turn_to("summary")

    def do_tree(self) -> None:
        """The tree."""
        self._turned("tree")

    def do_xml(self) -> None:
        """The XML."""
        self._turned("xml")

    # -- verbs --------------------------------------------------------------------------------------

    def do_recover_this(self) -> None:
        """Recovers from the snapshot under the cursor."""
        entry = self.entries.get(self._list.cursor)
        if entry is not None:
            self.recover_from(entry.id, entry.site)

    def do_drafts(self) -> None:
        """Goes to Map with drafts of the snapshot under the cursor."""
        entry = self.entries.get(self._list.cursor)
        if entry is not None:
            self.begin_drafts(entry.id, entry.site)

    def do_export(self) -> None:
        """Writes the document under the cursor, or the one that is read."""
        entry = self.entries.get(self._list.cursor)
        if (
            self.pane == "list"
            and entry is not None
            and (self.reads is None or self.reads.entry.id != entry.id)
        ):

            def then(found: SnapshotDocument) -> None:
                self.reads = Document(found.entry, found.document)
                self._shelf.put(self.reads)
                super(SnapshotsView, self).do_export()

            self.console_app.ask("fetching the snapshot", requests.GetSnapshot(id=entry.id), then)
        else:
            super().do_export()

    def do_import(self) -> None:
        """Asks for a file and stores it."""
        self.app.push_screen(
            Ask("Import a snapshot", [[("from the file", "dim")]]),
            lambda text: self._import(Path(text)) if text else None,
        )

    def _import(self, path: Path) -> None:
        client = self.console_app.client
        if client is None:
            self.console_app.say("the service does not answer", "bad")
            return

        async def work() -> None:
            data = await asyncio.to_thread(read_bytes, path)
            try:
                entry = await client.ask(requests.ImportSnapshot(document=data))
            except InvalidDocument as wrong:
                # The service got bytes: only here is it known what the file is called.
                wrong.about = str(path)
                raise
            self.app.post_message(Arrived(lambda _: self._stored(entry), now=True))

        self.console_app.do_work(f"importing {path.name}", work)

    def _stored(self, entry: SnapshotEntry) -> None:
        self.console_app.say(f"{entry.site}, taken {phrases.when(entry.taken)}: stored", "ok")
        self.entries = {**self.entries, entry.id: entry}
        self._refresh_list()
        self.update()
        self._list.select(entry.id)
