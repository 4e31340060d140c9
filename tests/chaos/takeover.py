"""From a killed runner to the first new act in the lab: noticed, started, logged in, done."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.drills import Stuck, journal_of, orders_of, rest, started, trouble
from tests.chaos.inside.orders import Line, Orders, heeded
from tests.chaos.journal_file import moment
from tests.chaos.row import Row
from tests.comparer.ledger import Entry
from tests.lab.own_lab import OwnLab, own_lab

NAME = "killed to first new act"
AIM = "median 1.5 s, p95 3 s"
MEDIAN_S = 1.5
P95_S = 3.0

SPEED = 60.0
KILLS = 8
LONG_KILLS = 30
SEED = 20261122
PATIENCE_S = 150.0
POLL_S = 0.05

_BY_ITSELF = ("array1", "array2", "machine/")
"""Actors of the ledger that go on without any runner: replication, and machines that install."""


@dataclass(frozen=True)
class Gap:
    """Seconds from a kill: until the next runner's process began, had the run, began an act, and until
    the lab's ledger had an effect of it."""

    born: float
    taken: float
    acted: float
    effect: float


async def row(long: bool) -> Row:
    """Kills runners of a drill in the middle of their work, each after a few acts of its own."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as base, heeded():
        return judged(await asyncio.to_thread(_gaps, Path(base), LONG_KILLS if long else KILLS))


def judged(gaps: Sequence[Gap]) -> Row:
    """Returns the row of what was measured."""
    effects = sorted(gap.effect for gap in gaps)
    median, late = statistics.median(effects), effects[max(0, round(0.95 * len(effects)) - 1)]
    parts = {word: statistics.median(getattr(gap, word) for gap in gaps) for word in Gap.__dataclass_fields__}
    order = ", ".join(f"{word} {seconds:.2f} s" for word, seconds in parts.items())
    met = median <= MEDIAN_S and late <= P95_S
    return Row(
        name=NAME,
        figure=f"{median:.2f} s, p95 {late:.2f} s of {len(gaps)}",
        aim=AIM,
        ok=met,
        slow=not met,
        note=f"medians after the kill: {order}",
    )


def _gaps(folder: Path, wanted: int) -> list[Gap]:
    draw, found = random.Random(SEED), list[Gap]()
    with own_lab(folder / "lab", hosts=2, vms=30, targets=4, speed=SPEED) as lab:
        lab.captured()
        while len(found) < wanted:
            orders_of(lab).order(Orders())
            run, start = started(lab), len(lab.ledger())
            kills = _killed_in_work(lab, run, draw, wanted - len(found))
            rest(lab, run, "held", PATIENCE_S)
            found += [_gap(lab, run, kill, lab.ledger()[start:]) for kill in kills]
            if len(found) < wanted:
                lab.operator.json("run", "cleanup", run, "--detach")
                rest(lab, run, "done", PATIENCE_S)
    return found


def _killed_in_work(lab: OwnLab, run: str, draw: random.Random, most: int) -> list[float]:
    """Kills runner after runner while there is plenty left to act on; returns when (Unix seconds)."""
    kills: list[float] = []
    journal, log, until = journal_of(lab), orders_of(lab), time.monotonic() + PATIENCE_S
    while len(kills) < most and journal.run(run)["state"] in ("pending", "running"):
        if time.monotonic() > until:
            raise Stuck(f"{run} does not come further: {trouble(lab, run)}")
        pid, needed = int(journal.run(run)["pid"] or 0), draw.randint(2, 4)
        mine = [line for line in log.log("act") if line.pid == pid and _plenty(line)]
        if len(mine) >= needed and journal.left(run) > 20:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                kills.append(time.time())
                _wait_for_another(lab, run, pid)
        time.sleep(POLL_S)
    return kills


def _plenty(line: Line) -> bool:
    """Acts of these stages follow one another closely: whoever comes next has one to do at once."""
    return line.key.startswith(("import/", "guests/"))


def _wait_for_another(lab: OwnLab, run: str, than: int) -> None:
    until = time.monotonic() + 30
    while journal_of(lab).run(run)["pid"] == than and time.monotonic() < until:
        time.sleep(0.02)


def _gap(lab: OwnLab, run: str, kill: float, entries: Sequence[Entry]) -> Gap:
    """The next runner's first act, and the first effect that the lab noted since then."""
    born = min(line.at for line in orders_of(lab).log("born") if line.at > kill)
    taken = min(event.at for event in journal_of(lab).takeovers(run) if event.at > kill - 0.001)
    acted = min(line.at for line in orders_of(lab).log("act") if line.at > kill)
    effects = (moment(entry.at) for entry in entries if not entry.actor.startswith(_BY_ITSELF))
    effect = min(at for at in effects if at >= acted)
    return Gap(born - kill, taken - kill, acted - kill, effect - kill)
