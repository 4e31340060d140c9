"""`drconsole serve`: the service in the foreground, as a unit starts it."""

from __future__ import annotations

import asyncio
import math

import click

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.cli.printing import narrate
from drconsole.cli.words import config, observes, shared_options


@click.command("serve")
@click.option("--stop", is_flag=True, help="End the running service; runs go on.")
@click.option(
    "--unit",
    type=click.Choice(["system", "user", "account"]),
    help="Print the systemd unit for this machine or this account, or the system's account; start nothing.",
)
@shared_options
def command(stop: bool, unit: str | None, **_shared: object) -> None:
    """Watches sites, captures on schedule, starts runners, answers consoles."""
    if unit is not None:
        from drconsole.service.units import unit_text

        click.echo(unit_text(unit, config()), nl=False)
        return
    if stop:
        asyncio.run(_stop())
        return
    from drconsole.service.process import serve
    from drconsole.settings import places
    from drconsole.settings.file import load

    path = places.find(config())
    if path is None:
        from drconsole.errors import InvalidConfiguration

        raise InvalidConfiguration("there is no configuration", expected="name one with --config")
    # Asked for by name it stays; only one that a command started ends when nobody needs it.
    serve(load(path), idle_s=math.inf)


async def _stop() -> None:
    async with await Client.connect(config(), start=False, observe=observes()) as client:
        await client.ask(requests.Stop())
    narrate("the service ends; runs go on")
