"""Screen 7: the stored snapshots; they are read with the site and its vCenter gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from drconsole.api import requests
from drconsole.api.values import SnapshotEntry
from drconsole.console import phrases
from drconsole.console.screens.view import View
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import Span
from drconsole.console.widgets.table import VirtualTable, position

_COLUMNS = (
    Column(name="taken", title="TAKEN", width=17),
    Column(name="site", title="SITE", width=14, flex=1),
    Column(name="guests", title="GUESTS", width=6, right=True),
    Column(name="verified", title="VERIFIED", width=12),
)


class SnapshotsView(View, screen="snapshots"):
    """What has been captured."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._entries: dict[str, SnapshotEntry] = {}

    def body(self) -> Iterable[Widget]:
        yield VirtualTable(_COLUMNS, self._cells, id="snapshots", empty="no snapshot yet: c on Sites")

    def on_screen_resume(self) -> None:
        """Asks for the list anew."""
        super().on_screen_resume()
        self.console_app.ask("reading the snapshots", requests.ListSnapshots(), self._take, quiet=True)

    def _take(self, entries: tuple[SnapshotEntry, ...]) -> None:
        self._entries = {entry.id: entry for entry in entries}

    def crumbs(self) -> Sequence[str]:
        """There is one list."""
        return ("all sites",)

    def show(self) -> None:
        """The list, newest first."""
        table = self.query_one("#snapshots", VirtualTable)
        table.show([key for key, entry in reversed(self._entries.items()) if self.passes(entry.site)])
        table.entitle(f"Snapshots {len(self._entries)}", position(table))

    def _cells(self, key: str) -> tuple[Span, ...]:
        entry = self._entries[key]
        good = entry.verified
        return (
            (phrases.when(entry.taken), "text"),
            (entry.site, "text"),
            (str(entry.guests), "text"),
            ("✓ verified" if good else "! not", "ok" if good else "warn"),
        )
