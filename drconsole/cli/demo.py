"""`drconsole demo`: a whole drill over a world of our own, by the same commands that a real one takes."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.cli.lab import lab_options
from drconsole.cli.printing import narrate
from drconsole.cli.watching import ending, show_end, watch
from drconsole.cli.words import shared_options
from drconsole.errors import DRConsoleError
from drconsole.model.run import RunView

if TYPE_CHECKING:
    from drconsole.lab.process import LabHandle

SPEED = 60.0
"""A recovery of the default world takes about half an hour of simulated time."""


@click.command("demo")
@click.option("--headless", is_flag=True, help="Plain lines; the exit code is the drill's.")
@click.option("--hosts", type=click.IntRange(1, 1000), default=4, show_default=True)
@click.option("--vms", type=click.IntRange(1, 20000), default=40, show_default=True)
@click.option("--targets", type=click.IntRange(1, 2000), default=8, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--speed", type=click.FloatRange(0.01), default=SPEED, show_default=True)
@click.option("--dir", "directory", type=click.Path(file_okay=False), help="Keep the world's files there.")
@shared_options
def command(headless: bool, directory: str | None, **words: Any) -> None:
    """A whole drill over a world of our own: on a terminal the console on that world."""
    world = {key: words[key] for key in ("hosts", "vms", "targets", "seed", "speed")}
    with _world(directory, world) as lab:
        if headless or not (sys.stdin.isatty() and sys.stdout.isatty()):
            view = asyncio.run(_drill(str(lab.configuration)))
            show_end(view)
            if error := ending(view):
                raise error
            return
        from drconsole.console.opening import run_console

        run_console(str(lab.configuration))


async def _drill(config: str) -> RunView:
    """Captures the demo's site, drills it, and cleans up."""
    async with await Client.connect(config) as client:
        site = (await client.ask(requests.ListSites()))[0].name
        narrate(f"capturing {site}")
        entry = await client.ask(requests.Capture(site=site), narrate)
        narrate(f"captured {entry.hosts} hosts and {entry.guests} guests")
        await client.ask(requests.CheckTargets(), narrate)
        request = requests.Recover(site=site, mode="drill", snapshot=entry.id, cleanup=True)
        started = await client.ask(request, narrate)
        narrate(f"{started.run} started")
        return await watch(client, started.run)


@contextmanager
def _world(directory: str | None, world: dict[str, Any]) -> Iterator[LabHandle]:
    """Runs a lab and, after it, ends it and the service that worked on it, and their files if unnamed."""
    from drconsole.lab.process import start_detached, stop

    place = Path(directory) if directory else Path(tempfile.mkdtemp(prefix="drconsole-demo-"))
    narrate(f"starting a world in {place}")
    lab = start_detached(lab_options(str(place), unlinked=0.25, **world))
    try:
        yield lab
    finally:
        with suppress(DRConsoleError):
            asyncio.run(_end_service(str(lab.configuration)))
        stop(place)
        if directory is None:
            shutil.rmtree(place, ignore_errors=True)


async def _end_service(config: str) -> None:
    async with await Client.connect(config, start=False) as client:
        pid = (await client.ask(requests.Status())).pid
        await client.ask(requests.Stop())
    # Its files may only go once it has let go of them.
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.05)
