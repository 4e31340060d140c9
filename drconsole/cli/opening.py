"""`drconsole` without a command: the console, where there is a terminal for it."""

from __future__ import annotations

import os
import sys

from drconsole.cli.words import config
from drconsole.errors import UsageError


def open_console() -> None:
    """Opens the console. Raises UsageError off a terminal: Textual would write escapes all the same."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM", "dumb") == "dumb":
        raise UsageError(
            "the console needs a terminal",
            remedy="`drconsole --help` lists the commands, which need none",
        )
    from drconsole.console.opening import run_console

    run_console(config())
