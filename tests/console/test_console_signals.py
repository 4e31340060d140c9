"""What a terminal does to a console: other sizes in quick succession, ctrl-z and fg, an end from outside."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.console.scripted_service import ScriptedService
from tests.console.small_world import RUN, world
from tests.console.terminal import Terminal, console
from tests.console.tmux import Tmux, tmux

_CONSOLE = "from drconsole.console.opening import run_console; run_console({!r})"
_CLOCK = re.compile(r"\d+(:\d\d)+")
_LEFT = (b"\x1b[?1049l", b"\x1b[?25h")
"""The usual screen is back, and the cursor is seen."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScriptedService]:
    with world(tmp_path).listening() as found:
        yield found


@pytest.fixture
def terminals() -> Iterator[Tmux]:
    with tmux() as own:
        yield own


def test_a_storm_of_sizes_leaves_the_right_screen(service: ScriptedService) -> None:
    """It ends as a console that was opened at the last size."""
    with console(service.config, (80, 24)) as terminal:
        terminal.sees("[1 Sites]", "● pittsburgh", "web-01")
        terminal.press("5")
        terminal.sees("[5 Run]", RUN)
        for _ in range(5):
            for size in ((200, 60), (79, 19), (80, 24), (120, 40)):
                terminal.resize(*size)
                terminal.listen(0.02)
        shown = terminal.sees("[5 Run]", RUN, "Machines", "Log", "waiting for you")
        _settled(terminal)
        stormy = _steady(terminal.lines)
    with console(service.config, (120, 40)) as fresh:
        fresh.sees("[1 Sites]", "● pittsburgh", "web-01")
        fresh.press("5")
        fresh.sees("[5 Run]", RUN, "Machines", "Log", "waiting for you")
        _settled(fresh)
        assert stormy == _steady(fresh.lines), shown


def test_too_small_and_back_shows_the_screen_again(service: ScriptedService) -> None:
    with console(service.config, (120, 40)) as terminal:
        terminal.sees("[1 Sites]", "● pittsburgh", "web-01")
        terminal.press("2")
        terminal.sees("[2 Targets]", "Pool")
        for size in ((79, 24), (80, 19), (20, 3)):
            terminal.resize(*size)
            terminal.sees(f"{size[0]}x{size[1]}" if size[0] > 40 else "DRConsole")
            terminal.resize(80, 24)
            terminal.sees("[2 Targets]", "Pool", "unreachable")
            terminal.gone("It needs")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_end_from_outside_gives_the_terminal_back(
    service: ScriptedService, number: signal.Signals
) -> None:
    with console(service.config) as terminal:
        terminal.sees("● pittsburgh", "web-01")
        os.kill(terminal.pid, number)
        assert terminal.ended(20) in (0, 128 + number)
        terminal.listen(0.2)
        assert [said for said in _LEFT if said not in terminal.sent] == []


def test_ctrl_c_leaves(service: ScriptedService) -> None:
    with console(service.config) as terminal:
        terminal.sees("[1 Sites]")
        terminal.press("\x03")
        assert terminal.ended(20) == 0
        assert [said for said in _LEFT if said not in terminal.sent] == []


@pytest.mark.parametrize("by", ["signal", "key"])
def test_stopped_and_brought_back_by_a_shell_it_draws_everything_again(
    service: ScriptedService, terminals: Tmux, by: str
) -> None:
    shell = terminals.open("shell", ["bash", "--norc", "--noprofile", "-i"])
    shell.sees("bash-")
    shell.types(f'{sys.executable} -c "{_CONSOLE.format(str(service.config))}"\n')
    before = shell.sees("[1 Sites]", "● pittsburgh", "web-01")
    found = _console_under(shell.pid)
    if by == "key":
        shell.press("C-z")
    else:
        os.kill(found.pid, signal.SIGTSTP)
    told = shell.sees("Stopped")
    assert "[1 Sites]" not in told
    shell.types("stty -a | tr ';' '\\n' | grep -c ' echo '\n")
    shell.types("fg\n")
    shell.sees("[1 Sites]", "● pittsburgh", "web-01")
    assert _steady(shell.text.splitlines()) == _steady(before.splitlines())
    shell.press("2")
    shell.sees("[2 Targets]", "Pool")
    shell.press("q")
    shell.sees("bash-")
    shell.types("echo its code: $?\n")
    shell.sees("its code: 0")


def test_without_a_shell_ctrl_z_stops_nothing(service: ScriptedService) -> None:
    """A forced command or a login shell: nobody could bring it back."""
    with console(service.config) as terminal:
        terminal.sees("[1 Sites]", "● pittsburgh")
        terminal.press("\x1a")
        terminal.sees("there is no shell to go back to")
        terminal.press("2")
        terminal.sees("[2 Targets]", "Pool")


def test_a_session_in_tmux_is_left_and_taken_up_again(service: ScriptedService, terminals: Tmux) -> None:
    """Another terminal, of another size, shows the same console."""
    command = [sys.executable, "-c", _CONSOLE.format(str(service.config))]
    window = terminals.open("console", command, (120, 40))
    window.sees("[1 Sites]", "● pittsburgh", "web-01")
    window.press("5")
    window.sees("[5 Run]", RUN)
    for size in ((100, 30), (80, 24), (140, 45)):
        with terminals.attached(window, size) as seen:
            seen.sees("[5 Run]", RUN, "waiting for you")
            seen.press("2")
            seen.sees("[2 Targets]", "Pool")
            seen.press("5")
            seen.sees("[5 Run]", RUN)
        assert not window.over
    window.press("q")
    window.ends()


def _steady(lines: list[str]) -> list[str]:
    """The screen without what the clock moves: ages, what was elapsed."""
    kept = [line.rstrip() for line in lines[:-2] if "live" not in line and "elapsed" not in line]
    return [_CLOCK.sub("0:00", line) for line in kept]


def _settled(terminal: Terminal) -> None:
    """Waits until the screen has stood still for a while."""
    until = time.monotonic() + 20
    before: list[str] = []
    while (now := _steady(terminal.lines)) != before and time.monotonic() < until:
        before = now
        terminal.listen(1.2)


def _console_under(pid: int) -> psutil.Process:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for process in psutil.Process(pid).children():
            if "run_console" in " ".join(process.cmdline()):
                return process
        time.sleep(0.1)
    raise AssertionError("the shell has started no console")
