"""A whole world: lab, capture, drill to `held`, cleanup; wall, CPU, memory, and how near the bound.

usage: scripts/bench run [--hosts N] [--vms N] [--targets N] [--speed S] [--patience F] [--dir D]

250 hosts, 2,500 guests and 300 targets where not given. CPU is told for the lab, the service and the
runner apart. `--patience` multiplies the product's deadlines: the lab divides them by the speed, and
computing is not sped up. The bound is that of scripts/benches/_bound.py over the speed; below it stands
how long the machine must compute at least: all CPU seconds over its cores, or the busiest process
alone. Aims (asserted): 12 minutes, nothing lost, product 1 GiB, lab 2 GiB.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from _bound import bound_of
from _processes import WHO, Watch, watching
from msgspec.structs import replace

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.cli.lab import lab_options
from drconsole.errors import DRConsoleError
from drconsole.journal import runs
from drconsole.journal.journal import Journal
from drconsole.lab.process import LabHandle, start_detached, stop
from drconsole.model.run import RunView
from drconsole.settings.file import load
from drconsole.settings.values import DEADLINES

MINUTES = 12
PRODUCT_MIB, LAB_MIB = 1024, 2048


def main(arguments: list[str]) -> int:
    """Prints the figures; returns 1 where an aim is missed."""
    words = argparse.ArgumentParser(prog="scripts/bench run")
    for name, default in (("--hosts", 250), ("--vms", 2500), ("--targets", 300)):
        words.add_argument(name, type=int, default=default)
    words.add_argument("--speed", type=float, default=60.0)
    words.add_argument("--patience", type=float, default=2.0)
    words.add_argument("--dir", default="")
    asked = words.parse_args(arguments)
    with _folder(asked.dir) as folder:
        started = time.monotonic()
        world = {name: getattr(asked, name) for name in ("hosts", "vms", "targets", "speed")}
        deadlines = {kind: seconds * asked.patience for kind, seconds in DEADLINES.items()}
        options = replace(lab_options(str(folder), seed=1, unlinked=0.25, **world), deadlines=deadlines)
        lab = start_detached(options)
        parts = {"lab up": time.monotonic() - started}
        try:
            return asyncio.run(_measured(lab, asked.speed, parts))
        finally:
            stop(folder)


async def _measured(lab: LabHandle, speed: float, parts: dict[str, float]) -> int:
    watch = Watch({"lab": lab.pid})
    config = str(lab.configuration)
    async with await Client.connect(config) as client:
        watch.pids["service"] = (await client.ask(requests.Status())).pid
        with watching(watch):
            held, last = await _recovered(client, parts)
        await client.ask(requests.Stop())
    _print_stages(held, watch)
    return _judged(held, last, watch, parts, await _bound(config, held, speed))


async def _recovered(client: Client, parts: dict[str, float]) -> tuple[RunView, RunView]:
    """Captures, drills and cleans up. Returns the run as it was held, and as it rests."""
    site = (await client.ask(requests.ListSites()))[0].name
    with _timed(parts, "capture"):
        entry = await client.ask(requests.Capture(site=site), _quiet)
    with _timed(parts, "plan, start"):
        request = requests.Recover(site=site, mode="drill", snapshot=entry.id)
        started = await client.ask(request, print)
    with _timed(parts, "drill"):
        held = await client.ask(requests.Attach(run=started.run, stay=False), _quiet)
    if held.state != "held":
        await client.ask(requests.Cancel(run=started.run, reason="the bench has ended"))
        return held, held
    with _timed(parts, "cleanup"):
        await client.ask(requests.Cleanup(run=started.run))
        last = await client.ask(requests.Attach(run=started.run, stay=False), _quiet)
    return held, last


async def _bound(config: str, held: RunView, speed: float) -> tuple[float, str]:
    journal = Journal(load(config).journal_url)
    try:
        plan, _ = await journal.query(lambda c: runs.frozen(c, held.run))
    finally:
        await journal.close()
    bound = bound_of(plan)
    print(
        f"\nbound at the lab's durations, ÷ {speed:g}: longest way {bound.path / speed:.0f} s, "
        f"{bound.resource} {bound.work / speed:.0f} s"
    )
    return bound.seconds / speed, bound.resource


def _print_stages(held: RunView, watch: Watch) -> None:
    print(f"\n{'stage':12} {'steps':>6} {'from':>7} {'to':>7}   CPU s in that time (stages overlap)")
    begun = _moment(held.started or "")
    for stage in held.stages:
        if stage.started and stage.ended:
            start, end = _moment(stage.started), _moment(stage.ended)
            spent = "  ".join(f"{who} {cpu:6.1f}" for who, cpu in watch.between(start, end).items())
            print(f"{stage.name:12} {stage.steps:6} {start - begun:7.1f} {end - begun:7.1f}   {spent}")


def _judged(
    held: RunView, last: RunView, watch: Watch, parts: dict[str, float], bound: tuple[float, str]
) -> int:
    cpu = {who: watch.cpu(who) for who in WHO}
    cores = os.cpu_count() or 1
    computing = max(*cpu.values(), sum(cpu.values()) / cores)
    wall = sum(parts.values())
    told = ", ".join(f"{who} {spent:.1f}" for who, spent in cpu.items())
    print(f"CPU s: {told}; {cores} cores need {computing:.0f} s")
    print(f"wall s: {', '.join(f'{name} {spent:.1f}' for name, spent in parts.items())}; all {wall:.1f}")
    drill = parts.get("drill", 0.0)
    print(
        f"drill ÷ bound {drill / max(bound[0], 1e-9):.2f}; drill ÷ larger of bound and computing "
        f"{drill / max(bound[0], computing):.2f}"
    )
    peaks = ", ".join(f"{who} {watch.peak(who):.0f}" for who in WHO)
    print(f"peak MiB: {peaks}; service and runner together {watch.product:.0f}")
    registered = sum(guest.state == "registered" for guest in held.guests)
    lost = sum(d.klass == "lost" for d in held.fidelity.differences) if held.fidelity else -1
    print(
        f"{held.run}: {held.state}, then {last.state}; {registered} of {len(held.guests)} guests, lost {lost}"
    )
    aims = {
        "held, then cleaned up": held.state == "held" and last.state == "done",
        "nothing lost": lost == 0,
        f"{MINUTES} min": wall <= 60 * MINUTES,
        f"product {PRODUCT_MIB} MiB": watch.product <= PRODUCT_MIB,
        f"lab {LAB_MIB} MiB": watch.peak("lab") <= LAB_MIB,
    }
    for name, met in aims.items():
        print(f"{'met   ' if met else 'MISSED'} {name}")
    return 0 if all(aims.values()) else 1


@contextmanager
def _folder(named: str) -> Iterator[Path]:
    if named:
        yield Path(named)
        return
    folder = Path(tempfile.mkdtemp(prefix="drconsole-bench-"))
    try:
        yield folder
    finally:
        with contextlib.suppress(DRConsoleError):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _timed(parts: dict[str, float], name: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    parts[name] = time.monotonic() - start
    print(f"{name}: {parts[name]:.1f} s", flush=True)


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _quiet(_item: object) -> None:
    pass
