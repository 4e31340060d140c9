"""All eight screens as text: whole at both sizes, without a colour where none is wanted, in ASCII."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from drconsole.console.actions import SCREENS
from tests.console.full_world import NAMES, full
from tests.console.scripted_service import ScriptedService
from tests.console.seen import cells, faults
from tests.console.terminal import Terminal, console

SIZES = ((80, 24), (100, 30), (120, 40))
SHOWN = {
    "sites": "web-01",
    "targets": "unreachable",
    "map": "needs 6 targets",
    "guests": "recoverable",
    "run": "✗ failed",
    "uplinks": "waiting",
    "snapshots": "2026-11-22",
    "reports": "R-20261120-0900",
}
"""Screen → a word that is there once it has what it shows."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedService]:
    with full(tmp_path_factory.mktemp("full")).listening() as found:
        yield found


def goes_round(terminal: Terminal) -> Iterator[str]:
    """Shows each of the eight screens in turn."""
    for number, name in enumerate(SCREENS, 1):
        terminal.press(str(number))
        terminal.sees(f"[{number} {SCREENS[name]}]", SHOWN[name])
        yield name


def becomes_whole(terminal: Terminal, width: int, screen: str) -> list[str]:
    """Returns what is clipped, once the screen has had time to be drawn."""
    until = time.monotonic() + 10
    while (found := _found(terminal, width, screen)) and time.monotonic() < until:
        terminal.listen(0.3)
    return found


def _found(terminal: Terminal, width: int, screen: str) -> list[str]:
    lines = terminal.lines
    return faults(lines, width, screen, NAMES) + ([] if list(cells(lines)) else ["no table"])


@pytest.mark.parametrize("size", SIZES)
def test_no_screen_clips_a_key_a_state_or_a_names_beginning(
    service: ScriptedService, size: tuple[int, int]
) -> None:
    with console(service.config, size) as terminal:
        for screen in goes_round(terminal):
            assert becomes_whole(terminal, size[0], screen) == [], terminal.text
        terminal.press("5")
        for table in ("Steps", "Guests"):
            terminal.press("t")
            terminal.sees(table)
            assert becomes_whole(terminal, size[0], "run") == [], terminal.text


def test_what_is_clipped_is_found() -> None:
    """Else the test above proves nothing."""
    footer = " ? help  enter open  / filter"
    head = "[1 Sites]2 Targets 3 Map 4 VMs 5 Run 6 Uplinks 7 Snapshots 8 Reports"
    for row, wrong in (
        ("● on     web-01", []),
        ("● suspe…  web-01", ["state: POWER ● suspe…"]),
        ("● on     b-01", ["name: NAME b-01"]),
        ("● on     we…", ["too short: NAME we…"]),
    ):
        lines = [text.ljust(80) for text in (head, "│ POWER    NAME", f"│ {row}", "╰────", footer)]
        assert faults(lines, 80, "sites", NAMES) == wrong
    assert faults([head.ljust(80), " ? help  enter op".ljust(80)], 80, "sites", NAMES) == ["key: enter op"]


def test_no_color_sends_no_colour_on_any_screen(service: ScriptedService) -> None:
    with console(service.config, environ={"NO_COLOR": "1"}) as terminal:
        assert list(goes_round(terminal)) == list(SCREENS)
        terminal.press("?")
        terminal.sees("Keys")
        terminal.escape("Keys")
        terminal.press("\x10")
        terminal.sees("Find anything")
        assert terminal.colours() == set()


def test_an_ascii_terminal_gets_ascii_on_every_screen(service: ScriptedService) -> None:
    with console(service.config, (80, 24), {"DRCONSOLE_ASCII": "1"}) as terminal:
        for number, name in enumerate(SCREENS, 1):
            terminal.press(str(number))
            terminal.sees(f"[{number} {SCREENS[name]}]")
            terminal.listen(1.0)
        terminal.press("?")
        terminal.sees("Keys")
        assert bytes(terminal.sent).isascii()
