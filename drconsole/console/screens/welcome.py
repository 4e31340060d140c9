"""The first page where there is no configuration: the demo, or how to set up a site."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import Screen

from drconsole import __version__
from drconsole.console.widgets.drawing import Line
from drconsole.console.widgets.painted import Painted

_LINES: tuple[Line, ...] = (
    [("DRConsole ", "title"), (__version__, "dim")],
    [("Recovers a whole private cloud, onto machines that nobody set aside for it.", "text")],
    [],
    [("There is no configuration yet.", "warn")],
    [],
    [("See it work first", "head")],
    [("  drconsole demo", "key"), ("            a world of its own on this machine, to drill in", "text")],
    [("  drconsole demo --headless", "key"), (" the same drill as plain lines", "text")],
    [],
    [("Set up a site", "head")],
    [("  drconsole site add NAME --address HOST:443 --username USER \\", "key")],
    [("      --password env:PASSWORD --pin sha256:...", "key")],
    [("  drconsole target add …", "key"), ("          a machine for the pool, by its BMC", "text")],
    [("  drconsole config check", "key"), ("          says what is still missing, with its line", "text")],
    [("These write ~/.config/drconsole/drconsole.toml; --config FILE names another one.", "dim")],
    [],
    [("q", "key"), (" leaves", "text")],
)


class Welcome(Screen[None]):
    """Says how to begin."""

    BINDINGS = [Binding("q,escape,ctrl+c", "app.quit", show=False)]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="welcome"):
            yield Painted(id="welcome-text")

    def on_mount(self) -> None:
        """Shows the page."""
        self.query_one("#welcome-text", Painted).paint(_LINES)
