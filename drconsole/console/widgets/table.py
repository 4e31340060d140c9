"""A virtual table: it asks for the cells of visible rows only and repaints the spans that changed.

Textual's DataTable repaints all of itself on each update; over a slow line that is the difference
between a second and a tenth of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingsMap
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from drconsole.console.actions import MOVES, Keymap
from drconsole.console.widgets.columns import GAP, Column, Placed, placed
from drconsole.console.widgets.drawing import Span, fitted
from drconsole.console.widgets.painted import Drawn

if TYPE_CHECKING:
    from drconsole.console.app import ConsoleApp

Cells = Sequence[Span | list[Span]]
"""A row: for each column a span, or several spans such as a bar's."""


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
        self._at: dict[str, int] = {}
        self._row = 0
        self._top = 0
        self._placed: tuple[Placed, ...] = ()
        self._shown: dict[int, tuple[Cells, str]] = {}

    @property
    def keys(self) -> tuple[str, ...]:
        """The rows, in order."""
        return self._keys

    @property
    def cursor(self) -> str:
        """The key of the row that the cursor stands on; "" in an empty table."""
        return self._keys[self._row] if self._keys else ""

    def show(self, keys: Sequence[str]) -> None:
        """Shows these rows; the cursor stays on its row where that still is."""
        new = tuple(keys)
        if new != self._keys:
            here = self.cursor
            self._keys = new
            self._at = {key: index for index, key in enumerate(new)}
            self._row = self._at.get(here, min(self._row, max(0, len(new) - 1)))
            self._shown.clear()
            self._reveal()
            self.refresh()
            if self.cursor != here:
                self.post_message(self.Moved(self, self.cursor))
        else:
            self.changed()

    def recolumn(self, columns: Sequence[Column], cells: Callable[[str], Cells]) -> None:
        """Shows other columns; rows are to be given anew."""
        self._columns, self._cells = tuple(columns), cells
        self._keys = ()
        self._row = self._top = 0
        self._arrange()
        self.refresh()

    def select(self, key: str) -> None:
        """Puts the cursor on a row; nothing where there is none of that key."""
        if key in self._at:
            self._go(self._at[key])

    def changed(self) -> None:
        """Asks for the cells of visible rows again and repaints the spans that differ."""
        for y in range(int(self._headed), self.size.height):
            index = self._index(y)
            if index is None or (old := self._shown.get(index)) is None:
                continue
            cells, key = self._cells(self._keys[index]), self._keys[index]
            if old == (cells, key):
                continue
            for column in self._placed:
                if old[0][column.index] != cells[column.index]:
                    self.refresh(Region(column.x, y, column.width, 1))
            self._shown[index] = (cells, key)

    def restyle(self) -> None:
        """Paints everything again, as after a change of the theme."""
        self._shown.clear()
        self.refresh()

    def on_resize(self) -> None:
        """Chooses the columns that fit now."""
        self._arrange()
        self._reveal()

    def _arrange(self) -> None:
        self._placed = placed(self._columns, self.size.width)
        self._shown.clear()
        self.refresh()

    def on_focus(self) -> None:
        """The cursor looks different in the pane that has the keys."""
        self._refresh_row(self._row)

    def on_blur(self) -> None:
        """See on_focus."""
        self._refresh_row(self._row)

    def action_move(self, how: str) -> None:
        """Moves the cursor: down, up, first, last, page-down, page-up."""
        page = max(1, self.size.height - 1 - self._headed)
        last = len(self._keys) - 1
        steps = {"down": 1, "up": -1, "page-down": page, "page-up": -page}
        self._go({"first": 0, "last": last}.get(how, self._row + steps.get(how, 0)))

    def opened(self) -> None:
        """Says that the row under the cursor is to be opened."""
        if self._keys:
            self.post_message(self.Opened(self, self.cursor))

    def on_mount(self) -> None:
        """The moves have the keys that are set now."""
        self.rekey(cast("ConsoleApp", self.app).keymap)

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
        old, self._row = self._row, row
        self._reveal()
        self._refresh_row(old)
        self._refresh_row(row)
        self.post_message(self.Moved(self, self.cursor))

    def _reveal(self) -> None:
        """Scrolls as little as brings the cursor's row into sight."""
        height = max(1, self.size.height - self._headed)
        wanted = min(max(self._top, self._row - height + 1), self._row)
        wanted = max(0, min(wanted, len(self._keys) - height))
        if wanted != self._top:
            self._top = wanted
            self._shown.clear()
            self.refresh()

    def _refresh_row(self, row: int) -> None:
        y = row - self._top + self._headed
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _index(self, y: int) -> int | None:
        index = self._top + y - self._headed
        return index if 0 <= index < len(self._keys) else None

    def render_line(self, y: int) -> Strip:
        """Draws one line: the head, a row, or nothing."""
        if self._headed and y == 0:
            return self._strip([(placed.column.title, "head") for placed in self._placed], "text")
        index = self._index(y)
        if index is None:
            words = self.empty if not self._keys and y == self._headed else ""
            style = self.rich_style + self.look.style("dim")
            return Strip([Segment(fitted(words, self.size.width, self.look), style)], self.size.width)
        key = self._keys[index]
        cells = self._cells(key)
        self._shown[index] = (cells, key)
        base = "text"
        if index == self._row:
            base = "cursor" if self.has_focus else "idle_cursor"
        return self._strip([cells[placed.index] for placed in self._placed], base)

    def _strip(self, cells: Cells, base: str) -> Strip:
        ground, over = self.rich_style, self.look.style(base)
        under = ground + over
        segments: list[Segment] = []
        for place, cell in zip(self._placed, cells, strict=True):
            segments += self._segments(place, cell, ground, over)
            segments.append(Segment(" " * GAP, under))
        return Strip(segments).adjust_cell_length(self.size.width, under)

    def _segments(self, place: Placed, cell: Span | list[Span], ground: Style, over: Style) -> list[Segment]:
        look, right = self.look, place.column.right
        if isinstance(cell, tuple):
            text, role = cell
            return [Segment(fitted(text, place.width, look, right=right), ground + look.over(role, over))]
        spans = [Segment(look.text(text), ground + look.over(role, over)) for text, role in cell]
        return list(Strip(spans).adjust_cell_length(place.width, ground + over))


def position(table: VirtualTable) -> str:
    """Returns where the cursor stands, such as `3/40`; "" where there is nothing to count."""
    total = len(table.keys)
    return f"{table.keys.index(table.cursor) + 1}/{total}" if total else ""
