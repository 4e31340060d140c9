"""Differences by meaning: how much changed in each snapshot, and what, against any other one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.widget import Widget

from drconsole.api import requests
from drconsole.api.values import Change, SnapshotEntry
from drconsole.console import phrases
from drconsole.console.filtering import matcher
from drconsole.console.messages import Arrived
from drconsole.console.screens.snapshot_reading import Reading
from drconsole.console.screens.snapshot_rows import CHANGE_COLUMNS, change_cells, changed_words, grouped
from drconsole.console.widgets.drawing import Span
from drconsole.console.widgets.table import VirtualTable, position
from drconsole.errors import DRConsoleError

_LARGE = 8_000_000
"""Bytes from which a snapshot is compared only where the cursor stands on it."""


class Comparing(Reading):
    """A screen that knows several snapshots and compares them."""

    panes: ClassVar[dict[str, str]] = {**Reading.panes, "difference": "#difference"}

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.entries: dict[str, SnapshotEntry] = {}
        self.base = ""
        self._counted: dict[str, str] = {}
        self._seen: list[str] = []
        self._counting = ""
        self._changes: tuple[Change, ...] = ()
        self._compared: tuple[str, str] = ("", "")
        self._lines_of_change: dict[str, tuple[str, Change | None]] = {}

    def reader(self) -> Iterable[Widget]:
        """Yields the panes, and that of differences."""
        yield from super().reader()
        yield VirtualTable(
            CHANGE_COLUMNS,
            lambda key: change_cells(*self._lines_of_change[key]),
            id="difference",
            headed=False,
            empty="no difference",
        )

    @property
    def _differences(self) -> VirtualTable:
        return self.query_one("#difference", VirtualTable)

    # -- how much changed -----------------------------------------------------------------------------

    def before(self, identity: str) -> str:
        """Returns the snapshot of the same site before this one, "" for the first."""
        site = self.entries[identity].site
        mine = [entry.id for entry in self.entries.values() if entry.site == site]
        at = mine.index(identity)
        return mine[at - 1] if at else ""

    def changed_span(self, identity: str) -> Span:
        """Returns what the list says of it; what is not known yet is asked for, as it is seen."""
        if identity == self.base:
            return "● base", "changed"
        if not self.before(identity):
            return "the first", "dim"
        words = self._counted.get(identity)
        if words is None:
            self._seen.append(identity)
            return "…", "dim"
        return words, "dim" if words == "nothing" else "text"

    def changed_of(self, identity: str) -> str:
        """Returns what changed against the one before."""
        if identity not in self.entries or not self.before(identity):
            return ""
        return self._counted.get(identity, "…")

    def count_changes(self, cursor: str) -> None:
        """Asks for one of the snapshots in sight, the one under the cursor first; the rest follows."""
        client = self.console_app.client
        seen, self._seen = self._seen, []
        if self._counting or client is None:
            return
        wanted = [cursor, *reversed(seen)] if cursor in self.entries else list(reversed(seen))
        for identity in wanted:
            if identity in self._counted or not (before := self.before(identity)):
                continue
            if identity != cursor and self.entries[identity].size > _LARGE:
                continue
            self._counting = identity
            self.console_app.work(self._count(before, identity), "compare")
            return

    async def _count(self, before: str, identity: str) -> None:
        """Carried by a worker: posts what came of it."""
        client = self.console_app.client
        words = "?"
        try:
            if client is not None:
                changes = await client.ask(requests.DiffSnapshots(before=before, after=identity))
                words = changed_words(changes)
        except DRConsoleError:
            pass  # a damaged snapshot: the list says that it is not verified
        self.app.post_message(Arrived(lambda _: self._take_count(identity, words), now=True))

    def _take_count(self, identity: str, words: str) -> None:
        self._counting = ""
        self._counted[identity] = words

    # -- what changed --------------------------------------------------------------------------------

    def compare(self, before: str, after: str) -> None:
        """Shows what changed from one snapshot to another."""

        def then(changes: tuple[Change, ...]) -> None:
            self._changes, self._compared = changes, (before, after)
            self._lines_of_change = {}
            self._filters["difference"] = ""
            self.turn_to("difference")
            self._first_change()

        self.console_app.ask("comparing", requests.DiffSnapshots(before=before, after=after), then)

    def show_difference(self) -> None:
        """Brings the difference up to date."""
        table, wanted = self._differences, self.filter_of("difference")
        passes = matcher(wanted)
        changes = [change for change in self._changes if passes(change.text or change.name)]
        rows = grouped(changes)
        if rows != self._lines_of_change:
            self._lines_of_change = rows
            table.show(tuple(rows))
        times = [self.entries[each].taken for each in self._compared if each in self.entries]
        title = f"Difference {' → '.join(phrases.when(time) for time in times)}"
        of = f" of {len(self._changes)}" if len(changes) != len(self._changes) else ""
        table.entitle(f"{title} · {phrases.count(len(changes), 'change')}{of}", position(table))

    def show_reader(self) -> None:
        """The difference too, where it is seen."""
        super().show_reader()
        if self.shown_pane == "difference":
            self.show_difference()

    def _first_change(self) -> None:
        if keys := self._changed_keys():
            self._differences.select(keys[0])

    def _changed_keys(self) -> Sequence[str]:
        return [key for key, (_, change) in self._lines_of_change.items() if change is not None]

    def step(self, by: int) -> None:
        """The next change, or the one before; heads of groups are passed over."""
        if self.pane != "difference":
            super().step(by)
            return
        keys = list(self._lines_of_change)
        at = keys.index(self._differences.cursor) if self._differences.cursor in keys else 0
        ahead = keys[at + 1 :] if by > 0 else keys[:at][::-1]
        wanted = next((key for key in ahead if self._lines_of_change[key][1] is not None), "")
        if wanted:
            self._differences.select(wanted)
            self.update()
        else:
            self.console_app.say("the last change" if by > 0 else "the first change", "dim")

    def change_here(self) -> tuple[str, Change] | None:
        """Returns the change under the cursor, and the snapshot that its object stands in."""
        found = self._lines_of_change.get(self._differences.cursor)
        if found is None or (change := found[1]) is None:
            return None
        return self._compared[0 if change.change == "removed" else 1], change

    def do_base(self) -> None:
        """Marks the base, or takes the mark away."""
        identity = self.cursor_entry()
        self.base = "" if identity == self.base else identity
        words = "move to another snapshot, enter compares" if self.base else "no base any more"
        self.console_app.say(words)

    def do_difference(self) -> None:
        """From the base, or from the snapshot before, to the one under the cursor."""
        identity = self.cursor_entry()
        if not identity:
            return
        before = self.base if self.base and self.base != identity else self.before(identity)
        if before:
            self.compare(before, identity)
        else:
            self.console_app.say(
                "the first snapshot of its site: b marks another one to compare with", "warn"
            )

    def cursor_entry(self) -> str:
        """Returns the snapshot that the list's cursor stands on, "" for none."""
        raise TypeError(f"{type(self).__name__} has no list")
