"""A widget of a few lines that are given to it; only those that changed are painted again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from rich.text import Text
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from drconsole.console.look import Look
from drconsole.console.widgets.drawing import Line, strip_of

if TYPE_CHECKING:
    from drconsole.console.app import ConsoleApp


class Drawn(Widget):
    """What draws its own lines: it knows the look, and its pane's titles are never markup."""

    @property
    def look(self) -> Look:
        """How things look now."""
        return cast("ConsoleApp", self.app).look

    def restyle(self) -> None:
        """Paints everything again, as after a change of the theme."""
        self.refresh()

    def entitle(self, title: str, subtitle: str = "") -> None:
        """Puts text into the pane's border, above and below."""
        self._entitle("border_title", title)
        self._entitle("border_subtitle", subtitle)

    def _entitle(self, name: str, text: str) -> None:
        shown = self.look.text(text)
        memory = f"_shown_{name}"
        if getattr(self, memory, None) != shown:
            setattr(self, memory, shown)
            setattr(self, name, Text(shown))


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
        return strip_of(line, self.size.width, self.look, self.rich_style)
