"""`drconsole notify`: who is told of runs."""

from __future__ import annotations

import click

from drconsole.api import requests
from drconsole.cli.printing import print_json, print_table
from drconsole.cli.words import as_json, shared_options, with_service
from drconsole.errors import Unreachable


@click.group("notify")
@shared_options
def command(**_shared: object) -> None:
    """Who is told of runs: webhook, mail, system log."""


@command.command("test")
@shared_options
def test(**_shared: object) -> None:
    """Sends a message by each channel and says what came of it. Exit code 4 where one did not take it."""
    outcomes = with_service(lambda client: client.ask(requests.TestNotify()))
    if as_json():
        print_json(outcomes)
    else:
        print_table(("channel", "told", "why not"), ((o.channel, o.told, o.error) for o in outcomes))
    failed = [outcome for outcome in outcomes if not outcome.told]
    if failed:
        raise Unreachable(failed[0].error, about=failed[0].channel)
