"""A recovery to measure a runner with: its plan, a room that only takes time, and its lower bound."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec

from drconsole.journal.journal import Journal
from drconsole.model.step import Done, Handlers, Step, Work
from drconsole.planning.plan_input import PlanInput
from drconsole.recovery.runner import HEAVY, Runner
from drconsole.settings.values import Settings
from tests.unit.inventories.rich import rich_snapshot
from tests.unit.runs.plans import frozen, settings, source, step, url

CAPACITY = 16
"""Of `segment`s in the schedule: every step of the bench needs one."""

ROOMS = (
    "drconsole.platforms.vsphere.platform",
    "drconsole.replication.handlers",
    "drconsole.provisioning.handlers",
    *(module for modules in HEAVY.values() for module in modules),
)
"""What a runner's process has loaded at the end of a recovery."""

GUESTS = 2500
"""Of the site whose snapshot a runner has loaded."""

STAGES = ("netboot", "install", "ready", "uplinks", "prove")


class Timed:
    """A room whose steps take as long as their plan says, and are then so."""

    def __init__(self, factor: float) -> None:
        """`factor` 0: nothing takes any time, and only the runner's own work is left."""
        self._factor = factor
        self._so: set[str] = set()
        self.first = 0.0

    def steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        return ()

    def cleanup_steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        return ()

    def handlers(self, settings: Settings, plan: PlanInput, /) -> Handlers:
        return {"world.effect": self}

    async def observe(self, work: Work) -> Done | None:
        self.first = self.first or time.process_time()
        return Done(result={"id": work.step.key}) if work.step.key in self._so else None

    async def act(self, work: Work) -> None:
        if self._factor:
            await asyncio.sleep(work.step.typical_s * self._factor)
        self._so.add(work.step.key)


def recovery(machines: int, imports: int, mean_s: float, seed: int) -> list[Step]:
    """Gives `machines` chains of five steps, then a graph of `imports`; durations vary about the mean."""
    random = Random(seed)  # noqa: S311 -- the same plan every time

    def timed(key: str, *needs: str) -> Step:
        took = mean_s * random.uniform(0.25, 1.75)
        return step(key, *needs, resources=("segment:one",), typical_s=took, machine="", object=key)

    plan: list[Step] = []
    for machine in range(machines):
        before: tuple[str, ...] = ()
        for verb in STAGES:
            plan.append(timed(f"provision/m{machine}/{verb}", *before))
            before = (plan[-1].key,)
    hosts = [f"provision/m{machine}/{STAGES[-1]}" for machine in range(machines)]
    made: list[str] = []
    for number in range(imports):
        # A guest needs its host and something imported before it: a folder, a network, a datastore.
        needs = [random.choice(hosts)] if hosts else []
        if made:
            needs.append(made[random.randrange(min(len(made), 200))])
        made.append(f"import/o{number}/create")
        plan.append(timed(made[-1], *needs))
    return plan


def lower_bound(plan: Sequence[Step]) -> float:
    """Returns the seconds that no runner can go below: the longest chain, or all work by capacity."""
    ends: dict[str, float] = {}
    for each in plan:  # in an order in which needs come first
        ends[each.key] = max((ends[need] for need in each.needs), default=0.0) + each.typical_s
    return max(*ends.values(), sum(each.typical_s for each in plan) / CAPACITY)


class Took(NamedTuple):
    """What carrying a plan cost: wall and CPU seconds, and the CPU of loading it."""

    wall_s: float
    cpu_s: float
    start_s: float


async def freeze(folder: Path, plan: Sequence[Step]) -> None:
    """Writes a run's plan into a journal of its own, with what a large site's is made from."""
    journal = Journal(url(folder))
    try:
        made = msgspec.structs.replace(source("R-1", "drill"), snapshot=rich_snapshot(guests=GUESTS))
        await frozen(journal, plan, made=made)
    finally:
        await journal.close()


async def resumed(folder: Path, factor: float) -> Took:
    """Carries a frozen plan out in this process."""
    journal = Journal(url(folder))
    try:
        room = Timed(factor)
        wall, cpu = time.monotonic(), time.process_time()
        await Runner(settings(folder), journal, "R-1", [room]).carry()
        ended = time.process_time()
        return Took(time.monotonic() - wall, ended - room.first, room.first - cpu)
    finally:
        await journal.close()


def main(folder: str, number: str, *modules: str) -> None:
    """A runner's process over a plan that was frozen before; prints what it cost as JSON."""
    for module in modules:
        import_module(module)
    took, steps = asyncio.run(resumed(Path(folder), 0.0)), int(number)
    told = {
        "cpu_ms": took.cpu_s / steps * 1e3,
        "start_ms": took.start_s * 1e3,
        "steps_s": steps / took.wall_s,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
