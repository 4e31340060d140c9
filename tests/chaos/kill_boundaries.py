"""kill -9 of the runner at every boundary of its steps: before and after intent, act and result."""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.drills import Drill, carried, journal_of
from tests.chaos.inside.orders import Orders, Point, heeded, points
from tests.chaos.row import Row
from tests.lab.own_lab import OwnLab, own_lab

NAME = "kill -9 at boundaries"
AIM = "0 repeated, 0 lost, resumed in 5 s"

RESUMED_S = 5.0
SHORT_POINTS = 40
SHORT_DRILLS = 4
SPEED = 300.0
LABS = 2
SEED = 20261122


@dataclass
class Seen:
    """What all disturbed drills of the row showed."""

    kills: int = 0
    drills: int = 0
    wrong: list[str] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    unused: list[Point] = field(default_factory=list)

    def add(self, drill: Drill, undisturbed: Drill) -> None:
        """Adds a drill, judged by an undisturbed one of the same world."""
        self.drills += 1
        self.kills += len(drill.gaps)
        self.gaps += drill.gaps
        self.unused += drill.unused
        self.wrong += [f"{drill.run}: {sentence}" for sentence in drill.wrong]
        if drill.fidelity != undisturbed.fidelity:
            self.wrong.append(f"{drill.run}: {_unlike(drill, undisturbed)}")


async def row(long: bool) -> Row:
    """Kills 40 seeded times in four drills, or at every boundary of a drill and its cleanup."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as base, heeded():
        found = await asyncio.gather(
            *(asyncio.to_thread(_killed, Path(base) / f"lab{n}", n, long) for n in range(LABS))
        )
    seen = Seen()
    for each in found:
        seen.drills += each.drills
        seen.kills += each.kills
        seen.wrong += each.wrong
        seen.gaps += each.gaps
        seen.unused += each.unused
    return judged(seen)


def judged(seen: Seen) -> Row:
    """Returns the row of what was seen."""
    slow = [gap for gap in seen.gaps if gap > RESUMED_S]
    missed = [point for point in seen.unused if point.boundary != "after-result"]
    troubles = [*seen.wrong, *(f"{p.key} {p.boundary} was never reached" for p in missed)]
    median, most = (statistics.median(seen.gaps), max(seen.gaps)) if seen.gaps else (0.0, 0.0)
    note = f"{seen.drills} drills; resumed after {median:.1f} s, at most {most:.1f} s"
    if together := len(seen.unused) - len(missed):
        # Results are committed in groups: who dies after one of them dies after all of its group.
        note += f"; {together} results were in the commit of another one's"
    return Row(
        name=NAME,
        figure=f"{seen.kills} kills, {len(seen.wrong)} wrong, {len(slow)} late",
        aim=AIM,
        ok=seen.kills > 0 and not slow and not troubles,
        slow=seen.kills > 0 and not troubles,
        note="; ".join([note, *troubles[:4]]),
    )


def _killed(folder: Path, number: int, long: bool) -> Seen:
    """One lab's share: an undisturbed drill, then those in which runners die."""
    seen = Seen()
    with _lab(folder) as lab:
        undisturbed = carried(lab, Orders(), patience_s=120)
        seen.wrong += [f"undisturbed: {sentence}" for sentence in undisturbed.wrong]
        patience_s = 3000 if long else 120
        for chosen in _shares(lab, undisturbed.run, number, long):
            seen.add(carried(lab, Orders(kill=tuple(chosen)), patience_s=patience_s), undisturbed)
    return seen


def _shares(lab: OwnLab, run: str, number: int, long: bool) -> Iterator[list[Point]]:
    """The points of each of this lab's drills: no point is in two."""
    every = points(step.key for step in journal_of(lab).steps(run))
    if long:
        yield every[number::LABS]
        return
    drawn = random.Random(SEED).sample(every, SHORT_POINTS)
    for drill in range(number, SHORT_DRILLS, LABS):
        yield drawn[drill::SHORT_DRILLS]


@contextmanager
def _lab(folder: Path) -> Iterator[OwnLab]:
    with own_lab(folder, speed=SPEED) as lab:
        lab.captured()
        yield lab


def _unlike(drill: Drill, undisturbed: Drill) -> str:
    mine, theirs = drill.fidelity, undisturbed.fidelity
    odd = [d["path"] for d in mine["differences"] if d not in theirs["differences"]]
    return (
        f"fidelity {mine['matched']} of {mine['total']}, undisturbed {theirs['matched']} of {theirs['total']}"
        f" ({', '.join(odd[:3])})"
    )
