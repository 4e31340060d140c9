"""Reports by keys, through a real pty: runs against their objectives, the report itself, files of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from drconsole.api import requests
from tests.console.reported_world import MET, MISSED, ONGOING, reported
from tests.console.scripted_service import ScriptedService
from tests.console.terminal import Terminal, console

SIZES = ((80, 24), (120, 40))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScriptedService]:
    with reported(tmp_path).listening() as found:
        yield found


def at_reports(terminal: Terminal) -> None:
    """Goes to the screen and waits for all that the service says of each run."""
    terminal.sees("● pittsburgh")
    terminal.press("8")
    terminal.sees("[8 Reports]", MET, MISSED, ONGOING, "✓ met 36:00", "✗ MISSED 1:20:00")


@pytest.mark.parametrize("size", SIZES)
def test_runs_stand_against_their_objectives(service: ScriptedService, size: tuple[int, int]) -> None:
    with console(service.config, size) as terminal:
        at_reports(terminal)
        shown = terminal.sees("! waiting", "✓ done", "● held", "disaster", "✓ met 0:04", "✗ MISSED 1:30")
        if size[0] == 120:
            assert "! 1 lost" in shown
            assert "✓ 0 lost" in shown
        terminal.press("j", "j")
        terminal.sees(
            f"Report · {MET}", "objective 1:00:00", "begun by   night-shift", "approved   boss 09:10Z"
        )


@pytest.mark.parametrize("size", SIZES)
def test_a_report_over_the_whole_screen_part_by_part(service: ScriptedService, size: tuple[int, int]) -> None:
    with console(service.config, size) as terminal:
        at_reports(terminal)
        terminal.press("j", "j", "enter")
        terminal.sees(f"Reports › {MET} › report", "Timeline", "✓ preflight", "✓ provision", "█")
        terminal.gone("Reports 3")
        terminal.press("n")
        terminal.press("n")
        terminal.press("n")
        terminal.sees("Machines", "esx-01 (host) on E")
        terminal.press("G")
        terminal.sees("Who did what", "boss: approve")
        terminal.escape("› report")
        terminal.sees("Reports 3", "› all runs")


def test_reports_are_asked_for_once(service: ScriptedService) -> None:
    with console(service.config) as terminal:
        at_reports(terminal)
        terminal.press("j", "k", "j", "j", "k", "k")
        terminal.press("1")
        terminal.sees("[1 Sites]")
        terminal.press("8")
        terminal.sees("[8 Reports]", "✓ met 36:00")
        terminal.listen(1.0)
    asked = [request.run for request in service.asked_for(requests.Report)]
    assert asked.count(MET) == asked.count(MISSED) == 1


def test_a_report_is_written_in_each_format(service: ScriptedService, tmp_path: Path) -> None:
    begins = {"html": "<!doctype html>", "json": "{", "csv": "", "junit": "<?xml", "text": "Recovery report"}
    with console(service.config) as terminal:
        at_reports(terminal)
        terminal.press("j")
        for number, name in enumerate(begins):
            terminal.press("E")
            terminal.sees("enter chooses", "JUnit XML")
            terminal.press(*"j" * number, "enter")
            terminal.sees(f"Write the report as {name}")
            terminal.press("\x15")
            terminal.gone(f"report-{MISSED}")
            terminal.press(str(tmp_path / name))
            terminal.sees(f"/{name}")
            terminal.press("enter")
            terminal.gone("to the file")
            terminal.sees(f"wrote {tmp_path / name}")
    written = {name: (tmp_path / name).read_text(encoding="utf-8") for name in begins}
    assert json.loads(written["json"])["run"]["run"] == MISSED
    for name, beginning in begins.items():
        assert written[name].lower().startswith(beginning.lower()), written[name][:80]
        assert MISSED in written[name]


def test_a_run_without_a_report_says_so(service: ScriptedService) -> None:
    del service.answers[requests.Report]
    with console(service.config) as terminal:
        terminal.sees("● pittsburgh")
        terminal.press("8")
        terminal.sees("[8 Reports]", MET, "the service gives no report of it")
