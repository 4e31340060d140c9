"""What a pane costs to draw: its edges are found once, and a line that is known is not drawn again.

Textual finds borders, paddings and filters anew for each line of each widget. With forty lines of a table
that is most of what a key costs. This rests on names that Textual keeps to itself; where they change,
tests/console/test_console_table.py fails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual._styles_cache import StylesCache
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Region, Size
from textual.strip import Strip

_KEPT = 512
_CONTENT, _TITLE, _SUBTITLE, _OPACITY = 7, 8, 9, 10
"""Where Textual's `render_line` is given the content of lines, the border's texts, the opacity."""

BORDER = 6
"""What a border takes of its title's line."""


class PaneCache(StylesCache):
    """The lines of a pane. A line of content is put between edges that all lines share."""

    def __init__(self) -> None:
        super().__init__()
        self._edges: tuple[tuple[Size, Size], Strip, Strip] | None = None
        self._composed: dict[int, tuple[Strip, Strip]] = {}

    def clear(self) -> None:
        """Forgets all: the pane looks different now."""
        super().clear()
        self._edges = None
        self._composed.clear()

    def is_clean(self, height: int) -> bool:
        """Whether all lines are known."""
        return not self._dirty_lines and len(self._cache) >= height

    def render_line(self, *given: Any, **named: Any) -> Strip:
        """Draws a line: a border as Textual draws it, content between the edges."""
        styles, y, size, content_size, *_ = given
        content, opacity = given[_CONTENT], given[_OPACITY]

        def by_textual(content: Callable[[int], Strip]) -> Strip:
            labels = (_cut(given[place], size.width) for place in (_TITLE, _SUBTITLE))
            others = (*given[:_CONTENT], content, *labels, *given[_OPACITY:])
            drawn: Strip = super(PaneCache, self).render_line(*others, **named)
            return drawn

        top, _, _, left = styles.gutter
        line = y - top
        if not 0 <= line < content_size.height or opacity != 1.0:
            return by_textual(content)
        if self._edges is None or self._edges[0] != (size, content_size):
            empty = by_textual(lambda _: Strip.blank(content_size.width))
            right = empty.crop(left + content_size.width, size.width)
            self._edges = ((size, content_size), empty.crop(0, left), right)
            self._composed.clear()
        return self._between(content(line), content_size.width)

    def _between(self, content: Strip, width: int) -> Strip:
        """Returns content between the edges: the same strip for the same content."""
        assert self._edges is not None
        known = self._composed.get(id(content))
        if known is not None and known[0] is content:
            return known[1]
        if len(self._composed) > _KEPT:
            self._composed.clear()
        _, left, right = self._edges
        length = left.cell_length + width + right.cell_length
        line = Strip([*left, *content.adjust_cell_length(width), *right], length)
        self._composed[id(content)] = (content, line)
        return line


def _cut(label: Any, width: int) -> Any:
    """Returns a border's text (None: it has none) as it fits; Textual would end it with no ASCII."""
    room = max(1, width - BORDER)
    if label is None or label[0].cell_length <= room:
        return label
    return (label[0].truncate(room), *label[1:])


def without_ansi(filters: Sequence[LineFilter]) -> Sequence[LineFilter]:
    """Returns the filters but the one that makes true colours of the sixteen: a theme means what it says."""
    return [one for one in filters if not isinstance(one, ANSIToTruecolor)]


def whole(region: Region, size: Size) -> bool:
    """Whether a region is all of a widget."""
    return region == Region(0, 0, size.width, size.height)
