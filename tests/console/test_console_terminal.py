"""What is sent to a terminal besides screens: clipboard, mouse; and ASCII and no colour on every screen."""

from __future__ import annotations

import ast
import base64
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drconsole.console.actions import SCREENS
from drconsole.console.style.look import Look
from drconsole.console.terminal import clipboard
from tests.console.scripted_service import ScriptedService
from tests.console.small_world import world
from tests.console.terminal import Terminal, console

NEVER_DRAWN = "◌\ufffd"
"""What stands for a mark without a letter, and for what XML cannot hold."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScriptedService]:
    with world(tmp_path).listening() as found:
        yield found


def sent(terminal: Terminal, data: bytes, within: float = 20.0) -> None:
    """Waits until these bytes have been sent."""
    until = time.monotonic() + within
    while data not in terminal.sent and time.monotonic() < until:
        terminal.listen(0.1)
    assert data in terminal.sent


def through_all(terminal: Terminal) -> None:
    """Goes through every screen, its help, the palette, the command line, a dialog."""
    terminal.sees("pittsburgh", "web-01")
    for number, word in enumerate(SCREENS.values(), 1):
        terminal.press(str(number))
        terminal.sees(f"[{number} {word}]", "? help")
        terminal.press("?")
        terminal.sees(f"On {word}")
        terminal.escape(f"On {word}")
    terminal.press("1", "R")
    terminal.sees("Recover pittsburgh")
    terminal.escape("Recover pittsburgh")
    terminal.press(":")
    terminal.sees(" tab ")
    terminal.press("gu", "tab")
    terminal.escape(" tab ")
    terminal.press("\x10")
    terminal.sees("Find anything")
    terminal.press("w", "e", "b")
    terminal.sees("web-05")
    terminal.escape("Find anything")


def test_an_ascii_terminal_gets_nothing_but_ascii_on_any_screen(service: ScriptedService) -> None:
    with console(service.config, (80, 24), {"DRCONSOLE_ASCII": "1"}) as terminal:
        through_all(terminal)
        assert bytes(terminal.sent).isascii(), re.findall(rb"[^\x00-\x7f]{1,12}", bytes(terminal.sent))[:5]


def test_a_locale_without_utf8_is_believed(service: ScriptedService) -> None:
    plain = {"LANG": "C", "LC_ALL": "POSIX", "LC_CTYPE": ""}
    with console(service.config, (80, 24), plain) as terminal:
        terminal.sees("v * pittsburgh", "web-01")
        assert bytes(terminal.sent).isascii()


def test_no_color_sends_no_colour_on_any_screen(service: ScriptedService) -> None:
    with console(service.config, (120, 40), {"NO_COLOR": "1"}) as terminal:
        through_all(terminal)
        assert terminal.colours() == set()


def test_every_sign_that_the_console_draws_has_one_in_ascii() -> None:
    """A sign without one would be shown as its number: `\\u2193`."""
    folder = Path(__file__).parents[2] / "drconsole"
    look = Look({}, ascii_only=True)
    missing = {
        (sign, path.name)
        for room in ("console", "planning", "api", "model", "recovery")
        for path in (folder / room).rglob("*.py")
        for sign in drawn(path)
        if "\\" in look.text(sign)
    }
    assert missing == set()


def drawn(path: Path) -> set[str]:
    """The signs beyond ASCII in a module's strings; what it says to its readers is not drawn."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    prose |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return {
        sign
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
        for sign in node.value
        if sign.isprintable() and not sign.isascii() and sign not in NEVER_DRAWN
    }


# -- the clipboard ------------------------------------------------------------------------------------


def test_a_name_is_copied_as_it_is(service: ScriptedService) -> None:
    with console(service.config) as terminal:
        terminal.sees("pittsburgh", "web-01")
        terminal.press("2", "j", "y")
        terminal.sees("copied: E")
        sent(terminal, b"\x1b]52;c;" + base64.b64encode(b"E") + b"\x07")


def test_inside_tmux_it_is_passed_through(service: ScriptedService) -> None:
    with console(service.config, environ={"TMUX": "/tmp/tmux-0/default,1,0"}) as terminal:
        terminal.sees("pittsburgh", "web-01")
        terminal.press("2", "j", "y")
        sent(terminal, b"\x1bPtmux;\x1b\x1b]52;c;" + base64.b64encode(b"E") + b"\x07\x1b\\")


def test_what_is_copied_is_bounded_and_never_an_escape_itself() -> None:
    assert len(clipboard.sequence("x" * clipboard.LIMIT, {})) < 100_010
    with pytest.raises(ValueError, match="more than a terminal copies"):
        clipboard.sequence("x" * (clipboard.LIMIT + 1), {})
    for environ in ({}, {"TMUX": "x"}, {"TERM": "screen"}):
        hostile = clipboard.sequence("\x1b]0;title\x07\x1b\\", environ)
        assert "title" not in hostile
    pieces = clipboard.sequence("y" * 4000, {"TERM": "screen-256color"}).split("\x1b\\")
    assert all(len(piece) <= 768 for piece in pieces)
    assert "".join(piece.removeprefix("\x1bP") for piece in pieces) == clipboard.sequence("y" * 4000, {})


# -- the mouse ----------------------------------------------------------------------------------------

ON, OFF = b"\x1b[?1000h", b"\x1b[?1000l"


def click(column: int, row: int) -> str:
    """What a terminal sends for a click; from 1."""
    return f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"


@pytest.mark.parametrize(
    "environ", [{}, {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22", "SSH_TTY": "/dev/pts/1"}]
)
def test_the_mouse_is_the_terminals_until_it_is_asked_for(
    service: ScriptedService, environ: dict[str, str]
) -> None:
    with console(service.config, environ=environ) as terminal:
        terminal.sees("pittsburgh", "web-01")
        for sequence in (ON, b"\x1b[?1003h", b"\x1b[?1002h", b"\x1b[?1006h"):
            assert sequence not in terminal.sent
        terminal.press("M")
        sent(terminal, ON)
        terminal.press("M")
        sent(terminal, OFF)


def test_with_the_mouse_screens_and_rows_are_clicked_and_leaving_gives_it_back(
    service: ScriptedService,
) -> None:
    with console(service.config) as terminal:
        terminal.sees("pittsburgh", "web-01")
        terminal.press("M")
        sent(terminal, ON)
        column = terminal.lines[0].index("2 Targets") + 2
        terminal.press(click(column, 1))
        terminal.sees("[2 Targets]", "│ F  ", "✗ unreachable")
        row = next(number for number, line in enumerate(terminal.lines, 1) if line.startswith("│ F  "))
        terminal.press(click(10, row), "y")
        terminal.sees("copied: F")
        assert OFF not in terminal.sent
        terminal.press("q")
        assert terminal.ended() == 0
        assert OFF in terminal.sent


def test_a_picture_is_kept_and_it_is_said_where(
    service: ScriptedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with console(service.config) as terminal:
        terminal.sees("pittsburgh", "web-01")
        terminal.press("S")
        terminal.sees("kept as", ".svg")
    (picture,) = tmp_path.glob("drconsole-*.svg")
    text = picture.read_text(encoding="utf-8")
    assert text.startswith("<svg")
    assert "web-01" in text
