"""`drconsole` without a command: the console, where there is a terminal for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from drconsole.cli.words import config
from drconsole.errors import UsageError


def open_console(*, observe: bool = False) -> None:
    """Opens the console, with `observe` to look only.

    Raises UsageError off a terminal.
    """
    _needs_terminal()
    from drconsole.cli.configuration import writable
    from drconsole.cli.setup import FileSetup
    from drconsole.console.opening import run_console

    run_console(config(), observe=observe, setup=None if observe else FileSetup(writable(config())))


def open_file(path: Path) -> None:
    """Opens the console on a snapshot file. Raises UsageError off a terminal."""
    _needs_terminal()
    from drconsole.console.opening import read_snapshot_file

    read_snapshot_file(path)


def _needs_terminal() -> None:
    """Raises UsageError off a terminal: Textual would write escapes all the same."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM", "dumb") == "dumb":
        how = "`ssh -t` asks for one; " if "SSH_CONNECTION" in os.environ else ""
        raise UsageError(
            "the console needs a terminal",
            remedy=f"{how}`drconsole --help` lists the commands, which need none",
        )
