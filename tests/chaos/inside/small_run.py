"""A small run in a process of its own: the product's runner over a world that is one file.

What is journalled as done is written down outside the journal too, and is on the disk before
anything comes of it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

from drconsole.errors import DRConsoleError
from drconsole.journal.journal import Journal
from drconsole.model.run import StepState
from drconsole.recovery.runner import Runner
from drconsole.recovery.schedule import Schedule
from tests.unit.runs.plans import frozen, settings, step, url
from tests.unit.runs.world import World, WorldRoom

RUN = "R-1"
MACHINES = 4
ACKNOWLEDGED = "acknowledged"
SAID = "said"


def keys() -> list[str]:
    """Returns the keys of the run's steps: of stages for which a runner has nothing to import."""
    verbs = ("register", "connect", "power-on")
    return [f"guests/m{n}/{verb}" for n in range(MACHINES) for verb in verbs] + ["guests/site/report"]


async def prepare(folder: Path) -> None:
    """Freezes the run in a new journal."""
    *each, last = keys()
    plan = [step(key, *([each[n - 1]] if n % 3 else [])) for n, key in enumerate(each)]
    plan.append(step(last, *each[2::3]))
    journal = Journal(url(folder))
    await frozen(journal, plan)
    await journal.close()


def carry(folder: str, gate: Connection | None) -> None:
    """The process: waits at the gate, carries the run, and exits as the product's runner does."""
    place = Path(folder)
    said = os.open(place / SAID, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(said, 2)
    _acknowledge(place / ACKNOWLEDGED)
    if gate is not None:
        gate.recv()
    try:
        asyncio.run(_carried(place))
    except DRConsoleError as error:
        print(f"runner of {RUN}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


async def _carried(place: Path) -> None:
    journal = Journal(url(place))
    try:
        await Runner(settings(place), journal, RUN, [WorldRoom(World(place / "world"))]).carry()
    finally:
        await journal.close()


def _acknowledge(path: Path) -> None:
    """The executor settles a step once its result is committed: then it stands on our list too."""
    settle = Schedule.settle

    def noted(schedule: Schedule, key: str, state: StepState) -> None:
        if state == "done":
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.write(descriptor, f"{key}\n".encode())
            os.fsync(descriptor)
            os.close(descriptor)
        settle(schedule, key, state)

    setattr(Schedule, "settle", noted)  # noqa: B010 -- mypy takes no method in the place of another


def _rehearse() -> None:
    """What is forked from this module has been through a run: it has nothing left to import."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        asyncio.run(prepare(Path(folder)))
        asyncio.run(_carried(Path(folder)))


if "multiprocessing.forkserver" in " ".join(sys.orig_argv):
    _rehearse()
