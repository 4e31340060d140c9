"""Every screen as an operator sees it, through a real pty, at both sizes; and on poor terminals."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from drconsole.api import requests
from drconsole.console.actions import SCREENS
from tests.console.scripted_service import ScriptedService
from tests.console.small_world import RUN, world
from tests.console.terminal import Terminal, console

SIZES = ((80, 24), (120, 40))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScriptedService]:
    with world(tmp_path).listening() as found:
        yield found


def whole(terminal: Terminal, size: tuple[int, int]) -> None:
    """The frame of every screen: screens and mode, keys whole, SINGLE USER, nothing beyond the edge."""
    lines = terminal.lines
    assert len(lines) == size[1]
    assert all(f"{number} {word}" in lines[0] for number, word in enumerate(SCREENS.values(), 1))
    assert "DRILL" in lines[0]
    assert "SINGLE USER" in lines[size[0] < 100]
    assert lines[-1].lstrip().startswith("? help")
    assert "…" not in lines[-1].replace("…  ", "").rstrip("… ")


@pytest.mark.parametrize("size", SIZES)
def test_every_screen_shows_its_subject_at_both_sizes(
    service: ScriptedService, size: tuple[int, int]
) -> None:
    with console(service.config, size) as terminal:
        terminal.sees("[1 Sites]", "▾ ● pittsburgh", "live 2s", "web-01", "● on", "Guests 6")
        whole(terminal, size)
        terminal.press("2")
        terminal.sees("[2 Targets]", "Pool 8", "● free", "✗ unreachable", "memory  160 GiB")
        whole(terminal, size)
        terminal.press("3")
        terminal.sees("[3 Map]", "vc-01", "esx-01", "db-01", "✓ good", "needs 6 targets, 7 free", "✓ yes")
        whole(terminal, size)
        terminal.press("4")
        terminal.sees("[4 VMs]", "web-06", "○ cannot", "✗ cannot", "✓ recoverable", "deploy 4")
        whole(terminal, size)
        terminal.press("5")
        terminal.sees(
            "[5 Run]", RUN, "✗ provision", "· verify", "✗ failed", "▶ running", "waiting for you: 1"
        )
        whole(terminal, size)


def test_u_goes_to_the_uplinks_of_the_host(service: ScriptedService) -> None:
    with console(service.config, (80, 24)) as terminal:
        terminal.sees("● pittsburgh")
        terminal.press("5")
        terminal.sees("Log")
        terminal.press("u")
        terminal.sees("[6 Uplinks]", "enter why")
        terminal.gone("Log")


def test_below_80x20_a_plain_page_says_so(service: ScriptedService) -> None:
    with console(service.config, (79, 24)) as terminal:
        terminal.sees("This terminal is 79x24.", "It needs 80x20.")
        terminal.press("q")
        assert terminal.ended() == 0


def test_without_a_configuration_it_says_how_to_begin(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": "", "DRCONSOLE_CONFIG": ""}
    with console(None, (80, 24), home) as terminal:
        terminal.sees("There is no configuration yet.", "drconsole demo", "drconsole site add")
        terminal.press("q")
        assert terminal.ended() == 0


def test_a_broken_configuration_is_named_with_its_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('[state]\ndir = "x"\n[sites]\n', encoding="utf-8")
    with console(broken) as terminal:
        terminal.sees("reading the configuration: not done", "broken.toml", "line 3")


def test_no_color_sends_no_colour(service: ScriptedService) -> None:
    with console(service.config, environ={"NO_COLOR": "1"}) as terminal:
        terminal.sees("● pittsburgh", "web-01")
        for number, word in enumerate(("Targets", "Map", "VMs", "Run"), 2):
            terminal.press(str(number))
            terminal.sees(f"[{number} {word}]")
        terminal.sees("✗ failed")
        terminal.press("?")
        terminal.sees("On Run")
        terminal.escape("On Run")
        terminal.press("T")
        terminal.sees("theme monochrome")
        assert terminal.colours() == set()


def test_an_ascii_terminal_gets_ascii_only(service: ScriptedService) -> None:
    with console(service.config, (80, 24), {"DRCONSOLE_ASCII": "1"}) as terminal:
        terminal.sees("v * pittsburgh", "web-01", "* on")
        for number, word in enumerate(("Targets", "Map", "VMs", "Run"), 2):
            terminal.press(str(number))
            terminal.sees(f"[{number} {word}]")
        terminal.sees("x failed", "> running")
        terminal.press("?")
        terminal.sees("On Run")
        assert bytes(terminal.sent).isascii()


def test_leaving_ends_no_run_and_hanging_up_leaves_no_process(service: ScriptedService) -> None:
    with console(service.config) as terminal:
        terminal.sees("● pittsburgh")
        terminal.press("5")
        terminal.sees(RUN)
        terminal.press("q")
        assert terminal.ended() == 0
    with console(service.config) as terminal:
        terminal.sees("● pittsburgh")
        terminal.hang_up()
        assert terminal.ended() in (0, 128 + signal.SIGHUP)
    assert not service.asked_for(requests.Cancel)


def test_a_service_that_goes_away_is_said_and_what_is_shown_is_called_stale(tmp_path: Path) -> None:
    service = world(tmp_path)
    # No other may be started in its place: the state directory is a file now.
    (tmp_path / "state").write_text("", encoding="utf-8")
    with service.listening(), console(service.config) as terminal:
        terminal.sees("live 2s", "web-01")
        service.end()
        terminal.sees("service lost, all is STALE", "STALE 08:00Z", "web-01", within=15)
