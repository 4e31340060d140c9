"""A run whose every act, word and result bears the pid of the process that made it."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import msgspec

from drconsole.errors import DRConsoleError
from drconsole.journal.journal import Journal
from drconsole.model.step import Done, Handlers, Step, Work
from drconsole.planning.plan_input import PlanInput
from drconsole.recovery.runner import Runner
from drconsole.settings.values import Settings
from tests.chaos.inside.small_run import RUN
from tests.unit.runs.plans import frozen, settings, step, url
from tests.unit.runs.world import World

ACTS = "acts"
MACHINES = 12
VERBS = ("register", "connect", "power-on", "heartbeat", "check")
TAKES_S = 0.1


class Act(msgspec.Struct, frozen=True):
    """A line of the log of acts: a process begins an act, or has its effect; `at` is CLOCK_MONOTONIC."""

    pid: int
    at: float
    what: str
    key: str


async def prepare(folder: Path) -> list[str]:
    """Freezes the run in a new journal and returns its steps' keys. Four acts at a time."""
    plan: list[Step] = []
    for machine in range(MACHINES):
        keys = [f"guests/m{machine}/{verb}" for verb in VERBS]
        needs = [[], *([key] for key in keys)]
        plan += [step(key, *needs[n], resources=("array:r1",), deadline_s=1.0) for n, key in enumerate(keys)]
    journal = Journal(url(folder))
    await frozen(journal, plan)
    await journal.close()
    return [each.key for each in plan]


def acts(folder: Path) -> list[Act]:
    """Returns the log of acts, oldest first."""
    path = folder / ACTS
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [msgspec.json.decode(line, type=Act) for line in lines]


class Signed:
    """An act that takes a moment, and one handler and room for all of it."""

    def __init__(self, folder: Path) -> None:
        self._world = World(folder / "world")
        self._acts = folder / ACTS

    async def observe(self, work: Work) -> Done | None:
        """Done, signed by who looks."""
        done = work.step.key in self._world.effects()
        return Done(result={"pid": os.getpid()}) if done else None

    async def act(self, work: Work) -> None:
        """Begins, takes its time, and has its effect."""
        self._note("begins", work.step.key)
        work.say(f"pid {os.getpid()}")
        await asyncio.sleep(TAKES_S)
        self._world.write(work.step.key)
        self._note("effect", work.step.key)

    def _note(self, what: str, key: str) -> None:
        line = msgspec.json.encode(Act(os.getpid(), time.monotonic(), what, key)) + b"\n"
        descriptor = os.open(self._acts, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, line)
        os.close(descriptor)

    def steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        """None: the run is frozen already."""
        return ()

    def cleanup_steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        """None."""
        return ()

    def handlers(self, settings: Settings, plan: PlanInput, /) -> Handlers:
        """This one, under the name that the plan has."""
        return {"world.effect": self}


def carry(folder: str, said: str) -> None:
    """The process: carries the run, and exits as the product's runner does."""
    place = Path(folder)
    os.dup2(os.open(place / said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
    try:
        asyncio.run(_carried(place))
    except DRConsoleError as error:
        print(f"runner of {RUN}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


async def _carried(place: Path) -> None:
    journal = Journal(url(place))
    try:
        await Runner(settings(place), journal, RUN, [Signed(place)]).carry()
    finally:
        await journal.close()
