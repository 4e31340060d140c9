"""A form for the first site: every field is judged while one types, the certificate is shown to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from drconsole.api.setting_up import NewSite, SiteSetup
from drconsole.console.style.look import Line
from drconsole.console.widgets.painted import Painted

if TYPE_CHECKING:
    from drconsole.console.application import Application

_FIELDS = {
    "name": "name of the site",
    "address": "management server, HOST:PORT",
    "username": "account; reading is enough",
    "password": "password, a reference such as env:NAME or file:/path",
    "pin": "its certificate, sha256:…",
}
_HINT: Line = [
    ("enter", "key"), (" next  ", "text"), ("^t", "key"), (" the certificate, then takes it  ", "text"),
    ("esc", "key"), (" back", "text"),
]  # fmt: skip


class SettingUp(ModalScreen[str]):
    """Five lines to fill in. Gives the path of the file that the site was written to."""

    DEFAULT_CSS = """
    SettingUp Input { border: none; height: 1; padding: 0 1; background: $background; }
    SettingUp Input:focus { border: none; }
    """
    BINDINGS = [
        Binding("escape,ctrl+c", "give_up", show=False),
        Binding("ctrl+t", "look", show=False, priority=True),
    ]

    def __init__(self, setup: SiteSetup) -> None:
        super().__init__()
        self._setup = setup
        self._looked = ""

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            for field in _FIELDS:
                yield Painted(id=f"about-{field}")
                yield Input(id=f"field-{field}", select_on_focus=False)
            yield Painted(id="shown")
            yield Painted(id="hint")

    def on_mount(self) -> None:
        """The first field has the keys."""
        self.query_one("#dialog").border_title = "Set up a site"
        for field in _FIELDS:
            self._field(field).cursor_blink = False
            self._judge(field)
        self._tell([(f"It is written to {self._setup.path}", "dim")])
        self.query_one("#hint", Painted).paint([_HINT])
        self._field("name").focus()

    @property
    def console_app(self) -> Application:
        """The application, typed."""
        return cast("Application", self.app)

    def _field(self, field: str) -> Input:
        return self.query_one(f"#field-{field}", Input)

    def _tell(self, *lines: Line) -> None:
        self.query_one("#shown", Painted).paint([*lines, *([[]] * (2 - len(lines)))])

    def _judge(self, field: str) -> str:
        text = self._field(field).value.strip()
        wrong = self._setup.trouble(field, text)
        said = (f"  ✗ {wrong}", "bad") if text and wrong else ("  ✓", "ok") if text else ("", "dim")
        self.query_one(f"#about-{field}", Painted).paint([[(_FIELDS[field], "head"), said]])
        return wrong

    def on_input_changed(self, event: Input.Changed) -> None:
        """Judges what is typed."""
        self._judge((event.input.id or "").removeprefix("field-"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Goes on to the next field; after the last one the site is added."""
        fields = list(_FIELDS)
        at = fields.index((event.input.id or "").removeprefix("field-"))
        wrong = next((field for field in fields[: at + 1] if self._judge(field)), None)
        if wrong is not None:
            self._field(wrong).focus()
            self._tell([(f"{_FIELDS[wrong]}: {self._setup.trouble(wrong, self._field(wrong).value)}", "bad")])
        elif at + 1 < len(fields):
            self._field(fields[at + 1]).focus()
        else:
            self._add()

    # -- the certificate ------------------------------------------------------------------------------

    def action_look(self) -> None:
        """Asks the address for its certificate; a second time the shown one is taken."""
        address = self._field("address").value.strip()
        if self._looked.startswith(f"{address} "):
            self._field("pin").value = self._looked.removeprefix(f"{address} ")
            self._field("pin").focus()
            return
        if self._judge("address"):
            self._tell([("type the address first", "warn")])
            return
        self._tell([(f"asking {address} for its certificate …", "work")])

        async def look() -> None:
            pin = await self._setup.shown_pin(address)
            self.call_later(self._shown, address, pin)

        self.console_app.do_work(f"asking {address}", look)

    def _shown(self, address: str, pin: str) -> None:
        self._looked = f"{address} {pin}"
        self._tell(
            [(pin, "title")], [("compare it with the server's own console; ^t again takes it", "warn")]
        )

    # -- the end --------------------------------------------------------------------------------------

    def _add(self) -> None:
        words = {field: self._field(field).value.strip() for field in _FIELDS}

        async def add() -> None:
            path = await self._setup.add(NewSite(**words))
            self.call_later(self._added, path)

        self.console_app.do_work("adding the site", add)

    def _added(self, path: str) -> None:
        self.dismiss(path)

    def action_give_up(self) -> None:
        """Writes nothing."""
        self.dismiss(None)
