"""Opening the console: the one function that commands call."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from drconsole.console.terminal import memory

if TYPE_CHECKING:
    from drconsole.api.setting_up import SiteSetup
    from drconsole.console.app import ConsoleApp
    from drconsole.console.wanted import Wanted

_GRACE_S = 2.0
_ENDS = (signal.SIGHUP, signal.SIGTERM)


def run_console(
    config: str | None,
    *,
    observe: bool = False,
    setup: SiteSetup | None = None,
    replay: tuple[str, float] | None = None,
) -> Wanted:
    """Shows the console on a configuration (None: where it is looked for) until the operator leaves.

    Returns what they ask for that a console cannot do: the demo, a snapshot file; None for nothing.

    With `observe` the service refuses this console whatever changes something. `setup` is what a site is
    set up with where there is no configuration. `replay` is a run that is over and the pace
    at which it is shown once more. Whoever calls has made sure that there is a terminal. Runs go on
    without it.
    """
    memory.hold()
    from drconsole.console.app import ConsoleApp

    app = ConsoleApp(config)
    app.observe, app.setup, app.wants_replay = observe, setup, replay
    _run(app)
    return app.wanted


def read_snapshot_file(path: Path) -> None:
    """Shows a snapshot file until the operator leaves; neither service nor configuration is needed.

    Whoever calls has made sure that there is a terminal.
    """
    from drconsole.console.file_console import FileConsole

    _run(FileConsole(path))


def _run(app: ConsoleApp) -> None:
    before = {number: signal.signal(number, _leaves(app)) for number in _ENDS}
    try:
        app.run(mouse=False)
    finally:
        gc.enable()
        for number, handler in before.items():
            signal.signal(number, handler)
    if app.return_code:
        raise SystemExit(app.return_code)


def _leaves(app: ConsoleApp) -> Callable[[int, FrameType | None], None]:
    """Returns what to do when the terminal is gone, or somebody ends the console from outside.

    Textual handles neither: left alone the process dies in the middle, and a terminal that is still
    there stays raw; an ignored SIGHUP spins on a dead terminal. A loop's own signal handler hangs at
    times, so the plain one asks the app to end, and a thread ends the process if it cannot.
    """

    def ended(number: int, _frame: FrameType | None) -> None:
        last = threading.Timer(_GRACE_S, os._exit, (128 + number,))
        last.daemon = True
        last.start()
        if app.home_loop is not None:
            app.home_loop.call_soon_threadsafe(app.exit)

    return ended
