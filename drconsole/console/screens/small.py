"""The page for terminals that are too small for anything else."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.geometry import Size
from textual.screen import ModalScreen

from drconsole.console.widgets.painted import Painted

WIDTH, HEIGHT = 80, 20


def too_small(size: Size) -> bool:
    """Whether the screens do not fit."""
    return size.width < WIDTH or size.height < HEIGHT


class TooSmall(ModalScreen[None]):
    """Says so, and what would do."""

    BINDINGS = [Binding("q,ctrl+c", "app.quit", show=False)]

    def compose(self) -> ComposeResult:
        yield Painted(id="small")

    def on_mount(self) -> None:
        """See on_resize."""
        self.on_resize()

    def on_resize(self) -> None:
        """Says the size as it is now."""
        size = self.app.size
        self.query_one("#small", Painted).paint(
            [
                [("DRConsole", "title")],
                [(f"This terminal is {size.width}x{size.height}.", "text")],
                [(f"It needs {WIDTH}x{HEIGHT}.", "text")],
                [("q leaves; runs go on.", "dim")],
            ]
        )
