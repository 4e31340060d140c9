"""A line that stands or crawls: the console never waits for it, no key is lost, and it ends when hung up."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from rich.segment import Segment
from textual.strip import Strip

from drconsole.console.terminal.driver import FULL, Outlet
from drconsole.console.terminal.spans import Spans
from tests.console.large_world import large_world
from tests.console.scripted_service import ScriptedService
from tests.console.small_world import world
from tests.console.terminal import console

GUESTS = 400


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedService]:
    with large_world(tmp_path_factory.mktemp("large"), GUESTS).listening() as found:
        yield found


class Pipe:
    """A line of which the far end is read when a test says so."""

    def __init__(self) -> None:
        self.far, self._near = os.pipe()
        self.freed = threading.Event()
        self.outlet = Outlet(self._near, self.freed.set)

    def read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            found += os.read(self.far, size - len(found))
        return found

    def close(self) -> None:
        self.outlet.close()
        os.close(self.far)
        os.close(self._near)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    found = Pipe()
    yield found
    found.close()


def test_what_is_written_goes_out_in_its_order(pipe: Pipe) -> None:
    for number in range(100):
        pipe.outlet.put(f"{number:03}é")
    assert pipe.read(500) == "".join(f"{number:03}é" for number in range(100)).encode()


def test_a_line_that_stands_turns_pictures_away_and_says_when_it_is_free(pipe: Pipe) -> None:
    size = 1024 * 1024  # more than a pipe holds
    began = time.monotonic()
    pipe.outlet.put("x" * size)
    assert time.monotonic() - began < 1.0
    assert pipe.outlet.size > FULL
    assert not pipe.outlet.has_room()
    assert not pipe.freed.wait(0.1)
    pipe.read(size)
    assert pipe.freed.wait(10)
    assert pipe.outlet.size == 0
    assert pipe.outlet.has_room()


def test_a_line_from_which_nothing_was_turned_away_owes_nothing(pipe: Pipe) -> None:
    pipe.outlet.put("x" * 1000)
    pipe.read(1000)
    assert not pipe.freed.wait(0.2)


def test_a_line_that_stands_is_not_waited_for_at_the_end() -> None:
    far, near = os.pipe()
    outlet = Outlet(near, lambda: None)
    outlet.put("x" * 1024 * 1024)
    began = time.monotonic()
    outlet.close()
    assert time.monotonic() - began < 5.0
    os.close(far)  # its thread ends with an error that it keeps to itself
    os.close(near)


def test_changed_cells_are_sent_and_none_beside_them() -> None:
    line = Strip([Segment("left "), Segment("middle"), Segment(" right")])
    chops: list[dict[int, Strip | None]] = [{0: line, 17: Strip([Segment("other")])}]
    ends = [[17, 22]]
    console = Console(color_system=None)

    def sent(*spans: tuple[int, int, int]) -> str:
        return Spans(chops, list(spans), ends).render_segments(console)

    assert sent((0, 5, 11)) == "\x1b[1;6Hmiddle"
    assert sent((0, 12, 20)) == "\x1b[1;13Hrightoth"
    assert sent((0, 0, 22)) == "\x1b[1;1Hleft middle rightother"


def test_who_types_fast_is_understood_as_if_they_had_typed_slowly(large: ScriptedService) -> None:
    with console(large.config) as terminal:
        terminal.sees("Guests 400", "08:00Z")
        terminal.types("/mail-0\rjjj2")
        terminal.sees("[2 Targets]")
        terminal.types("1")
        terminal.sees("filter: mail-0", "4/67", "mail-00021")
        terminal.escape("filter: mail-0")
        terminal.types("4/web-00006\r")
        terminal.sees("[4 VMs]", "VMs 400", "filter: web-00006", "1/1")


def test_a_line_that_stood_shows_all_that_was_typed_meanwhile(large: ScriptedService) -> None:
    with console(large.config) as terminal:
        terminal.sees("Guests 400", "08:00Z")
        terminal.types("4")
        terminal.sees("[4 VMs]", "VMs 400", "1/400")
        for _ in range(8):  # each press paints the whole table: more than the line holds
            terminal.types("\x1b[6~\x1b[5~" * 4)
            time.sleep(0.1)
        for _ in range(150):
            terminal.types("j")
        time.sleep(1.5)
        terminal.sees("151/400")
        lines = [line for line in terminal.lines if "✓ recoverable" in line]
        assert len(lines) > 20
        assert len(terminal.sent) < 400_000


def test_a_console_on_a_dead_or_standing_line_ends_within_two_seconds(tmp_path: Path) -> None:
    with world(tmp_path).listening() as service:
        for keys in ("", "12345678" * 40):
            with console(service.config) as terminal:
                terminal.sees("live 2s", "web-01")
                terminal.types(keys)
                time.sleep(0.3)
                terminal.hang_up()
                began = time.monotonic()
                assert terminal.ended() in (0, 128 + signal.SIGHUP)
                assert time.monotonic() - began < 5.0
