"""The console on a snapshot file: one screen, and nothing that a service would have to answer."""

from __future__ import annotations

from pathlib import Path

from drconsole.console.app import ConsoleApp
from drconsole.console.screens.snapshot_file import SnapshotFile


class FileConsole(ConsoleApp):
    """Reads one file. It never connects."""

    def __init__(self, path: Path) -> None:
        super().__init__(None)
        self._path = path

    def begin(self) -> None:
        """Shows the file."""
        self.push_screen(SnapshotFile(self._path))
