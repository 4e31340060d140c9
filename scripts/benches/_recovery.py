"""A recovery to measure a runner with: its plan, a room that only takes time, and its lower bound."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from random import Random
from typing import NamedTuple

from drconsole.journal.journal import Journal
from drconsole.model.step import Done, Handlers, Step, Work
from drconsole.planning.plan_input import PlanInput
from drconsole.recovery.runner import HEAVY, Runner
from drconsole.settings.values import Settings
from tests.unit.runs.plans import frozen, settings, step, url

CAPACITY = 16
"""Of `segment`s in the schedule: every step of the bench needs one."""

_ROOMS = (
    "drconsole.platforms.vsphere.platform",
    "drconsole.replication.handlers",
    "drconsole.provisioning.handlers",
    *(module for modules in HEAVY.values() for module in modules),
)
"""What a runner's process has loaded at the end of a recovery."""

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


async def carried(folder: Path, plan: Sequence[Step], factor: float) -> Took:
    """Freezes a plan in a journal of its own and carries it out in this process."""
    journal = Journal(url(folder))
    try:
        await frozen(journal, plan)
        room = Timed(factor)
        wall, cpu = time.monotonic(), time.process_time()
        await Runner(settings(folder), journal, "R-1", [room]).carry()
        ended = time.process_time()
        return Took(time.monotonic() - wall, ended - room.first, room.first - cpu)
    finally:
        await journal.close()


def main(kind: str, machines: str, imports: str) -> None:
    """A measurement in a process of its own; prints JSON."""
    plan = recovery(int(machines), int(imports), 0.2, 7)
    if kind == "memory":
        for module in _ROOMS:
            import_module(module)
    with tempfile.TemporaryDirectory() as folder:
        took = asyncio.run(carried(Path(folder), plan, 0.0))
    print(
        json.dumps(
            {
                "steps": len(plan),
                "cpu_ms": took.cpu_s / len(plan) * 1e3,
                "start_ms": took.start_s * 1e3,
                "steps_s": len(plan) / took.wall_s,
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
