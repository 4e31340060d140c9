"""Processes by pid and start time: a pid comes again, the pair does not."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path

from drconsole.journal.runs import Owner, RunRow


def myself() -> Owner:
    """Returns this process as a runner's identity."""
    return Owner(pid=os.getpid(), pid_started=_started(os.getpid()) or 0.0, host=socket.gethostname())


def known_dead(row: RunRow) -> bool:
    """Whether the run's last runner is known to be gone. False where it ran on another machine."""
    if row.pid is None:
        return True
    return row.host == socket.gethostname() and _started(row.pid) != row.pid_started


def end_silent(row: RunRow) -> None:
    """Kills the run's last runner where it still stands on this machine.

    For one that has stopped beating: stopped in mid-commit it would hold the database from its
    successor. The pid is proven to be that runner's by its start time.
    """
    if row.pid is not None and row.host == socket.gethostname() and not known_dead(row):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(row.pid, signal.SIGKILL)


def _started(pid: int) -> float | None:
    """The start of a process in clock ticks since boot; None for one that is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else float(fields[19])
