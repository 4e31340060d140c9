"""`drconsole` without a command: the console, where there is a terminal for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from drconsole.cli.words import config
from drconsole.errors import UsageError


def open_console(*, observe: bool = False, plain: bool = False) -> None:
    """Opens the console, with `observe` to look only, with `plain` as lines.

    Somebody who types at what shows no screens, such as TERM=dumb, gets the lines too. Raises UsageError
    where nobody is there.
    """
    if plain or (_shows_no_screens() and sys.stdin.isatty()):
        from drconsole.console.plain.session import run_plain

        run_plain(config(), observe=observe)
        return
    _needs_terminal()
    from drconsole.cli.configuration import writable
    from drconsole.cli.setup import FileSetup
    from drconsole.console.opening import run_console
    from drconsole.console.wanted import Demo, OpenFile

    setup = None if observe else FileSetup(writable(config()))
    while isinstance(wanted := run_console(config(), observe=observe, setup=setup), OpenFile):
        open_file(wanted.path)
    if isinstance(wanted, Demo):
        _demo()


def _demo() -> None:
    """Does what `drconsole demo` does."""
    from drconsole.cli.demo import command

    command.main(args=[], prog_name="drconsole demo", standalone_mode=False)


def open_file(path: Path) -> None:
    """Opens the console on a snapshot file. Raises UsageError off a terminal."""
    _needs_terminal()
    from drconsole.console.opening import read_snapshot_file

    read_snapshot_file(path)


def shows_screens() -> bool:
    """Whether there is a terminal for the console, and somebody at it."""
    return sys.stdin.isatty() and not _shows_no_screens()


def _shows_no_screens() -> bool:
    return not sys.stdout.isatty() or (os.environ.get("TERM") or "dumb") == "dumb"


def _needs_terminal() -> None:
    """Raises UsageError off a terminal: Textual would write escapes all the same."""
    if _shows_no_screens() or not sys.stdin.isatty():
        how = "`ssh -t` asks for one; " if "SSH_CONNECTION" in os.environ else ""
        raise UsageError(
            "the console needs a terminal",
            remedy=f"{how}`drconsole --help` lists the commands, which need none; --plain takes lines",
        )
