"""What changes under a dialog is painted once, and then nothing is painted any more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual._compositor import Compositor

from drconsole.console.app import ConsoleApp
from drconsole.console.screens.dialogs import Ask
from tests.console.small_world import world


async def test_a_screen_that_changes_under_a_dialog_is_not_painted_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[bool] = []
    paints = Compositor.render_update

    def counted(compositor: Compositor, *given: Any, **named: Any) -> Any:
        painted.append(True)
        return paints(compositor, *given, **named)

    monkeypatch.setattr(Compositor, "render_update", counted)
    with world(tmp_path).listening() as service:
        app = ConsoleApp(str(service.config))
        async with app.run_test(size=(120, 40)) as pilot:
            app.push_screen(Ask("A question", []))
            await pilot.pause(0.5)
            for number in range(3):  # the line of what is live changes below
                app.say(f"told {number}")
                await pilot.pause(0.2)
            painted.clear()
            await pilot.pause(1.5)
            # Ticks may paint an age; what went wrong painted sixty times a second.
            assert len(painted) <= 6
