"""What the console sends to the terminal at 120x40: bytes, not times, so they hold on any machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.console.large_world import large_run, large_world, powered, progressed
from tests.console.scripted_service import ScriptedService
from tests.console.terminal import Terminal, console

GUESTS = 2000
MACHINES = 64
SHOWN = [1 + 6 * n for n in range(20)]
"""Guests that stand on the first page of Sites: the first of them by name."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScriptedService]:
    with large_world(tmp_path, GUESTS).listening() as found:
        yield found


def sent_a_second(terminal: Terminal, seconds: float, each: Callable[[int], None], every_s: float) -> float:
    """Returns kB/s while something happens again and again."""
    before, began, number = len(terminal.sent), time.monotonic(), 0
    while time.monotonic() - began < seconds:
        each(number)
        number += 1
        terminal.listen(every_s)
    return (len(terminal.sent) - before) / 1000 / (time.monotonic() - began)


def test_an_idle_console_sends_nothing(service: ScriptedService) -> None:
    with console(service.config) as terminal:
        terminal.sees("Guests 2,000", "08:00Z", "live 2s")
        for key in "1234":
            terminal.press(key)
            terminal.listen(2.5)
            assert sent_a_second(terminal, 2.0, lambda _: None, 0.5) <= 0.3, key


def test_fifty_changes_a_second_that_are_all_to_be_seen(service: ScriptedService) -> None:
    with console(service.config) as terminal:
        terminal.sees("Guests 2,000", "08:00Z", "live 2s", "app-00001")
        terminal.listen(1.0)

        def change(number: int) -> None:
            service.batches.append(
                powered([SHOWN[(10 * number + n) % 20] for n in range(10)], number % 4 < 2)
            )

        assert 0.0 < sent_a_second(terminal, 4.0, change, 0.2) <= 6.0
        terminal.sees("○ off")


def test_fifty_changes_a_second_elsewhere_send_nothing(service: ScriptedService) -> None:
    with console(service.config) as terminal:
        terminal.sees("Guests 2,000", "08:00Z", "live 2s", "app-00001")
        terminal.listen(1.0)

        def change(number: int) -> None:
            service.batches.append(
                powered([1000 + (10 * number + n) % 900 for n in range(10)], number % 2 == 0)
            )

        assert sent_a_second(terminal, 3.0, change, 0.2) <= 0.3


def test_a_run_of_64_machines_of_which_all_go_on(tmp_path: Path) -> None:
    service = large_world(tmp_path, 400)
    large_run(service, MACHINES)
    with service.listening(), console(service.config) as terminal:
        terminal.sees("live 2s")
        terminal.press("5")
        terminal.sees("Machines 64", "installing", "0%")
        terminal.listen(1.0)

        def go_on(number: int) -> None:
            progressed(service, MACHINES, min(1.0, 0.01 * (number + 1)))

        assert 0.0 < sent_a_second(terminal, 5.0, go_on, 0.5) <= 8.0
        assert "0%" in terminal.text
