"""XML in colours, of any size: only the rows in sight are cut out of the bytes, coloured and wrapped."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, cast

from rich.cells import cell_len
from textual.binding import Binding, BindingsMap
from textual.geometry import Region
from textual.strip import Strip

from drconsole.console.actions import Keymap
from drconsole.console.archive.lines import Lines
from drconsole.console.archive.markup import Piece, pieces, state_at
from drconsole.console.style.look import Look
from drconsole.console.widgets.drawing import strip_of
from drconsole.console.widgets.painted import Drawn
from drconsole.console.widgets.table import WHEEL

if TYPE_CHECKING:
    from drconsole.console.application import Application

_HANGING = 4
"""So many cells further in than its beginning a row goes on."""

_REMEMBERED = 400


class XmlPane(Drawn, can_focus=True):
    """Shows the rows of a document; the cursor moves by rows, long ones are wrapped."""

    DEFAULT_CSS = "XmlPane { height: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = "pane") -> None:
        super().__init__(id=id, classes=classes)
        self.empty = ""
        self.heading = ""
        self._lines: Lines | None = None
        self._row = 0
        self._top = 0
        self._wanted = ""
        self._wrapped: dict[int, list[list[Piece]]] = {}
        self._seen: list[tuple[int, list[Piece]]] | None = None

    def on_mount(self) -> None:
        """The moves have the keys that are set now."""
        self.rekey(cast("Application", self.app).keymap)

    def rekey(self, keymap: Keymap) -> None:
        """Takes the keys of the moves as they are set now."""
        moves = [(name, key) for name, keys, _ in keymap.moves() for key in keys]
        self._bindings = BindingsMap([Binding(key, f"move('{name}')", show=False) for name, key in moves])

    @property
    def row(self) -> int:
        """The row that the cursor stands on."""
        return self._row

    @property
    def position(self) -> str:
        """Where the cursor stands, such as `3/40`; "" where there is nothing."""
        return f"{self._row + 1:,}/{len(self._lines):,}" if self._lines else ""

    def show(self, lines: Lines | None) -> None:
        """Shows a document, from its beginning where it is another one."""
        if lines is not self._lines:
            self._lines, self._row, self._top, self._wanted = lines, 0, 0, ""
            self.restyle()

    def mark(self, text: str) -> None:
        """Marks a text wherever it stands in a row that is seen."""
        if text != self._wanted:
            self._wanted = text
            self.restyle()

    def restyle(self) -> None:
        """Draws everything again, as after a change of the theme."""
        self._wrapped.clear()
        self._redraw()

    def go(self, row: int, *, high: bool = False) -> None:
        """Puts the cursor on a row; `high` brings the row near the top, so that what follows is seen."""
        if self._lines is None:
            return
        old, top = self._row, self._top
        self._row = max(0, min(row, len(self._lines) - 1))
        if high:
            self._top = max(0, self._row - 2)
        self._reveal()
        if self._top != top:
            self._redraw()
            return
        for y, (seen, _) in enumerate(self._visible()):
            if seen in (old, self._row):
                self.refresh(Region(0, y, self.size.width, 1))
        self.entitle(self.heading, self.position)

    def action_move(self, how: str) -> None:
        """Moves the cursor: down, up, first, last, page-down, page-up."""
        last = len(self._lines) - 1 if self._lines else 0
        page = max(1, len({row for row, _ in self._visible()}) - 1)
        steps = {"down": 1, "up": -1, "page-down": page, "page-up": -page}
        self.go({"first": 0, "last": last}.get(how, self._row + steps.get(how, 0)))

    def on_resize(self) -> None:
        """Wraps anew."""
        self.restyle()
        self._reveal()

    def on_mouse_scroll_down(self) -> None:
        """The wheel moves the cursor, as it does in tables."""
        self.go(self._row + WHEEL)

    def on_mouse_scroll_up(self) -> None:
        """See on_mouse_scroll_down."""
        self.go(self._row - WHEEL)

    def on_focus(self) -> None:
        """The cursor looks different in the pane that has the keys."""
        self.refresh()

    def on_blur(self) -> None:
        """See on_focus."""
        self.refresh()

    def _reveal(self) -> None:
        """Scrolls as little as shows the cursor's row whole."""
        if self._row <= self._top:
            self._top = self._row
            return
        room = self.size.height - self._height(self._row)
        first = self._row
        while first > self._top and room >= self._height(first - 1):
            first -= 1
            room -= self._height(first)
        self._top = first

    def _height(self, row: int) -> int:
        return len(self._folded(row))

    def _redraw(self) -> None:
        self._seen = None
        if self._lines is not None:
            self.entitle(self.heading, self.position)
        self.refresh()

    def _visible(self) -> list[tuple[int, list[Piece]]]:
        """The lines in sight, each with its row."""
        if self._seen is None:
            found: list[tuple[int, list[Piece]]] = []
            row = self._top
            while self._lines is not None and row < len(self._lines) and len(found) < self.size.height:
                found += [(row, line) for line in self._folded(row)]
                row += 1
            self._seen = found
        return self._seen

    def _folded(self, row: int) -> list[list[Piece]]:
        known = self._wrapped.get(row)
        if known is None:
            if len(self._wrapped) > _REMEMBERED:
                self._wrapped.clear()
            known = self._wrapped[row] = self._fold(row)
        return known

    def _fold(self, row: int) -> list[list[Piece]]:
        assert self._lines is not None
        text = self._lines.text(row)
        found, _ = pieces(text, state_at(self._lines.data, self._lines.start(row)))
        return folded(marked(found, text, self._wanted), max(8, self.size.width), self.look)

    def render_line(self, y: int) -> Strip:
        """Draws one line."""
        width, seen = self.size.width, self._visible()
        if y >= len(seen):
            words = self.empty if y == 0 and not seen else ""
            return strip_of([(words, "dim")], width, self.look, self.rich_style)
        row, line = seen[y]
        under = self.rich_style
        if row == self._row:
            over = self.look.style("cursor" if self.has_focus else "idle_cursor")
            return strip_of(line, width, self.look, under).apply_style(over)
        return strip_of(line, width, self.look, under)


def marked(found: Sequence[Piece], text: str, wanted: str) -> list[Piece]:
    """Returns a row's pieces with each place of a text in a role of its own."""
    low, form = text.lower(), wanted.lower()
    # Where lower case is longer, places would be off: such a row goes unmarked.
    if not form or form not in low or len(low) != len(text):
        return list(found)
    cuts: list[tuple[int, int]] = []
    at = low.find(form)
    while at >= 0:
        cuts.append((at, at + len(form)))
        at = low.find(form, at + len(form))
    result: list[Piece] = []
    start = 0
    for piece, role in found:
        result += _split(piece, role, start, cuts)
        start += len(piece)
    return result


def _split(piece: str, role: str, start: int, cuts: Sequence[tuple[int, int]]) -> list[Piece]:
    edges = sorted({0, len(piece), *(min(max(edge - start, 0), len(piece)) for cut in cuts for edge in cut)})
    found: list[Piece] = []
    for low, high in pairwise(edges):
        inside = any(first <= start + low < last for first, last in cuts)
        found.append((piece[low:high], "here" if inside else role))
    return found


def folded(found: Sequence[Piece], width: int, look: Look) -> list[list[Piece]]:
    """Returns a row in lines of at most `width` cells, cut between attributes where that is possible;
    all lines but the first hang in. Text is safe after it."""
    safe = [(look.text(text), role) for text, role in found]
    plain = "".join(text for text, _ in safe)
    indent = " " * min(len(plain) - len(plain.lstrip(" ")) + _HANGING, width // 3)
    lines: list[list[Piece]] = [[]]
    used = 0
    for number, (text, role) in enumerate(safe):
        rest = text
        if role == "work" and used > len(indent):
            wanted = _attribute_length(safe, number)
            if used + wanted > width >= len(indent) + wanted:
                lines.append([(indent, "text")])
                used = len(indent)
        while rest:
            head = _head(rest, width - used)
            if not head:
                lines.append([(indent, "text")])
                used = len(indent)
                continue
            lines[-1].append((head, role))
            used += cell_len(head)
            rest = rest[len(head) :]
    return lines


def _attribute_length(found: Sequence[Piece], start: int) -> int:
    """Returns how many cells an attribute takes, from its name to its closing quote."""
    length = 0
    for text, _ in found[start:]:
        if text.isspace() and length:
            break
        length += cell_len(text)
    return length


def _head(text: str, room: int) -> str:
    """Returns as much of a text as fits into `room` cells."""
    if text.isascii() or cell_len(text) <= room:
        return text[: max(0, room)]
    used = 0
    for number, character in enumerate(text):
        used += cell_len(character)
        if used > room:
            return text[:number]
    return text
