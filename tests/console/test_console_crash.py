"""A mistake of ours ends the console with a line, and lies in a file for whoever mends it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from drconsole.console.app import ConsoleApp
from drconsole.console.screens.sites import SitesView
from tests.console.small_world import world


def mistaken(_: SitesView) -> None:
    raise ZeroDivisionError("a mistake of ours")


async def _opened(app: ConsoleApp) -> None:
    async with app.run_test() as pilot:
        await pilot.pause(5)


def test_a_mistake_of_ours_is_a_line_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(SitesView, "show", mistaken)
    with world(tmp_path).listening() as service, pytest.raises(ZeroDivisionError):
        asyncio.run(_opened(ConsoleApp(str(service.config))))
    file = Path(os.environ["XDG_STATE_HOME"], "drconsole/crash.txt")
    assert "ZeroDivisionError: a mistake of ours" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    said = capfd.readouterr().err
    assert "runs go on without it" in said
    assert "crash.txt" in said.replace("\n", "")
    assert "Traceback" not in said
