"""Dialogs at 80x24: words, answers and keys are all seen, what answers has the keys, escape goes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from drconsole.console.actions import ACTIONS, Keymap
from drconsole.console.app import ConsoleApp
from drconsole.console.screens.dialogs import Ask, Choose, Confirm, Notice, Option, Report
from drconsole.console.screens.help import Help
from drconsole.console.screens.palette import Palette
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import prose
from drconsole.console.widgets.painted import Painted
from drconsole.console.widgets.table import VirtualTable
from tests.console.test_console_verbs import Desk

LONG = "the array refuses to promote the group because a host still has it presented " * 12
COLUMNS = (Column(name="name", title="NAME", width=20), Column(name="why", title="WHY", width=30, flex=1))
MANY = [Option(key=f"t-{n}", cells=((f"target-{n}", "text"), (LONG, "dim"))) for n in range(60)]

DIALOGS: dict[str, tuple[Callable[[], ModalScreen[Any]], type[Widget] | None]] = {
    "notice": (lambda: Notice("recover: not done", "pittsburgh", LONG, LONG), None),
    "report": (lambda: Report("Validation", prose(LONG * 3)), None),
    "confirm": (lambda: Confirm("Cancel the run", prose(LONG), "cancels it"), None),
    "ask": (lambda: Ask("Skip a step", prose(LONG)), Input),
    "typed": (lambda: Ask("Recover in earnest", prose(LONG), exactly="pittsburgh"), Input),
    "choose": (lambda: Choose("Pick a target", prose("for esx-01"), COLUMNS, MANY), VirtualTable),
    "long choose": (lambda: Choose("Pick", prose(LONG), COLUMNS, MANY), VirtualTable),
    "palette": (lambda: Palette([]), Input),
}


@pytest.mark.parametrize("name", DIALOGS)
async def test_a_dialog_is_seen_whole_and_escape_leaves_it(name: str, tmp_path: Path) -> None:
    make, answers = DIALOGS[name]
    config = tmp_path / "drconsole.toml"
    config.write_text('[state]\ndir = "state"\n', encoding="utf-8")
    (tmp_path / "state").write_text("", encoding="utf-8")
    app = ConsoleApp(str(config))
    given: list[object] = []
    async with app.run_test(size=(80, 24)) as pilot:
        at = Desk(app, pilot, None)  # type: ignore[arg-type]
        before = app.screen
        app.push_screen(make(), given.append)
        await pilot.pause()
        dialog = app.screen.query_one("#dialog")
        hint = app.screen.query_one("#hint", Painted)
        await at.until(lambda: hint.region.height == 1 and hint.render_line(0).text.strip())
        assert app.screen.region.contains_region(dialog.region), dialog.region
        assert dialog.region.contains_region(hint.region), (dialog.region, hint.region)
        shown = hint.render_line(0).text
        assert shown.endswith(" "), "a hint that reaches the edge is cut"
        if answers is not None:
            assert isinstance(app.focused, answers)
            assert dialog.region.contains_region(app.focused.region)
        await pilot.press("escape")
        await at.until(lambda: app.screen is before)
        assert given == [None]


@pytest.mark.parametrize("screen", ["run", "snapshots"])
async def test_help_scrolls_to_its_last_line_at_the_smallest_size(screen: str, tmp_path: Path) -> None:
    config = tmp_path / "drconsole.toml"
    config.write_text('[state]\ndir = "state"\n', encoding="utf-8")
    (tmp_path / "state").write_text("", encoding="utf-8")
    app = ConsoleApp(str(config))
    async with app.run_test(size=(80, 20)) as pilot:
        app.push_screen(Help(screen, Keymap(ACTIONS)))
        await pilot.pause()
        dialog = app.screen.query_one("#dialog")
        assert app.screen.region.contains_region(dialog.region)
        for _ in range(8):
            await pilot.press("pagedown")
            await pilot.pause(0.05)
        text = app.screen.query_one("#help-text", Painted)
        last = text.region.bottom
        assert last <= dialog.region.bottom, "the last line of help is below the edge"
