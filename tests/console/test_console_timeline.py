"""The timeline of a run: bars, critical path, now, bound and forecast, at every width and in ASCII."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drconsole.api import requests
from drconsole.console.style import themes
from drconsole.console.style.look import Line, Look, Span
from drconsole.console.widgets.stages import expected_s
from drconsole.console.widgets.timeline import (
    Window,
    axis_lines,
    by_row,
    row_cells,
    row_keys,
    row_name,
    row_state,
    whole,
    zoomed,
)
from tests.console.run_times import timeline
from tests.console.scripted_service import ScriptedService
from tests.console.small_world import world
from tests.console.terminal import console


def look(*, ascii_only: bool = False) -> Look:
    return Look(themes.load_all()[0][themes.COLOURLESS].styles(), ascii_only=ascii_only)


def text(spans: Line | list[Span]) -> str:
    return "".join(part for part, _ in spans)


def row(key: str, width: int = 100, *, ascii_only: bool = False) -> str:
    shown = timeline()
    bars = by_row(shown)[key]
    return text(row_cells(bars, shown.elapsed_s, whole(shown), width, look(ascii_only=ascii_only)))


def test_machines_come_in_the_order_in_which_they_begin_then_stages_of_no_machine() -> None:
    shown = timeline()
    assert row_keys(shown) == ("D", "E", "F", "stage:halt", "stage:storage")
    bars = by_row(shown)
    assert row_name("F", bars["F"]) == "F esx-02"
    assert row_name("stage:storage", bars["stage:storage"]) == "storage"
    assert [row_state(bars[key]) for key in ("D", "E", "F")] == ["running", "failed", "running"]


@pytest.mark.parametrize("width", [30, 51, 100, 200])
@pytest.mark.parametrize("key", ["D", "E", "F", "stage:halt", "stage:storage"])
def test_a_row_fills_its_width_exactly(key: str, width: int) -> None:
    assert len(row(key, width)) == width


def test_the_critical_path_has_a_glyph_of_its_own_and_so_has_what_is_foreseen() -> None:
    critical, other = row("D"), row("F")
    assert critical.count("█") > 10
    assert "░" in critical
    assert "▒" not in critical
    assert other.count("▒") > 10
    assert "·" in other
    assert "█" not in other
    assert other.index("p") < other.index("u")


def test_what_failed_shows_where_it_stopped() -> None:
    shown = row("E")
    assert shown.count("✗") == 1
    assert shown.index("✗") == pytest.approx(380 / (1800 * 1.02) * 100, abs=1.5)


def test_now_is_a_line_through_the_rows_that_do_nothing_then() -> None:
    at = whole(timeline()).cell(401.0, 100)
    assert row("stage:halt")[at] == "│"


@pytest.mark.parametrize("key", ["D", "E", "F", "stage:storage"])
def test_in_ascii_the_same_is_told_apart_without_any_other_character(key: str) -> None:
    shown = look(ascii_only=True).text(row(key, ascii_only=True))
    assert shown.isascii()
    assert len(shown) == 100
    marks = {"D": "#+", "E": "=x", "F": "=.", "stage:storage": "+"}[key]
    assert all(mark in shown for mark in marks)


def test_the_axis_says_when_and_marks_now_bound_and_forecast() -> None:
    shown = timeline()
    axis, legend = axis_lines(shown, whole(shown), 29, 100, look())
    line = text(axis)
    assert len(line) == 129
    assert all(mark in line for mark in ("╵0:00", "N", "B", "F"))
    assert line.index("N") < line.index("B") < line.index("F")
    assert all(word in text(legend) for word in ("critical", "foreseen", "now", "bound", "forecast"))


def test_a_zoom_stands_around_now_and_goes_along() -> None:
    shown = timeline()
    all_of_it = zoomed(shown, 0, 0)
    assert all_of_it == whole(shown)
    closer = zoomed(shown, 2, 0)
    assert closer.span_s == pytest.approx(all_of_it.span_s / 4)
    assert closer.start_s < 401 < closer.start_s + closer.span_s
    assert zoomed(shown, 2, 2).start_s > closer.start_s
    last = zoomed(shown, 2, 1000)
    assert last.start_s + last.span_s == pytest.approx(all_of_it.span_s)
    assert zoomed(shown, 2, -1000).start_s == 0


def test_a_run_without_length_has_a_window_all_the_same() -> None:
    empty = timeline(bars=(), elapsed_s=0.0, bound_s=0.0, forecast_s=0.0)
    assert row_keys(empty) == ()
    assert Window(start_s=0, span_s=0).cell(3, 10) == 0
    assert whole(empty).span_s > 0


def test_a_stage_is_foreseen_from_its_first_bar_to_its_last() -> None:
    assert expected_s(timeline())["provision"] == 870
    assert expected_s(None) == {}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScriptedService]:
    found = world(tmp_path)
    found.answers[requests.ShowTimeline] = lambda _: timeline()
    with found.listening():
        yield found


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_g_shows_the_timeline_and_g_leaves_it(service: ScriptedService, size: tuple[int, int]) -> None:
    with console(service.config, size) as terminal:
        terminal.sees("pittsburgh")
        terminal.press("5")
        terminal.sees("Machines", "✗ failed")
        terminal.press("g")
        shown = terminal.sees("Timeline", "D vc-01", "✗ failed", "critical", "forecast")
        assert all(len(line) <= size[0] for line in shown.splitlines())
        assert "█" in shown
        terminal.press("+")
        terminal.sees("zoom 2×")
        terminal.press("-")
        terminal.press("g")
        terminal.sees("Machines", "errors first")


def test_the_forecast_stands_beside_the_stages(service: ScriptedService) -> None:
    with console(service.config) as terminal:
        terminal.sees("pittsburgh")
        terminal.press("5")
        terminal.sees("finishes ~13:30Z (bound 13:25Z)", "provision", "/~14:30")


def test_the_timeline_is_asked_for_every_two_seconds_at_most(service: ScriptedService) -> None:
    with console(service.config) as terminal:
        terminal.sees("pittsburgh")
        terminal.press("5")
        terminal.sees("g timeline")
        terminal.press("g")
        terminal.sees("D vc-01")
        before, began = len(service.asked_for(requests.ShowTimeline)), time.monotonic()
        while time.monotonic() - began < 4.5:
            terminal.listen(0.5)
        asked = len(service.asked_for(requests.ShowTimeline)) - before
        assert 1 <= asked <= (time.monotonic() - began) / 2 + 1
