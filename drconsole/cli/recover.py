"""`drconsole recover`: starts a run and watches it."""

from __future__ import annotations

import sys
from typing import cast

import click

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.values import RunStarted
from drconsole.cli.documents_in import mapping_from, selection_from
from drconsole.cli.durations import objectives
from drconsole.cli.plan import MODES
from drconsole.cli.printing import narrate, print_json
from drconsole.cli.watching import ending, show_end, watch
from drconsole.cli.words import as_json, shared_options, with_service
from drconsole.errors import NotConfirmed
from drconsole.model.run import RunView
from drconsole.model.step import Mode

_HOLDING = frozenset({"pending", "running", "waiting", "paused", "held"})
_LOSES = "pre-empted by this: its clones are dropped, and its machines are taken where they are needed"


@click.command("recover")
@click.argument("site")
@click.option("--mode", type=MODES, required=True)
@click.option("--snapshot", default="latest")
@click.option("--mapping", type=click.Path(dir_okay=False))
@click.option("--selection", type=click.Path(dir_okay=False))
@click.option("--cleanup", type=click.Choice(["auto"]), help="Clean a drill up as soon as it is verified.")
@click.option("--detach", is_flag=True, help="Return as soon as the run has started.")
@click.option("--review-uplinks", is_flag=True, help="Ask before a host moves to other uplinks for good.")
@click.option("--confirm", default="", metavar="SITE", help="The site's name: a real run asks for it.")
@objectives
@shared_options
def command(
    site: str,
    mode: str,
    *,
    snapshot: str,
    mapping: str | None,
    selection: str | None,
    cleanup: str | None,
    detach: bool,
    review_uplinks: bool,
    confirm: str,
    rto: float | None,
    rpo: float | None,
    **_shared: object,
) -> None:
    """Recovers a site onto machines of the pool.

    A drill is isolated and is cleaned up afterwards. A planned run shuts the guests down at the protected
    site first, brings their last writes over and fences the source. A disaster run takes what has arrived.
    """
    request = requests.Recover(
        site=site,
        mode=cast("Mode", mode),
        snapshot=snapshot,
        mapping=mapping_from(mapping),
        selection=selection_from(selection),
        cleanup=cleanup == "auto",
        confirm=confirm or _asked(site, mode),
        review_uplinks=review_uplinks,
        rto_s=rto,
        rpo_s=rpo,
    )

    async def talk(client: Client) -> tuple[RunStarted, RunView | None]:
        started = await client.ask(request, narrate)
        narrate(f"{started.run} started; it goes on without this command")
        return started, None if detach else await watch(client, started.run)

    started, view = with_service(talk)
    if view is None:
        if as_json():
            print_json(started)
        else:
            click.echo(started.run)
        return
    show_end(view)
    if error := ending(view):
        raise error


def _asked(site: str, mode: str) -> str:
    """Asks on a terminal: y/n for a drill, the site's name for a real run. Off one, a drill goes on."""
    terminal = sys.stdin.isatty() and sys.stderr.isatty()
    if mode == "drill":
        if terminal and not click.confirm(f"Drill {site} now?", err=True):
            raise NotConfirmed("nothing was started", about=site)
        return ""
    if not terminal:
        raise NotConfirmed(
            "a real run is not started without its confirmation", about=site, remedy=f"say --confirm {site}"
        )
    for drill in _drills(site):
        narrate(f"drill {drill} is {_LOSES}")
    return str(click.prompt(f"!! REAL !! Type the site's name to recover {site} for good", err=True))


def _drills(site: str) -> list[str]:
    """The site's drills that have not been cleaned up: a real run takes their groups."""
    listed = with_service(lambda client: client.ask(requests.ListRuns(site=site)))
    return [run.run for run in listed if run.mode == "drill" and run.state in _HOLDING]
