"""Runner: CPU a step, makespan over its lower bound, memory with 12,000 steps, lag of progress events.

usage: scripts/bench runner [cost|makespan|memory|progress …]      all four where none is named

cost: 200 machines × 5 and 2,000 import steps that take no time, in a process of their own. makespan: the
same with 0.2 s a step on average, capacity 16. memory: the peak of a runner's process, real rooms
imported. progress: 1,000 events/s, written by a runner's process, from their writing to the screen's
side of the service's socket; for one attached console and for three. SQLite, synchronous=FULL.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import _recovery
from _follow import ROOT, lags

from drconsole.model.step import Step
from drconsole.recovery import schedule

HERE = Path(__file__).resolve().parent
MACHINES, IMPORTS, MEAN_S, SEED = 200, 2000, 0.2, 7
AIMS = {"cost": 0.3, "makespan": 1.10, "memory": 150.0, "median": 50.0, "p95": 150.0}
TIMES = 5


def main(arguments: list[str]) -> int:
    """Prints each figure beside its aim; returns 1 where one is missed."""
    known = {"cost": cost, "makespan": makespan, "memory": memory, "progress": progress}
    rows = [row for name in arguments or known for row in known[name]()]
    return int(not all(rows))


def cost() -> list[bool]:
    """CPU of the whole process, user and system, over its steps; and how many it does a second."""
    plan = _recovery.recovery(MACHINES, IMPORTS, MEAN_S, SEED)
    runs = [_process(plan) for _ in range(TIMES)]
    whole = statistics.median(run["cpu_ms"] for run in runs)
    rate = statistics.median(run["steps_s"] for run in runs)
    begun = statistics.median(run["start_ms"] for run in runs)
    print(f"{len(plan)} steps: {rate:.0f} a second; {begun:.0f} ms of CPU before the first of them")
    return [_row("CPU a step", whole, "ms", AIMS["cost"])]


def makespan() -> list[bool]:
    """Wall time over the longest chain, or over all work by the capacity."""
    schedule._CAPACITY["segment"] = _recovery.CAPACITY
    plan = _recovery.recovery(MACHINES, IMPORTS, MEAN_S, SEED)
    bound = _recovery.lower_bound(plan)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_recovery.freeze(Path(folder), plan))
        took = asyncio.run(_recovery.resumed(Path(folder), 1.0)).wall_s
    print(f"{len(plan)} steps in {took:.1f} s; no runner could need less than {bound:.1f} s")
    return [_row("makespan ÷ bound", took / bound, "", AIMS["makespan"])]


def memory() -> list[bool]:
    """Peak resident memory of a runner's process, from its start to its end."""
    plan = _recovery.recovery(1600, 4000, MEAN_S, SEED)
    found = _process(plan, *_recovery.ROOMS)
    return [_row(f"memory, {len(plan)} steps", found["peak_mib"], "MiB", AIMS["memory"])]


def progress() -> list[bool]:
    """From the writing of an event in one process to its arrival in another, over the service."""
    met = []
    for consoles in (1, 3):
        late = sorted(asyncio.run(lags(consoles)))
        for name, value in (("median", statistics.median(late)), ("p95", late[int(len(late) * 0.95)])):
            met.append(_row(f"progress, {consoles} attached, {name}", value * 1e3, "ms", AIMS[name]))
    return met


def _process(plan: Sequence[Step], *modules: str) -> dict[str, float]:
    """Carries a plan out in a process of its own, whose memory and CPU are nobody else's."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_recovery.freeze(Path(folder), plan))
        command = [sys.executable, str(HERE / "_recovery.py"), folder, str(len(plan)), *modules]
        ended = subprocess.run(  # noqa: S603 -- our own interpreter and file
            command, capture_output=True, text=True, check=True, env=environment
        )
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return found


def _row(name: str, value: float, unit: str, aim: float) -> bool:
    met = value <= aim
    print(f"{name:30} {value:8.2f} {unit:4} aim {aim:g}{'' if met else '   MISSED'}", flush=True)
    return met
