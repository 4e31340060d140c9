"""OpenSSH's own server and client in tmux: a drill by keys alone, while the connection is killed twice."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.chaos.ssh_door import SshDoor, missing, ssh_door
from tests.conftest import SESSION
from tests.console.tmux import Tmux, Window, tmux
from tests.lab.operator import COMMAND
from tests.lab.own_lab import OwnLab, own_lab

pytestmark = pytest.mark.timeout(300)

SPEED = 120.0
ENDS_WITHIN_S = 10.0
INHERITED = (SESSION, "XDG_RUNTIME_DIR", "TMPDIR", "PYTHONPYCACHEPREFIX", "PYTHONPATH")
"""What a session needs to find the same service, and to be found should it stay behind."""


@dataclass(frozen=True)
class Desk:
    """An operator's terminals, and the machine that they log in to."""

    lab: OwnLab
    door: SshDoor
    tmux: Tmux

    def opens(self, name: str, size: tuple[int, int] = (120, 40)) -> Window:
        """Logs in; the account's forced command is the console."""
        return self.tmux.open(name, self.door.words(), size)

    def consoles(self) -> list[psutil.Process]:
        """The consoles that run on this lab."""
        return [process for process in _marked(str(self.lab.configuration)) if _is_console(process)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    assert missing() == ""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    forced = f"ForceCommand {COMMAND} --config {tmp_path}/lab/drconsole.toml\n"
    with (
        own_lab(tmp_path / "lab", hosts=2, vms=8, targets=6, speed=SPEED) as lab,
        ssh_door(tmp_path / "ssh", {**inherited, "LANG": "C.UTF-8"}, more=forced) as door,
        tmux() as terminals,
    ):
        yield Desk(lab, door, terminals)


def test_a_drill_by_keys_while_the_connection_is_killed_twice(desk: Desk) -> None:
    first = desk.opens("first")
    first.sees("[1 Sites]", "pittsburgh", "live")
    first.press("c")
    first.sees("verified")
    first.press("R")
    first.sees("Recover pittsburgh", "drill")
    first.press("Enter")
    first.sees("DRILL")
    first.press("y")
    run = _run_of(first.sees("[5 Run]", "✓ preflight", "attached"))

    # The operator's machine is gone, in the middle.
    psutil.Process(first.pid).kill()
    first.ends()
    _until(lambda: not desk.consoles(), "the console ended with its connection")

    second, watcher = desk.opens("second", (80, 24)), desk.opens("watcher")
    for window in (second, watcher):
        window.sees("[1 Sites]", run)
        window.press("5")
        window.sees("[5 Run]", run, "attached", "▶")

    # The server's end of one connection is gone; the other one goes on.
    _session_of(desk, second).kill()
    second.ends()
    _until(lambda: len(desk.consoles()) == 1, "the other console goes on")

    third = desk.opens("third")
    third.sees("[1 Sites]", run)
    third.press("5")
    third.sees(run, "drill ● held", within=100)
    for window in (third, watcher):
        window.sees("✓ preflight", "✓ verify", "Stages 9/9")
        assert _machines(window.text) == {"vc-01", "esx-01", "esx-02"}
    third.press("C")
    third.sees("y ")
    third.press("y")
    third.sees("drill ✓ done", within=60)
    watcher.sees("drill ✓ done")
    shown = desk.lab.operator.json("run", "show", run)
    assert (shown["state"], shown["cleanup"]["state"]) == ("done", "done")
    assert len(desk.lab.operator.json("run", "list")) == 1

    for window in (third, watcher):
        window.press("q")
        window.ends()
    _until(lambda: not desk.consoles(), "no console is left")
    assert _terminals_of(_marked(str(desk.lab.directory))) == []


def _run_of(text: str) -> str:
    return next(word for word in text.split() if word.startswith("R-2"))


def _machines(text: str) -> set[str]:
    return {name for name in ("vc-01", "esx-01", "esx-02") if name in text}


def _session_of(desk: Desk, window: Window) -> psutil.Process:
    """The server's process that holds the terminal's connection."""
    here = {c.laddr.port for c in psutil.Process(window.pid).net_connections() if c.raddr}
    for process in psutil.Process(desk.door.pid).children():
        if here & {c.raddr.port for c in process.net_connections() if c.raddr}:
            return process
    raise AssertionError("nobody serves this terminal")


def _is_console(process: psutil.Process) -> bool:
    return str(COMMAND) in process.cmdline() and "-c" not in process.cmdline()


def _marked(about: str) -> list[psutil.Process]:
    """Processes that inherited this test session's mark and name a path in their words."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.environ().get(SESSION) == os.environ[SESSION] and about in " ".join(process.cmdline()):
                found.append(process)
    return found


def _terminals_of(processes: list[psutil.Process]) -> list[str]:
    """What these processes hold of terminals."""
    held = []
    for process in processes:
        with suppress(OSError):
            for entry in Path(f"/proc/{process.pid}/fd").iterdir():
                with suppress(OSError):
                    if (target := os.readlink(entry)).startswith(("/dev/pts/", "/dev/ptmx")):
                        held.append(f"{process.pid} {target}")
    return held


def _until(seen: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + ENDS_WITHIN_S
    while not seen():
        assert time.monotonic() < until, f"never: {what}"
        time.sleep(0.1)
