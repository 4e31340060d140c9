"""What changed between two snapshots, by meaning: a list to go through, each change leading to its object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple

from textual.widget import Widget

from drconsole.api.values import Change
from drconsole.console.screens.snapshot_reading import Reading
from drconsole.console.screens.snapshot_rows import CHANGE_COLUMNS, change_cells, grouped
from drconsole.console.widgets.table import VirtualTable, position
from drconsole.console.words import phrases
from drconsole.console.words.filtering import matcher


class Compared(NamedTuple):
    """The two snapshots of a difference, by id, and when each was taken."""

    before: str = ""
    after: str = ""
    taken: tuple[str, str] = ("", "")


class Differing(Reading):
    """A screen with a pane of differences."""

    panes: ClassVar[dict[str, str]] = {**Reading.panes, "difference": "#difference"}

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._changes: tuple[Change, ...] = ()
        self._compared = Compared()
        self._listed_changes: object = None
        self._shown_changes = 0
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

    def take_changes(self, changes: tuple[Change, ...], compared: Compared) -> None:
        """Shows a difference from its first change on."""
        self._changes, self._compared = changes, compared
        self._listed_changes = None
        if self.pane == "difference":
            self.filter = ""
        self._filters["difference"] = ""
        self.turn_to("difference")
        self._first_change()

    def show_difference(self) -> None:
        """Brings the difference up to date."""
        table, wanted = self._differences, self.filter_of("difference")
        known = (id(self._changes), wanted)
        if known != self._listed_changes:
            self._listed_changes = known
            passes = matcher(wanted)
            changes = [change for change in self._changes if passes(change.text or change.name)]
            self._lines_of_change = grouped(changes)
            self._shown_changes = len(changes)
            table.show(tuple(self._lines_of_change))
        title = f"Difference {' → '.join(phrases.when(time) for time in self._compared.taken)}"
        number, every = self._shown_changes, len(self._changes)
        of = f" of {every}" if number != every else ""
        table.entitle(f"{title} · {phrases.count(number, 'change')}{of}", position(table))

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
        return self._compared.before if change.change == "removed" else self._compared.after, change
