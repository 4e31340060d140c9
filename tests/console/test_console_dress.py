"""How it looks while it runs: themes that change on disk, a theme a site, production, local times."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest
from textual.color import Color

from drconsole.api import requests
from drconsole.console.app import ConsoleApp
from drconsole.console.style import themes
from drconsole.console.ways import remembered
from drconsole.console.words import phrases
from drconsole.model.run import RunSummary
from drconsole.model.step import Mode
from tests.console.scripted_service import ScriptedService
from tests.console.small_world import RUN, run_view, world
from tests.console.test_console_verbs import Desk, desk
from tests.unit.planning_site import small_site


def own_theme(name: str, **changes: str) -> Path:
    """A user's theme: night with other colours."""
    text = (themes.folders()[0] / "night.toml").read_text(encoding="utf-8")
    text = text.replace('name = "night"', f'name = "{name}"')
    for before, after in changes.items():
        text = text.replace(before, after)
    path = themes.folders()[1] / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


async def test_a_theme_is_chosen_and_kept_for_the_next_session(tmp_path: Path) -> None:
    async with desk(tmp_path, run=False) as at:
        assert at.app.shown_theme == "night"
        await at.pilot.press("colon", *"theme day", "enter")
        await at.until(lambda: at.app.shown_theme == "day")
        await at.until(lambda: remembered.recall().theme == "day")
        await at.pilot.press("colon", *"theme dusk", "enter")
        await at.until(lambda: "no theme is called dusk" in at.app.store.note[0])
    assert ConsoleApp(None).shown_theme == "day"


async def test_a_theme_that_changes_on_disk_is_shown_at_once(tmp_path: Path) -> None:
    async with desk(tmp_path, run=False) as at:
        own_theme("mine", **{"#0d1218": "#101010"})
        await at.until(lambda: "mine" in at.app.themes)
        at.app.choose_theme("mine")
        await at.until(lambda: at.app.theme_variables["background"].lower() == "#101010")
        own_theme("mine", **{"#0d1218": "#202020"})
        await at.until(lambda: at.app.theme_variables["background"].lower() == "#202020")
        own_theme("mine", **{"#0d1218": "#20202x"})
        await at.until(lambda: "mine.toml" in at.app.store.note[0])
        await at.until(lambda: at.app.shown_theme == "night")


def with_theme(service: ScriptedService, name: str) -> None:
    """Gives the site a theme of its own."""
    answer = service.answers[requests.ListSites]
    entries = answer(requests.ListSites())
    assert isinstance(entries, tuple)
    changed = tuple(msgspec.structs.replace(entry, theme=name) for entry in entries)
    service.answers[requests.ListSites] = lambda _: changed


async def test_a_site_has_its_own_theme_while_one_works_on_it(tmp_path: Path) -> None:
    service = world(tmp_path, run=False)
    with_theme(service, "high-contrast")
    with service.listening():
        app = ConsoleApp(str(service.config))
        async with app.run_test(size=(120, 40)) as pilot:
            at = Desk(app, pilot, service)
            await at.until(lambda: app.shown_theme == "high-contrast")
            await pilot.press("T")
            await at.until(lambda: "site pittsburgh asks for it" in app.store.note[0])
            assert app.shown_theme == "high-contrast"


async def test_a_sites_theme_that_does_not_exist_is_said_once(tmp_path: Path) -> None:
    service = world(tmp_path, run=False)
    with_theme(service, "red")
    with service.listening():
        app = ConsoleApp(str(service.config))
        async with app.run_test(size=(120, 40)) as pilot:
            at = Desk(app, pilot, service)
            await at.until(lambda: "site pittsburgh asks for theme red; there are day" in app.store.note[0])
            app.store.say("", "dim", 0.0)
            app.update()
            assert app.store.note[0] == ""
            assert app.shown_theme == "night"


@pytest.mark.parametrize("name", ["night", "monochrome", "day", "sixteen"])
async def test_production_never_looks_like_a_drill(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRCONSOLE_THEME", name)
    borders = {}
    wanted: tuple[tuple[Mode, str], ...] = (("drill", " DRILL "), ("disaster", "!! REAL !!"))
    for mode, words in wanted:
        (tmp_path / mode).mkdir()
        borders[mode] = await border(tmp_path / mode, mode, words)
    assert borders["drill"][0] != borders["disaster"][0] == "heavy"
    if name != "monochrome":
        assert borders["drill"][1] != borders["disaster"][1]


async def border(folder: Path, mode: Mode, words: str) -> tuple[str, Color]:
    """Returns the border of a pane while a run of a mode goes on."""
    service = world(folder)
    view = msgspec.structs.replace(run_view(small_site()), mode=mode)
    summary = RunSummary(
        run=RUN, site=view.site, mode=mode, state="running", snapshot="", started=None, ended=None
    )
    service.answers[requests.ListRuns] = lambda _: (summary,)
    service.answers[requests.ShowRun] = lambda _: view
    with service.listening():
        app = ConsoleApp(str(service.config))
        async with app.run_test(size=(80, 24)) as pilot:
            at = Desk(app, pilot, service)
            await at.until(lambda: words in app.screen.query_one("#head").render_line(0).text)
            await pilot.pause()
            found = app.screen.query_one("#objects").styles.border_top
            assert isinstance(found, tuple)
            return found


async def test_times_are_utc_until_local_ones_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Etc/GMT-5")
    time.tzset()
    try:
        async with desk(tmp_path, run=False) as at:
            state = at.app.screen.query_one("#state")
            await at.until(lambda: "last snapshot 08:00Z" in state.render_line(0).text)
            await at.pilot.press("L")
            await at.until(lambda: "local times" in at.app.store.note[0])
            at.app.store.say("", "dim", 0.0)
            await at.until(lambda: "last snapshot 13:00L" in state.render_line(0).text)
            assert phrases.when("2026-11-22T23:30:00Z") == "2026-11-23 04:30L"
            await at.pilot.press("L")
            at.app.store.say("", "dim", 0.0)
            await at.until(lambda: "last snapshot 08:00Z" in state.render_line(0).text)
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


def test_every_shape_of_a_moment_is_told() -> None:
    assert phrases.clock("2026-11-22T14:00:00Z") == "14:00Z"
    assert phrases.clock("") == "–"
    assert phrases.seconds_clock("2026-11-22T14:10:41.5Z") == "14:10:41Z"
    phrases.show_local(True)
    assert phrases.clock("2026-11-22T14:00:00Z").endswith("L")
    assert phrases.seconds_clock("2026-11-22T14:10:41Z").endswith("L")
