"""The operator's SSH connection drops twenty times in one run, and the service is killed three times."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.chaos.drills import journal_of, rest, started
from tests.chaos.left import MARK
from tests.chaos.row import Row
from tests.chaos.ssh_door import Session, SshDoor, missing, ssh_door
from tests.lab.operator import COMMAND
from tests.lab.own_lab import OwnLab, own_lab

NAME = "SSH connection dropped"
AIM = "run unaffected, all shown"

DROPS = 20
LONG_DROPS = 100
SERVICE_KILLED_AT = (5, 10, 15)
SPEED = 40.0
LONG_SPEED = 10.0
SHOWN_WITHIN_S = 20.0
GONE_WITHIN_S = 5.0
INHERITED = (MARK, "XDG_RUNTIME_DIR", "TMPDIR", "PYTHONPYCACHEPREFIX")
"""What a session needs to find the same service, and to be found should it stay behind."""

_EVENT = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)  (\S+)")


@dataclass
class Seen:
    """What the drops showed."""

    drops: int = 0
    services: set[int] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    events: int = 0


async def row(long: bool) -> Row:
    """Attaches, loses the connection, attaches again, while one drill goes on."""
    if why := missing():
        return Row(name=NAME, figure="not measured", aim=AIM, ok=False, note=why)
    with tempfile.TemporaryDirectory(prefix="chaos-") as base:
        return judged(await asyncio.to_thread(_dropped, Path(base), long))


def judged(seen: Seen) -> Row:
    """Returns the row of what was seen."""
    note = (
        f"{len(seen.services)} services one after another, one runner, {seen.events} events shown at the end"
    )
    return Row(
        name=NAME,
        figure=f"{seen.drops} drops, {len(seen.wrong)} wrong",
        aim=AIM,
        ok=seen.drops >= DROPS and len(seen.services) > len(SERVICE_KILLED_AT) and not seen.wrong,
        note="; ".join([note, *seen.wrong[:4]]),
    )


def _dropped(folder: Path, long: bool) -> Seen:
    seen = Seen()
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    speed = LONG_SPEED if long else SPEED
    with (
        own_lab(folder / "lab", hosts=2, vms=12, targets=4, speed=speed) as lab,
        ssh_door(folder / "ssh", environment) as door,
    ):
        lab.captured()
        run = started(lab)
        for number in range(LONG_DROPS if long else DROPS):
            _drop(lab, door, run, number, seen)
        rest(lab, run, "held", 200)
        _whole(lab, door, run, seen)
    return seen


def _drop(lab: OwnLab, door: SshDoor, run: str, number: int, seen: Seen) -> None:
    """One connection: every fourth has the console, the others `run attach`; each end dies in turn."""
    if journal_of(lab).run(run)["state"] == "held":
        seen.wrong.append(f"the run was over before drop {number}")
    console = number % 4 == 3
    session = door.run(_words(lab, *(() if console else ("run", "attach", run))))
    try:
        if not _until(lambda: _shows(session, run, console=console), SHOWN_WITHIN_S):
            seen.wrong.append(f"connection {number} showed nothing: {session.shown()[-200:]!r}")
        if number in SERVICE_KILLED_AT:
            _kill_service(lab, seen)
        if number % 2:
            door.drop_servers()
        else:
            session.drop_client()
    finally:
        session.end()
    seen.drops += 1
    seen.services.add(_service(lab))
    if not console:
        _compare(lab, run, session, seen, whole=False)
    if not _until(lambda: not _attached(lab), GONE_WITHIN_S):
        seen.wrong.append(f"left behind by drop {number}: {_attached(lab)}")


def _words(lab: OwnLab, *words: str) -> list[str]:
    return [str(COMMAND), "--config", str(lab.configuration), *words]


def _shows(session: Session, run: str, *, console: bool) -> bool:
    shown = session.shown()
    return run in shown if console else bool(_lines(shown))


def _service(lab: OwnLab) -> int:
    with suppress(OSError, ValueError):
        return int((lab.directory / "state" / "service.lock").read_text())
    return 0


def _kill_service(lab: OwnLab, seen: Seen) -> None:
    pid = _service(lab)
    seen.services.add(pid)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _attached(lab: OwnLab) -> list[str]:
    """Commands and consoles of this lab that still run."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if str(COMMAND) in words and str(lab.configuration) in words:
            found.append(f"{process.pid} {' '.join(words[-3:])}")
    return found


def _lines(shown: str) -> list[tuple[str, str]]:
    """The events in a terminal's text, by time and by what they are about; a last half line is none."""
    whole = shown.replace("\r\n", "\n").rpartition("\n")[0]
    return [(found[1], found[2]) for line in whole.split("\n") if (found := _EVENT.match(line))]


def _compare(lab: OwnLab, run: str, session: Session, seen: Seen, *, whole: bool) -> None:
    """What was shown is the beginning of what happened, without a gap."""
    shown, told = _lines(session.shown()), journal_of(lab).lines(run)
    expected = told if whole else told[: len(shown)]
    if shown != expected:
        odd = next((n for n, (a, b) in enumerate(zip(shown, expected, strict=False)) if a != b), len(shown))
        seen.wrong.append(f"{len(shown)} events shown of {len(told)}, otherwise from {odd + 1}")
    seen.events = len(shown)


def _whole(lab: OwnLab, door: SshDoor, run: str, seen: Seen) -> None:
    """At the end: everything is shown, and nobody noticed anything."""
    session = door.run(_words(lab, "run", "attach", run))
    try:
        if session.client.wait(60) != 0:
            seen.wrong.append(f"the last attach ended with {session.client.returncode}")
    finally:
        session.end()
    _compare(lab, run, session, seen, whole=True)
    journal = journal_of(lab)
    if len(journal.takeovers(run)) != 1:
        seen.wrong.append(f"{len(journal.takeovers(run))} runners had the run")
    again = [step.key for step in journal.steps(run) if step.attempts > 1]
    seen.wrong += [f"{key} was tried again" for key in again[:3]]


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
