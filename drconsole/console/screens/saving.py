"""Writing to a file that the operator names; one that exists is only replaced when that is meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from drconsole.console.screens.dialogs import Ask, Confirm
from drconsole.console.screens.files import write_bytes
from drconsole.console.screens.view import View
from drconsole.console.widgets.drawing import prose


class Saving(View):
    """A screen that writes files."""

    def save_as(self, title: str, name: str, made: Callable[[], bytes]) -> None:
        """Asks where to, with `name` proposed, and writes there what `made` gives, in a thread."""

        def chosen(text: str | None) -> None:
            if text:
                path = Path(text).expanduser()
                self.console_app.in_thread(
                    f"looking at {path}", path.exists, lambda exists: self._meant(path, made, exists)
                )

        self.app.push_screen(Ask(title, [[("to the file", "dim")]], value=name), chosen)

    def _meant(self, path: Path, made: Callable[[], bytes], exists: bool) -> None:
        if exists:
            self.app.push_screen(
                Confirm("Replace the file", prose(f"{path} exists.", "warn"), "replaces it"),
                lambda yes: self._save(path, made) if yes else None,
            )
        else:
            self._save(path, made)

    def _save(self, path: Path, made: Callable[[], bytes]) -> None:
        self.console_app.in_thread(
            f"writing {path}",
            lambda: write_bytes(made(), path),
            lambda where: self.console_app.say(f"wrote {where}", "ok"),
        )
