"""What a row left behind: labs, services and runners that inherited this process's mark."""

from __future__ import annotations

import os
from contextlib import suppress

import psutil

MARK = "DRCONSOLE_CHAOS"
"""An environment variable with this process's pid: whatever is started from here inherits it."""

_OURS = ("drconsole.", "bin/drconsole", "tests.chaos.", "sshd")


def end_left() -> list[str]:
    """Kills, by pid, every process that this one started and that still stands; returns them."""
    told = []
    for process in marked():
        with suppress(psutil.NoSuchProcess):
            told.append(f"{process.pid} {' '.join(process.cmdline())[:120]}")
            process.kill()
            process.wait(5)
    return told


def marked() -> list[psutil.Process]:
    """Returns the processes of ours that inherited the mark, however far down."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or ())
        if process.pid == os.getpid() or _own_help(words) or not any(word in words for word in _OURS):
            continue
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.environ().get(MARK) == os.environ.get(MARK, str(os.getpid())):
                found.append(process)
    return found


def _own_help(words: str) -> bool:
    """multiprocessing's own processes end with this one."""
    return "multiprocessing.forkserver" in words or "multiprocessing.resource_tracker" in words
