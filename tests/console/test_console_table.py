"""The virtual table: it asks for visible rows only, repaints what changed, drops columns by rank."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len
from textual.app import ComposeResult
from textual.geometry import Region

from drconsole.console.app import ConsoleApp
from drconsole.console.screens.small import TooSmall
from drconsole.console.widgets.columns import Column, placed
from drconsole.console.widgets.table import Cells, VirtualTable

COLUMNS = (
    Column(name="name", title="NAME", width=10, flex=1),
    Column(name="state", title="STATE", width=8),
    Column(name="extra", title="EXTRA", width=12, rank=2),
    Column(name="more", title="MORE", width=12, rank=1),
)


def test_columns_go_by_rank_and_the_rest_is_used_up() -> None:
    assert _names(60) == ["name", "state", "extra", "more"]
    assert _names(45) == ["name", "state", "more"]
    assert _names(25) == ["name", "state"]
    assert _names(5) == ["name", "state"]
    wide = placed(COLUMNS, 60)
    assert sum(place.width for place in wide) + 2 * 3 == 60


def _names(width: int) -> list[str]:
    return [place.column.name for place in placed(COLUMNS, width)]


class Bench(VirtualTable):
    """Counts what is asked and what is painted again."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.values: dict[str, str] = {}
        self.painted: list[Region] = []
        super().__init__(COLUMNS, self.give)

    def give(self, key: str) -> Cells:
        self.asked.append(key)
        return ((key, "text"), (self.values.get(key, "on"), "ok"), ("x", "dim"), ("y", "dim"))

    def refresh(self, *regions: Region, **rest: Any) -> Any:
        self.painted += regions
        return super().refresh(*regions, **rest)


class BenchApp(ConsoleApp):
    """The console's app with nothing but a table."""

    def on_mount(self) -> None:
        self.theme = "night"

    def compose(self) -> ComposeResult:
        yield Bench()


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> BenchApp:
    monkeypatch.setattr(ConsoleApp, "on_mount", lambda self: None)
    return BenchApp("nowhere")


async def test_only_visible_rows_are_asked_for_and_only_what_changed_is_painted(app: BenchApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        table = app.query_one(Bench)
        table.show([f"row-{number}" for number in range(10_000)])
        await pilot.pause()
        assert len(set(table.asked)) < 40
        table.painted.clear()
        table.values["row-3"] = "off"
        table.changed()
        assert len(table.painted) == 1
        assert table.painted[0].size == (8, 1)
        table.values["row-9000"] = "off"
        table.painted.clear()
        table.changed()
        assert table.painted == []


def lines(table: Bench) -> set[int]:
    return {y for region in table.painted for y in range(region.y, region.bottom)}


async def test_a_move_paints_two_rows_and_a_scroll_those_that_differ(app: BenchApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        table = app.query_one(Bench)
        table.focus()
        table.show([f"row-{number}" for number in range(50_000)])
        await pilot.pause()
        table.painted.clear()
        table.asked.clear()
        await pilot.press("j")
        assert lines(table) == {1, 2}
        assert len(table.asked) <= 2 * table.size.height
        table.painted.clear()
        await pilot.press("pagedown")
        assert len(table.painted) <= table.size.height
        assert table.row == table.size.height - 1
        assert table.cursor == f"row-{table.row}"


async def test_rows_of_which_the_first_stay_are_not_painted_again(app: BenchApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        table = app.query_one(Bench)
        rows = tuple(f"row-{number}" for number in range(500))
        table.show(rows)
        await pilot.pause()
        table.painted.clear()
        table.show(rows)
        table.show([*rows, "one more"])
        assert table.painted == []
        table.show((*rows[:5], "new", *rows[5:]))
        assert min(lines(table)) == 6  # the head is line 0
        table.painted.clear()
        table.show(rows[:3])
        await pilot.pause()
        assert min(lines(table)) == 4
        assert table.render_line(4).text.strip() == ""


async def test_a_title_paints_its_border_alone(app: BenchApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        table = app.query_one(Bench)
        table.show([f"row-{number}" for number in range(50)])
        table.entitle("Rows 50", "1/50")
        await pilot.pause()
        table.painted.clear()
        table.asked.clear()
        table.entitle("Rows 50", "2/50")
        await pilot.pause()
        assert [region.height for region in table.painted] == [1]
        assert table.painted[0].y == table.size.height  # below the last row
        assert table.painted[0].width < 20
        assert table.asked == []


async def test_what_is_drawn_anew_is_drawn_in_the_new_theme(app: BenchApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        table = app.query_one(Bench)
        table.show(["a", "b"])
        await pilot.pause()
        night = [segment.style for segment in table.render_lines(table.outer_size.region)[2]]
        app.next_theme()
        await pilot.pause()
        day = [segment.style for segment in table.render_lines(table.outer_size.region)[2]]
        assert app.theme != "night"
        assert len(night) == len(day)
        assert all(one != other for one, other in zip(night, day, strict=True))


async def test_wide_characters_move_no_column(app: BenchApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        table = app.query_one(Bench)
        names = ["plain", "データベース", "e\u0301te\u0301", "x" * 200, "漢" * 90]
        table.show(names)
        await pilot.pause()
        for y in range(1, len(names) + 1):
            strip = table.render_line(y)
            assert sum(cell_len(segment.text) for segment in strip) == table.size.width
            assert cell_len(strip.text[: strip.text.index("on ")]) == cell_len(
                table.render_line(1).text[: table.render_line(1).text.index("on ")]
            )


async def test_the_cursor_stays_on_its_row_when_rows_come_and_go(app: BenchApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        table = app.query_one(Bench)
        table.focus()
        table.show(["a", "b", "c", "d"])
        await pilot.press("j", "j")
        assert table.cursor == "c"
        table.show(["0", "a", "c", "d"])
        assert table.cursor == "c"
        table.show(["a", "b"])
        assert table.cursor == "b"
        table.show([])
        assert table.cursor == ""
        await pilot.press("G", "g", "pagedown")
        table.show(["z"])
        assert table.cursor == "z"


async def test_the_cursor_is_always_in_sight(app: BenchApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        table = app.query_one(Bench)
        table.focus()
        table.show([f"row-{number}" for number in range(500)])
        for key in ("G", "k", "pageup", "ctrl+u", "g", "pagedown"):
            await pilot.press(key)
            await pilot.pause()
            shown = [table.render_line(y).text for y in range(table.size.height)]
            assert any(line.startswith(f"{table.cursor} ") for line in shown), (key, table.cursor)


async def test_a_terminal_that_shrinks_and_grows_again(tmp_path: Any) -> None:
    config = tmp_path / "drconsole.toml"
    config.write_text('[state]\ndir = "state"\n', encoding="utf-8")
    (tmp_path / "state").write_text("", encoding="utf-8")
    console = ConsoleApp(str(config))
    async with console.run_test(size=(100, 30)) as pilot:
        await pilot.resize_terminal(70, 18)
        await pilot.pause()
        assert isinstance(console.screen, TooSmall)
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        assert not isinstance(console.screen, TooSmall)
