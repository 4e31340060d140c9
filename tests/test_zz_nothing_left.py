"""The last test: nothing that this session started is still there. `conftest` sees to its place."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil

from tests.conftest import SESSION

ENDS_WITHIN_S = 5.0
ROOMS = ("drconsole.lab.process", "drconsole.service", "drconsole.recovery.runner", "bin/drconsole")


def ours() -> list[str]:
    """Labs, services, runners and commands that inherited this session's mark, however far down."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        words = " ".join(process.info["cmdline"] or ())
        if process.info["pid"] == os.getpid() or not any(room in words for room in ROOMS):
            continue
        try:
            if process.environ().get(SESSION) == os.environ[SESSION]:
                found.append(f"{process.info['pid']}: {words[:200]}")
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def test_a_process_of_ours_would_be_found() -> None:
    """Else the test below proves nothing: a child in a session of its own, as services are."""
    command = [sys.executable, "-c", "import time; time.sleep(60)", "drconsole.service"]
    child = subprocess.Popen(command, start_new_session=True)
    try:
        assert [line for line in ours() if line.startswith(f"{child.pid}: ")]
    finally:
        child.kill()
        child.wait()


def test_no_lab_service_or_runner_of_this_session_is_left() -> None:
    until = time.monotonic() + ENDS_WITHIN_S
    while (left := ours()) and time.monotonic() < until:
        time.sleep(0.1)
    assert left == []
