"""The first page where there is no configuration: three ways in, each a key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import Screen

from drconsole import __version__
from drconsole.console.screens.dialogs import Ask
from drconsole.console.style.look import Line
from drconsole.console.wanted import Demo, OpenFile
from drconsole.console.widgets.drawing import prose
from drconsole.console.widgets.painted import Painted

if TYPE_CHECKING:
    from drconsole.console.application import Application

_LINES: tuple[Line, ...] = (
    [("DRConsole ", "title"), (__version__, "dim")],
    [("Recovers a whole private cloud, onto machines that nobody set aside for it.", "text")],
    [],
    [("There is no configuration yet. Three ways in:", "warn")],
    [],
    [("  d", "key"), ("  see it work first", "title")],
    [("     a world of its own on this machine, to drill in: `drconsole demo`", "dim")],
    [("  s", "key"), ("  set up a site", "title")],
    [("     the address and the account of a protected management server", "dim")],
    [("  o", "key"), ("  open a snapshot file", "title")],
    [("     read, search and compare what was captured; nothing else is needed", "dim")],
    [],
    [("By commands", "head")],
    [("  drconsole site add, target add", "text"), ("   write ~/.config/drconsole/drconsole.toml", "dim")],
    [("  drconsole config check", "text"), ("           says what is still missing, with its line", "dim")],
    [("  drconsole demo --headless", "text"), ("        the same drill as plain lines", "dim")],
    [],
    [("q", "key"), (" leaves", "text")],
)


class Welcome(Screen[None]):
    """Says how to begin, and begins."""

    BINDINGS = [
        Binding("d", "demo", show=False),
        Binding("s", "set_up", show=False),
        Binding("o", "open_file", show=False),
        Binding("q,escape,ctrl+c", "app.quit", show=False),
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="welcome"):
            yield Painted(id="welcome-text")
            yield Painted(id="welcome-told")

    def on_mount(self) -> None:
        """Shows the page."""
        self.query_one("#welcome-text", Painted).paint(_LINES)

    def _tell(self, text: str) -> None:
        self.query_one("#welcome-told", Painted).paint([[], [(text, "warn")]])

    def action_demo(self) -> None:
        """Closes the console; whoever opened it begins the demo."""
        cast("Application", self.app).leave_for(Demo())

    def action_open_file(self) -> None:
        """Asks which file."""
        lines = prose("A snapshot as XML, such as `drconsole snapshot export` writes it.", "dim")
        self.app.push_screen(Ask("Open a snapshot file", lines), self._file_named)

    def _file_named(self, text: str | None) -> None:
        if not text:
            return
        path = Path(text).expanduser()
        app = cast("Application", self.app)
        app.in_thread(f"looking at {path}", path.is_file, lambda there: self._looked_at(path, there))

    def _looked_at(self, path: Path, there: bool) -> None:
        if there:
            cast("Application", self.app).leave_for(OpenFile(path.absolute()))
        else:
            self._tell(f"there is no file {path}")

    def action_set_up(self) -> None:
        """Asks for a site."""
        app = cast("Application", self.app)
        if app.setup is None:
            self._tell("a site is set up by `drconsole site add` here")
            return
        from drconsole.console.screens.setting_up import SettingUp

        self.app.push_screen(SettingUp(app.setup), self._set_up)

    def _set_up(self, path: str | None) -> None:
        if path is not None:
            self.dismiss(None)
            app = cast("Application", self.app)
            app.say(f"the site is in {path}; c captures it, `drconsole target add` fills the pool", "ok")
            app.join()
