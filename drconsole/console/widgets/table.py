"""A virtual table: it asks for the cells of visible rows only and repaints the spans that changed.

Textual's DataTable repaints all of itself on each update; over a slow line that is the difference
between a second and a tenth of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingsMap
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from drconsole.console.actions import MOVES, Keymap
from drconsole.console.style.look import Look, Span
from drconsole.console.widgets.columns import Column, Placed, placed
from drconsole.console.widgets.drawing import fitted, joined
from drconsole.console.widgets.painted import Drawn

if TYPE_CHECKING:
    from drconsole.console.application import Application

Cells = Sequence[Span | list[Span]]
"""A row: for each column a span, or several spans such as a bar's."""


_JUST_S = 0.05
_KEPT = 256
"""Rows whose cells are kept as they were drawn."""

_NEAR = 64
"""Rows around the cursor in which its key is looked for first."""

NAMING = ("name", "protected", "machine", "target", "step", "run", "site", "text")
"""Columns that say what a row is called, the first that a table has."""

WHEEL = 3
"""Rows that a notch of the mouse's wheel moves."""


class VirtualTable(Drawn, can_focus=True):
    """Rows by key. `cells` gives a row's cells; it is called for what is on the screen.

    It scrolls by itself: a change of a scroll view's size would lay the whole screen out again.
    """

    BINDINGS = [Binding(",".join(move.keys), f"move('{move.name}')", show=False) for move in MOVES]

    class Opened(Message):
        """Enter on a row."""

        def __init__(self, table: VirtualTable, key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

    class Moved(Message):
        """The cursor stands on another row."""

        def __init__(self, table: VirtualTable, key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

        def can_replace(self, message: Message) -> bool:
            """Only where the cursor ends up matters."""
            return isinstance(message, VirtualTable.Moved) and message.table is self.table

    def __init__(
        self,
        columns: Sequence[Column],
        cells: Callable[[str], Cells],
        *,
        id: str | None = None,
        classes: str | None = "pane",
        headed: bool = True,
        empty: str = "",
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.empty = empty
        self._columns = tuple(columns)
        self._cells = cells
        self._headed = headed
        self._keys: tuple[str, ...] = ()
        self._row = 0
        self._top = 0
        self._placed: tuple[Placed, ...] = ()
        self._shown: dict[int, _Row] = {}
        self._fresh: dict[int, _Row] = {}
        self._lately: tuple[tuple[str, ...] | None, float] = (None, 0.0)
        self._strips: dict[_Row, Strip] = {}
        self._drawn_for: tuple[Style, Look, int] | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The rows, in order."""
        return self._keys

    @property
    def cursor(self) -> str:
        """The key of the row that the cursor stands on; "" in an empty table."""
        return self._keys[self._row] if self._keys else ""

    @property
    def row(self) -> int:
        """Which row the cursor stands on, from 0."""
        return self._row

    def show(self, keys: Sequence[str]) -> None:
        """Shows these rows; the cursor stays on its row where that still is.

        The same tuple as before costs nothing: whoever has many rows keeps it.
        """
        new = tuple(keys)
        if new is not self._keys and new != self._keys:
            here, empty = self.cursor, not self._keys
            self._keys = new
            found = self._find(here)
            self._row = found if found is not None else min(self._row, max(0, len(new) - 1))
            self._reveal()
            if empty or not new:
                self._shown.clear()
                self._fresh.clear()
                self.refresh()
            if self.cursor != here:
                self._moved()
        self.changed()

    def _find(self, key: str) -> int | None:
        """Returns the row of a key; None where there is none. Most often it has hardly moved."""
        near = range(max(0, self._row - _NEAR), min(len(self._keys), self._row + _NEAR))
        row = next((row for row in near if self._keys[row] == key), None)
        if row is not None:
            return row
        try:
            return self._keys.index(key)
        except ValueError:
            return None

    def recolumn(self, columns: Sequence[Column], cells: Callable[[str], Cells]) -> None:
        """Shows other columns; rows are to be given anew."""
        self._columns, self._cells = tuple(columns), cells
        self._keys = ()
        self._row = self._top = 0
        self._arrange()
        self.refresh()

    def select(self, key: str) -> None:
        """Puts the cursor on a row; nothing where there is none of that key."""
        row = self._find(key)
        if row is not None:
            self._go(row)

    def changed(self) -> None:
        """Asks for the cells of visible rows again and repaints the spans that differ.

        Not for those that a move has just asked for: the screen that follows it would ask twice.
        """
        (keys, moment), self._lately = self._lately, (None, 0.0)
        now = keys is self._keys and time.monotonic() - moment < _JUST_S
        self._compare(self._rows_shown() if now else {})

    def _rows_shown(self) -> dict[int, Cells]:
        """Returns the cells that were shown last, by row."""
        return {self._top + y - self._headed: row.cells for y, row in self._shown.items() if row.cells}

    def _compare(self, known: dict[int, Cells]) -> None:
        """Repaints the spans that differ; the cells of rows that are `known` are not asked for."""
        regions: list[Region] = []
        for y in range(int(self._headed), self.size.height):
            old, new = self._shown.get(y), self._wanted(y, known)
            if old is not None and old != new:
                regions += self._differing(y, old, new)
                self._shown[y] = self._fresh[y] = new
        if regions:
            self.refresh(*regions)

    def _differing(self, y: int, old: _Row, new: _Row) -> list[Region]:
        """Returns the spans of a line that differ; all of it, edges too, where that is most of it."""
        if old.base == new.base and len(old.cells) == len(new.cells):
            spans = [place for place in self._placed if old.cells[place.index] != new.cells[place.index]]
            if len(spans) <= len(self._placed) // 2:
                return [Region(place.x, y, place.width, 1) for place in spans]
        return [Region(-self.gutter.left, y, self.outer_size.width, 1)]

    def _index(self, y: int) -> int | None:
        """Returns which row stands in a line; None where there is none."""
        index = self._top + y - self._headed
        return index if 0 <= index < len(self._keys) else None

    def _wanted(self, y: int, known: dict[int, Cells]) -> _Row:
        """Returns what is to be seen in a line; without cells where there is no row, but words perhaps."""
        index = self._index(y)
        if index is None:
            return _Row((), self.empty if not self._keys and y == self._headed else "")
        base = "text"
        if index == self._row:
            base = "cursor" if self.has_focus else "idle_cursor"
        return _Row(known[index] if index in known else self._cells(self._keys[index]), base)

    def restyle(self) -> None:
        """Paints everything again, as after a change of the theme."""
        self._shown.clear()
        self._fresh.clear()
        self.refresh()

    def on_resize(self) -> None:
        """Chooses the columns that fit now."""
        self._arrange()
        self._reveal()

    def _arrange(self) -> None:
        self._placed = placed(self._columns, self.size.width)
        self._shown.clear()
        self._fresh.clear()
        self._strips.clear()
        self.refresh()

    def on_focus(self) -> None:
        """The cursor looks different in the pane that has the keys."""
        self.changed()

    def on_blur(self) -> None:
        """See on_focus."""
        self.changed()

    def action_move(self, how: str) -> None:
        """Moves the cursor: down, up, first, last, page-down, page-up."""
        page = max(1, self.size.height - 1 - self._headed)
        last = len(self._keys) - 1
        steps = {"down": 1, "up": -1, "page-down": page, "page-up": -page}
        self._go({"first": 0, "last": last}.get(how, self._row + steps.get(how, 0)))

    def opened(self) -> None:
        """Says that the row under the cursor is to be opened."""
        if self._keys:
            self.screen.post_message(self.Opened(self, self.cursor))

    def on_mount(self) -> None:
        """The moves have the keys that are set now."""
        self.rekey(cast("Application", self.app).keymap)

    def rekey(self, keymap: Keymap) -> None:
        """Takes the keys of the moves as they are set now."""
        moves = [(name, key) for name, keys, _ in keymap.moves() for key in keys]
        self._bindings = BindingsMap([Binding(key, f"move('{name}')", show=False) for name, key in moves])

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there; a second one opens."""
        place = event.get_content_offset(self)
        row = self._index(place.y) if place is not None and (place.y or not self._headed) else None
        if row is None:
            return
        event.stop()
        self._go(row)
        if event.chain > 1:
            self.opened()

    def on_mouse_scroll_down(self) -> None:
        """The wheel moves the cursor, as everything here does."""
        self._go(self._row + WHEEL)

    def on_mouse_scroll_up(self) -> None:
        """See on_mouse_scroll_down."""
        self._go(self._row - WHEEL)

    def named(self) -> str:
        """Returns the name of what the cursor stands on, "" where there is nothing."""
        if not self._keys:
            return ""
        at = {column.name: number for number, column in enumerate(self._columns)}
        cells = self._cells(self.cursor)
        cell = cells[next((at[name] for name in NAMING if name in at), 0)]
        return ("".join(text for text, _ in cell) if isinstance(cell, list) else cell[0]).strip()

    def _go(self, row: int) -> None:
        row = max(0, min(row, len(self._keys) - 1))
        if row == self._row:
            return
        known = self._rows_shown()
        self._row = row
        self._reveal()
        self._compare(known)
        self._lately = (self._keys, time.monotonic())
        self._moved()

    def _moved(self) -> None:
        """Tells the screen at once, not by way of all that is between: both are painted in one go."""
        self.screen.post_message(self.Moved(self, self.cursor))

    def _reveal(self) -> None:
        """Scrolls as little as brings the cursor's row into sight."""
        height = max(1, self.size.height - self._headed)
        wanted = min(max(self._top, self._row - height + 1), self._row)
        wanted = max(0, min(wanted, len(self._keys) - height))
        if wanted != self._top:
            self._top = wanted

    def render_line(self, y: int) -> Strip:
        """Draws one line: the head, a row, or nothing."""
        if self._headed and y == 0:
            return self._strip([(placed.column.title, "head") for placed in self._placed], "text")
        row = self._fresh.pop(y) if y in self._fresh else self._wanted(y, {})
        self._shown[y] = row
        if not row.cells:
            width = self.size.width
            return Strip([Segment(fitted(row.base, width, self.look), self.styled("dim"))], width)
        return self._drawn_row(row)

    def _drawn_row(self, row: _Row) -> Strip:
        """Returns a row as cells: the same strip for what was drawn lately, such as before a scroll."""
        known = (self.ground, self.look, self.size.width)
        if self._drawn_for != known or len(self._strips) > _KEPT:
            self._drawn_for = known
            self._strips.clear()
        try:
            strip = self._strips.get(row)
        except TypeError:  # a bar's spans are a list
            return self._strip([row.cells[placed.index] for placed in self._placed], row.base)
        if strip is None:
            strip = self._strip([row.cells[placed.index] for placed in self._placed], row.base)
            self._strips[row] = strip
        return strip

    def _strip(self, cells: Cells, base: str) -> Strip:
        """Lays cells out; all lengths are known, so that nothing is measured again."""
        style, width, look = self.styler(base), self.size.width, self.look
        under = style("text")
        segments: list[Segment] = []
        used = 0
        for place, cell in zip(self._placed, cells, strict=True):
            if place.x > used:
                segments.append(Segment(" " * (place.x - used), under))
            segments += _segments(place, cell, style, look)
            used = place.x + place.width
        if used > width:
            return Strip(joined(segments)).adjust_cell_length(width, under)
        if used < width:
            segments.append(Segment(" " * (width - used), under))
        return Strip(joined(segments), width)


def _segments(
    place: Placed, cell: Span | list[Span], style: Callable[[str], Style], look: Look
) -> list[Segment]:
    if isinstance(cell, tuple):
        text, role = cell
        return [Segment(fitted(text, place.width, look, right=place.column.right), style(role))]
    spans = [Segment(look.text(text), style(role)) for text, role in cell]
    return list(Strip(spans).adjust_cell_length(place.width, style("text")))


class _Row(NamedTuple):
    """What stands in a line: a row's cells and the style of its cursor, or words and no cells."""

    cells: Cells
    base: str


def position(table: VirtualTable) -> str:
    """Returns where the cursor stands, such as `3/40`; "" where there is nothing to count."""
    total = len(table.keys)
    return f"{table.row + 1}/{total}" if total else ""
