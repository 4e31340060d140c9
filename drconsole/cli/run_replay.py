"""`drconsole run replay`: a run that is over, once more, at any pace."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime

import click

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.cli.opening import shows_screens
from drconsole.cli.watching import show_end, tell_event
from drconsole.cli.words import config, observes, shared_options, with_service
from drconsole.console.replay.recorded import recorded
from drconsole.console.replay.replaying import Recording


@click.command("replay")
@click.argument("run", default="latest")
@click.option("--site", default="", help="With `latest`: of this site.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0.0),
    default=8.0,
    metavar="X",
    help="So many times as fast as it was; as lines, 0 is all at once.",
    show_default=True,
)
@click.option("--plain", is_flag=True, help="Lines instead of screens.")
@shared_options
def replay(run: str, site: str, speed: float, plain: bool, **_shared: object) -> None:
    """Shows a run that is over as it happened: on a terminal with the console's screens.

    There space holds it on, + and - change its pace, n and N go from stage to stage.
    """
    recording = with_service(lambda client: _recorded(client, run, site))
    if plain or not shows_screens():
        with_events(recording, speed)
        return
    from drconsole.console.opening import run_console

    run_console(config(), observe=observes(), replay=(recording.view.run, speed or 1.0))


async def _recorded(client: Client, run: str, site: str) -> Recording:
    view = await client.ask(requests.ShowRun(run=run, site=site))
    return await recorded(client, view.run)


def with_events(recording: Recording, speed: float) -> None:
    """Prints a run's events at their pace, and how it ended."""
    asyncio.run(_told(recording, speed))
    show_end(recording.view)


async def _told(recording: Recording, speed: float) -> None:
    before = recording.began
    for event in recording.events:
        at = datetime.fromisoformat(event.at)
        if speed > 0 and at > before:
            sys.stderr.flush()
            await asyncio.sleep((at - before).total_seconds() / speed)
        before = max(at, before)
        tell_event(event)
