"""Finding one's way: commands, the palette, the way back. From any screen to any object in three actions."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from textual.widgets import Input

from drconsole.api import requests
from drconsole.api.values import SnapshotEntry
from drconsole.console.actions import SCREENS
from drconsole.console.screens.palette import Palette
from drconsole.console.screens.view import View
from drconsole.console.ways import remembered
from drconsole.console.widgets.table import VirtualTable
from tests.console.small_world import RUN
from tests.console.test_console_verbs import Desk, desk

OBJECTS = {
    "guest web-04": ("sites", "vm-4"),
    "host esx-03": ("sites", "host-3"),
    "physical db-01": ("sites", "db-01"),
    "target E": ("targets", "E"),
    f"run {RUN}": ("run", ""),
    "site pittsburgh": ("sites", "site/pittsburgh"),
}
"""What is typed, the screen where it is shown, and the key of its row there."""


STAYS = {
    ("guests", "guest"): "vm-4",
    ("map", "host"): "host/host-3",
    ("map", "physical"): "physical/db-01",
}
"""Where an object is shown on the very screen that one is on: the cursor goes there."""


def shown(at: Desk) -> str:
    """The screen's name and the row of its cursor."""
    view = at.app.screen
    assert isinstance(view, View), view
    return view.id_word


def cursor(at: Desk) -> str:
    assert isinstance(at.app.focused, VirtualTable)
    return at.app.focused.cursor


def stands(at: Desk, screen: str, key: str) -> bool:
    if not isinstance(at.app.screen, View) or shown(at) != screen:
        return False
    return not key or (isinstance(at.app.focused, VirtualTable) and cursor(at) == key)


async def command(at: Desk, text: str) -> None:
    """Types a command as somebody does who knows it: one action."""
    await at.pilot.press("colon")
    await at.until(lambda: isinstance(at.app.focused, Input))
    at.app.screen.query_one("#command", Input).value = text
    await at.pilot.press("enter")


@pytest.mark.parametrize("start", SCREENS)
async def test_from_any_screen_to_any_object_in_three_actions(tmp_path: Path, start: str) -> None:
    digit = str(list(SCREENS).index(start) + 1)
    async with desk(tmp_path) as at:
        for text, (screen, key) in OBJECTS.items():
            await at.pilot.press(digit)
            await at.until(lambda: shown(at) == start)
            # One: `:`. Two: the name. Three: enter.
            await command(at, text)
            if (start, text.split()[0]) in STAYS:
                await at.until(partial(stands, at, start, STAYS[start, text.split()[0]]))
            else:
                await at.until(partial(stands, at, screen, key))


async def test_the_palette_finds_by_letters_and_goes_there(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.pilot.press("5", "ctrl+p")
        palette = at.app.screen
        assert isinstance(palette, Palette)
        await at.until(lambda: palette._index)
        await at.pilot.press(*"wb5")
        matches = palette.query_one("#matches", VirtualTable)
        await at.until(lambda: matches.keys and "web-05" in str(matches.named()))
        await at.pilot.press("enter")
        await at.until(
            lambda: isinstance(at.app.screen, View) and shown(at) == "sites" and cursor(at) == "vm-5"
        )
        await at.pilot.press("ctrl+p", *"web-0")
        await at.until(lambda: len(at.app.screen.query_one("#matches", VirtualTable).keys) > 3)
        await at.pilot.press("down", "down", "up", "enter")
        await at.until(lambda: isinstance(at.app.screen, View) and cursor(at) == "vm-2")
        await at.pilot.press("ctrl+p", *"pause")
        await at.until(lambda: isinstance(at.app.screen, Palette))
        await at.pilot.press("escape")
        await at.until(lambda: isinstance(at.app.screen, View))


async def test_the_palette_does_actions_of_the_screen(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.pilot.press("5", "ctrl+p", *"retry", "enter")
        await at.until(lambda: at.service.asked_for(requests.Retry))


@pytest.mark.parametrize(
    ("typed", "screen"), [("run", "run"), ("vms", "guests"), ("snap", "snapshots"), ("targets", "targets")]
)
async def test_screens_are_commands_also_by_alias_and_cut_short(
    tmp_path: Path, typed: str, screen: str
) -> None:
    async with desk(tmp_path) as at:
        await command(at, typed)
        await at.until(lambda: shown(at) == screen)


async def test_every_action_of_a_screen_is_a_command_and_others_are_told_where(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await command(at, "retry")
        await at.until(lambda: "retry is on Run: go there with 5, then k" in at.app.store.note[0])
        await at.pilot.press("5")
        await command(at, "retry")
        await at.until(lambda: at.service.asked_for(requests.Retry))
        await command(at, "snapshoot")
        await at.until(lambda: "did you mean snapshot" in at.app.store.note[0])
        await command(at, "guest")
        await at.until(lambda: "which guest?" in at.app.store.note[0])


async def test_tab_completes_and_up_brings_earlier_commands_also_of_another_session(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.pilot.press("5", "colon", *"gue", "tab", "space", *"web-0", "tab", "tab")
        line = at.app.screen.query_one("#command", Input)
        await at.until(lambda: line.value == "guest web-01" or line.value == "guest web-02")
        await at.pilot.press("enter")
        await at.until(lambda: shown(at) == "sites")
        await at.until(remembered.typed)
    kept = remembered.folder() / "history"
    assert kept.stat().st_mode & 0o777 == 0o600
    (tmp_path / "again").mkdir()
    async with desk(tmp_path / "again") as at:
        await at.until(at.app.earlier)
        await at.pilot.press("colon", "up")
        assert at.app.screen.query_one("#command", Input).value.startswith("guest web-0")
        await at.pilot.press("down")
        assert at.app.screen.query_one("#command", Input).value == ""
        await at.pilot.press("escape")
        await at.until(lambda: isinstance(at.app.focused, VirtualTable))


def test_the_history_is_bounded_and_has_each_command_once() -> None:
    for number in range(remembered.HISTORY + 20):
        remembered.keep_typed(f"guest web-{number}")
    remembered.keep_typed("guest web-500")
    assert len(remembered.typed()) == remembered.HISTORY
    assert remembered.typed()[-1] == "guest web-500"
    assert remembered.typed().count("guest web-500") == 1


async def test_back_and_forward_bring_screens_cursors_and_filters_back(tmp_path: Path) -> None:
    async with desk(tmp_path, run=False) as at:
        await at.pilot.press("2", "j", "j", "slash", *"!x", "enter")
        first = cursor(at)
        await at.pilot.press("3")
        await at.until(lambda: shown(at) == "map")
        await command(at, "target H")
        await at.until(lambda: shown(at) == "targets" and cursor(at) == "H")
        assert at.app.screen.filter == ""  # type: ignore[attr-defined]
        await at.pilot.press("left_square_bracket")
        await at.until(lambda: shown(at) == "map")
        await at.pilot.press("left_square_bracket")
        await at.until(lambda: shown(at) == "targets" and cursor(at) == first)
        await at.until(lambda: at.app.screen.filter == "!x")  # type: ignore[attr-defined]
        await at.pilot.press("right_square_bracket", "right_square_bracket")
        await at.until(lambda: shown(at) == "targets" and cursor(at) == "H")
        await at.pilot.press("right_square_bracket")
        await at.until(lambda: "the way ends here" in at.app.store.note[0])


async def test_minus_goes_to_the_screen_before(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.pilot.press("minus")
        assert "no other screen" in at.app.store.note[0]
        await at.pilot.press("2", "minus")
        await at.until(lambda: shown(at) == "sites")
        await at.pilot.press("minus")
        await at.until(lambda: shown(at) == "targets")


async def test_a_snapshot_is_found_by_its_beginning(tmp_path: Path) -> None:
    entry = SnapshotEntry(
        id="sha256:abcdef12", site="pittsburgh", taken="2026-11-22T08:00:00Z", hosts=1, guests=1
    )
    async with desk(tmp_path) as at:
        at.service.answers[requests.ListSnapshots] = lambda _: (entry,)
        await at.pilot.press("ctrl+p", *"abcdef12")
        matches = at.app.screen.query_one("#matches", VirtualTable)
        await at.until(lambda: matches.keys)
        assert "pittsburgh 2026-11-22 08:00Z abcdef12" in matches.named()
        await at.pilot.press("enter")
        await at.until(lambda: stands(at, "snapshots", entry.id))
        await at.pilot.press("1")
        await command(at, "snapshot abcd")
        await at.until(lambda: stands(at, "snapshots", entry.id))
