"""Looking for something in all snapshots, or as it was on a day; what was found leads to its object."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import ClassVar

from textual.widget import Widget

from drconsole.api import requests
from drconsole.api.values import SearchHit
from drconsole.console.screens.snapshot_comparing import Comparing
from drconsole.console.screens.snapshot_find import Find, Question
from drconsole.console.screens.snapshot_rows import HIT_COLUMNS, hit_cells
from drconsole.console.widgets.table import VirtualTable, position
from drconsole.console.words import phrases
from drconsole.console.words.filtering import matcher


class Finding(Comparing):
    """A screen with a pane of what was found."""

    panes: ClassVar[dict[str, str]] = {**Comparing.panes, "hits": "#hits"}

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._hits: tuple[SearchHit, ...] = ()
        self._question = Question("", None)

    def reader(self) -> Iterable[Widget]:
        """Yields the panes, and that of hits."""
        yield from super().reader()
        yield VirtualTable(
            HIT_COLUMNS, lambda key: hit_cells(self._hits[int(key)]), id="hits", empty="nothing found"
        )

    def do_find(self) -> None:
        """Asks what, and when."""
        today = datetime.now(UTC).date()
        self.app.push_screen(Find(today, self._question.text), self._find)

    def _find(self, asked: Question | None) -> None:
        if asked is None:
            return
        self._question = asked
        day = asked.day.isoformat() if asked.day else ""
        request = requests.SearchSnapshots(text=asked.text, every=not day, on=day)
        self.console_app.ask(f"looking for {asked.text}", request, self._take_hits)

    def _take_hits(self, hits: tuple[SearchHit, ...]) -> None:
        self._hits = hits
        self._filters["hits"] = ""
        self.turn_to("hits")

    def _show_hits(self) -> None:
        table = self.query_one("#hits", VirtualTable)
        passes = matcher(self.filter_of("hits"))
        # The newest first: what stands now is asked for more often than what stood once.
        shown = [
            str(number)
            for number, hit in reversed(list(enumerate(self._hits)))
            if passes(f"{hit.name} {hit.where} {hit.value} {hit.site}")
        ]
        table.show(shown)
        day = f" on {self._question.day.isoformat()}" if self._question.day else ""
        words = phrases.count(len(shown), "hit")
        table.entitle(f"{self._question.text}{day} · {words}", position(table))

    def show_reader(self) -> None:
        """The hits too, where they are seen."""
        super().show_reader()
        if self.shown_pane == "hits":
            self._show_hits()

    def hit_here(self) -> SearchHit | None:
        """Returns the hit under the cursor."""
        key = self.query_one("#hits", VirtualTable).cursor
        return self._hits[int(key)] if key else None
