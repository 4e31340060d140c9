"""Opening without a configuration: three ways in, each by a key; a site is set up by a form."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import click
import pytest
from textual.pilot import Pilot

from drconsole.api.setting_up import NewSite
from drconsole.cli import opening
from drconsole.cli.main import root
from drconsole.console.app import ConsoleApp
from drconsole.console.screens.setting_up import SettingUp
from drconsole.console.screens.welcome import Welcome
from drconsole.console.wanted import Demo, OpenFile
from drconsole.console.widgets.painted import Painted

PIN = "sha256:" + "a" * 64


class Setup:
    """Takes addresses with a colon, knows one certificate, remembers what was added."""

    path = "/etc/drconsole/drconsole.toml"

    def __init__(self) -> None:
        self.added: list[NewSite] = []
        self.asked: list[str] = []

    def trouble(self, field: str, text: str) -> str:
        return (
            "expected HOST:PORT"
            if field == "address" and ":" not in text
            else ""
            if text
            else "expected text"
        )

    async def shown_pin(self, address: str) -> str:
        self.asked.append(address)
        return PIN

    async def add(self, site: NewSite) -> str:
        self.added.append(site)
        return self.path


@asynccontextmanager
async def welcome(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[ConsoleApp, Pilot[None]]]:
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("DRCONSOLE_CONFIG", raising=False)
    app = ConsoleApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Welcome))
        yield app, pilot


async def until(pilot: Pilot[None], seen: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not seen():
        assert time.monotonic() < end, pilot.app.screen
        await pilot.pause(0.05)


def told(app: ConsoleApp, query: str) -> str:
    pane = app.screen.query_one(query, Painted)
    return "\n".join(pane.render_line(y).text.rstrip() for y in range(pane.size.height))


async def test_d_asks_for_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with welcome(tmp_path, monkeypatch) as (app, pilot):
        await pilot.press("d")
        assert app.wanted == Demo()


async def test_o_asks_for_a_snapshot_file_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site.xml").write_text("<snapshot/>", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    async with welcome(tmp_path, monkeypatch) as (app, pilot):
        await pilot.press("o", *"no.xml", "enter")
        await until(pilot, lambda: "there is no file" in told(app, "#welcome-told"))
        assert app.wanted is None
        await pilot.press("o", *"site.xml", "enter")
        await until(pilot, lambda: app.wanted)
        assert app.wanted == OpenFile(tmp_path / "site.xml")


async def test_a_site_is_set_up_and_judged_while_one_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with welcome(tmp_path, monkeypatch) as (app, pilot):
        app.setup = setup = Setup()
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, SettingUp))
        await pilot.press(*"erie", "enter")
        await pilot.pause()
        await pilot.press(*"vc")
        await pilot.pause()
        assert "✗ expected HOST:PORT" in told(app, "#about-address")
        await pilot.press("enter")
        await pilot.pause()
        assert app.focused is app.screen.query_one("#field-address")
        await pilot.press(*":443", "enter")
        await pilot.pause()
        assert "✓" in told(app, "#about-address")
        for text in ("reader", "env:PASSWORD"):
            await pilot.press(*text, "enter")
            await pilot.pause()
        await pilot.press("ctrl+t")
        await until(pilot, lambda: PIN in told(app, "#shown"))
        assert "compare it" in told(app, "#shown")
        assert setup.added == []
        await pilot.press("ctrl+t", "enter")
        await until(pilot, lambda: setup.added)
        expected = NewSite(name="erie", address="vc:443", username="reader", password="env:PASSWORD", pin=PIN)
        assert setup.added == [expected]
        assert setup.asked == ["vc:443"]


async def test_escape_writes_nothing_and_goes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with welcome(tmp_path, monkeypatch) as (app, pilot):
        app.setup = setup = Setup()
        await pilot.press("s", *"erie", "escape")
        await until(pilot, lambda: isinstance(app.screen, Welcome))
        assert setup.added == []


def test_whoever_opened_the_console_carries_out_what_it_was_left_for(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = iter([OpenFile(Path("/a.xml")), Demo()])
    done: list[object] = []
    monkeypatch.setattr("drconsole.console.opening.run_console", lambda *_, **__: next(wanted))
    monkeypatch.setattr(opening, "open_file", done.append)
    monkeypatch.setattr(opening, "_demo", lambda: done.append("demo"))
    monkeypatch.setattr(opening, "_needs_terminal", lambda: None)
    monkeypatch.setattr(opening, "_shows_no_screens", lambda: False)
    with click.Context(root):
        opening.open_console()
    assert done == [Path("/a.xml"), "demo"]
