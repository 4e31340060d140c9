"""Four screens as pictures: in the colours of the night, without colour, and in ASCII on a small terminal.

After a change that is meant: `DRCONSOLE_TAKE_PICTURES=1 scripts/test tests/console/test_console_pictures.py`,
and look at the files in tests/console/pictures/ before they are kept.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from drconsole.console.app import ConsoleApp
from drconsole.console.known.following import Following
from drconsole.console.screens import frame
from tests.console.full_world import full
from tests.console.pictures import FOLDER, TAKE, Cell, differences, keep, kept, picture_of
from tests.console.scripted_service import ScriptedService, shows_run
from tests.console.small_world import run_view
from tests.unit.planning_site import small_site

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
SHOWN_WITHIN_S = 20.0
SCREENS = {"sites": "1", "map": "3", "run": "5", "snapshots": "7"}
DRESSES = {
    "night": ({"DRCONSOLE_THEME": "night"}, (120, 40)),
    "monochrome": ({"DRCONSOLE_THEME": "monochrome"}, (120, 40)),
    "ascii": ({"DRCONSOLE_THEME": "night", "DRCONSOLE_ASCII": "1"}, (80, 24)),
}


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedService]:
    """Everything stands still: the clock, and a run that is held."""
    monkeypatch.setattr(Following, "now", lambda _: NOW)
    monkeypatch.setattr(frame, "operator", lambda: "night-shift")
    monkeypatch.setenv("LANG", "C.UTF-8")
    service = full(tmp_path)
    view = run_view(small_site(), "held")
    stages = tuple(
        msgspec.structs.replace(s, state="done", started=view.started, ended=view.started, failed=0, done=4)
        for s in view.stages
    )
    steps = tuple(
        msgspec.structs.replace(s, state="done", ended=view.started, error=None) for s in view.steps
    )
    shows_run(
        service, msgspec.structs.replace(view, stages=stages, steps=steps, ended=view.started, rto_s=401.0)
    )
    with service.listening():
        yield service


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("dress", DRESSES)
async def test_a_screen_looks_as_it_did(
    service: ScriptedService, monkeypatch: pytest.MonkeyPatch, screen: str, dress: str
) -> None:
    environ, size = DRESSES[dress]
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    app = ConsoleApp(str(service.config))
    async with app.run_test(size=size) as pilot:
        await _known(app, pilot)
        await pilot.press(SCREENS[screen])
        await _compares(app, pilot, FOLDER / f"{screen}-{dress}.svg")


async def _known(app: ConsoleApp, pilot: Pilot[None]) -> None:
    until = time.monotonic() + SHOWN_WITHIN_S
    while not (app.store.inventories and app.store.captured and app.store.following and app.store.targets):
        assert time.monotonic() < until, "the service was not heard"
        await pilot.pause(0.1)


async def _compares(app: ConsoleApp, pilot: Pilot[None], file: Path) -> None:
    """Waits for the picture that is kept; where one is to be taken, for one that stands still."""
    if TAKE in os.environ:
        before = ""
        while (svg := app.export_screenshot(title="drconsole", simplify=True)) != before:
            before = svg
            await pilot.pause(2.5)
        keep(file, svg)
    wanted = kept(file)
    until = time.monotonic() + SHOWN_WITHIN_S
    while told := differences(wanted, picture_of(app.export_screenshot(title="drconsole"))):
        assert time.monotonic() < until, "\n".join(told)
        await pilot.pause(0.2)


def test_a_cell_that_looks_different_is_found() -> None:
    """Else the tests above prove nothing."""
    picture = kept(FOLDER / "sites-night.svg")
    assert len(picture) > 1000
    place = next(place for place, cell in picture.items() if cell.character == "w")
    cell = picture[place]
    for other in (cell._replace(character="v"), cell._replace(style="fill: #000000"), Cell()):
        assert len(differences(picture, {**picture, place: other})) == 3
