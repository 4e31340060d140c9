"""A widget of a few lines that are given to it; only those that changed are painted again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from rich.style import Style
from textual.content import Content
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from drconsole.console.style.look import Line, Look
from drconsole.console.widgets.drawing import cells_of, fitted, strip_of
from drconsole.console.widgets.pane import BORDER, PaneCache, whole, without_ansi

if TYPE_CHECKING:
    from drconsole.console.application import Application


class Drawn(Widget):
    """What draws its own lines: it knows the look, and its pane's titles are never markup."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._styles_cache = self._pane = PaneCache()
        self._drawn: tuple[Size, list[Strip]] | None = None
        self._ground: Style | None = None
        self._looked: tuple[Style, Look] | None = None
        self._styles_known: dict[tuple[str, str], Style] = {}

    @property
    def look(self) -> Look:
        """How things look now."""
        return cast("Application", self.app).look

    @property
    def ground(self) -> Style:
        """The style under all text. To find it walks up to the screen: once for each painting."""
        if self._ground is None:
            self._ground = self.rich_style
        return self._ground

    def styled(self, role: str, over: str = "text") -> Style:
        """Returns the ground with a role's style on it and another's over that."""
        return self.styler(over)(role)

    def styler(self, over: str = "text") -> Callable[[str], Style]:
        """Returns what tells the styles of one line; see `styled`."""
        ground, look = known = (self.ground, self.look)
        if self._looked is None or self._looked[1] is not look or self._looked[0] != ground:
            self._looked = known
            self._styles_known.clear()
        styles = self._styles_known

        def style(role: str) -> Style:
            found = styles.get((role, over))
            if found is None:
                found = styles[role, over] = ground + look.style(role) + look.style(over)
            return found

        return style

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draws the lines that are dirty; nothing where none is."""
        size = self.outer_size
        all_of_it = whole(crop, size)
        if all_of_it and self._drawn and self._drawn[0] == size and self._pane.is_clean(size.height):
            return self._drawn[1]
        self._ground = None
        strips = super().render_lines(crop)
        self._drawn = (size, strips) if all_of_it else None
        return strips

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Those of NO_COLOR; see `without_ansi`."""
        return without_ansi(super().get_line_filters())

    def restyle(self) -> None:
        """Paints everything again, as after a change of the theme."""
        self.refresh()

    def entitle(self, title: str, subtitle: str = "") -> None:
        """Puts text into the pane's border, above and below."""
        self._entitle("_border_title", title)
        self._entitle("_border_subtitle", subtitle)

    def _entitle(self, name: str, text: str) -> None:
        """Not by Textual's own properties: they paint the whole pane again, all its rows.

        The title stands at the left, the subtitle at the right: only so much of the border is painted.
        """
        shown, before = self.look.text(text), getattr(self, name)
        room = self.outer_size.width - BORDER
        if 0 < room < cells_of(shown):  # Textual would cut it with a character that is not ASCII
            shown = fitted(shown, room, self.look)
        if before is not None and before.plain == shown:
            return
        setattr(self, name, Content(shown))
        outer, gutter = self.outer_size, self.gutter
        if not self.is_mounted or not outer.height:
            return
        width = min(outer.width, max(before.cell_length if before else 0, cells_of(shown)) + 8)
        above = name == "_border_title"
        x = 0 if above else outer.width - width
        y = 0 if above else outer.height - 1
        self.refresh(Region(x - gutter.left, y - gutter.top, width, 1))


class Painted(Drawn):
    """Shows lines; `paint` gives it new ones."""

    DEFAULT_CSS = "Painted { height: auto; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[tuple[tuple[str, str], ...], ...] = ()

    def paint(self, lines: Sequence[Line]) -> None:
        """Shows these lines from the top; what lies below the widget's height is not seen."""
        new = tuple(tuple(line) for line in lines)
        old, self._lines = self._lines, new
        height = self.styles.height
        if len(old) != len(new) and height is not None and height.is_auto:
            self.refresh(layout=True)
            return
        for y in range(max(len(old), len(new))):
            if (old[y] if y < len(old) else None) != (new[y] if y < len(new) else None):
                self.refresh(Region(0, y, self.size.width, 1))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as there are."""
        return max(1, len(self._lines))

    def render_line(self, y: int) -> Strip:
        """Draws one line."""
        line = self._lines[y] if y < len(self._lines) else ()
        return strip_of(line, self.size.width, self.look, self.ground)
