"""`drconsole run`: runs, and the operator's verbs."""

from __future__ import annotations

from typing import cast

import click

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.requests.runs import ReportFormat
from drconsole.cli.printing import print_bytes, print_json, print_table, quiet_json
from drconsole.cli.run_changes import CHANGES
from drconsole.cli.run_replay import replay
from drconsole.cli.run_step import show_step
from drconsole.cli.run_uplinks import UPLINKS
from drconsole.cli.run_verbs import VERBS
from drconsole.cli.watching import ending, show_end, tell_standing, watch
from drconsole.cli.words import as_json, shared_options, with_service
from drconsole.model.run import RunnerPlace, RunView
from drconsole.model.text import safe_text

_RUN = click.argument("run", default="latest")
_FORMS = click.Choice(["text", "json", "html", "csv", "junit"])
_SITE = click.option("--site", default="", help="With `latest`: of this site.")


@click.group("run")
@shared_options
def command(**_shared: object) -> None:
    """Runs: watch them, help them along, end them."""


@command.command("list")
@_SITE
@shared_options
def list_(site: str, **_shared: object) -> None:
    """Lists the runs, oldest first."""
    runs = with_service(lambda client: client.ask(requests.ListRuns(site=site)))
    if as_json():
        print_json(runs)
        return
    print_table(
        ("run", "site", "mode", "state", "started", "ended"),
        ((r.run, r.site, r.mode, r.state, r.started, r.ended) for r in runs),
    )


@command.command("show")
@_RUN
@_SITE
@click.option("--step", default="", metavar="KEY", help="One step: what was tried, and what to do now.")
@shared_options
def show(run: str, site: str, step: str, **_shared: object) -> None:
    """Shows a run: stages, machines, what failed, and who did what."""
    if step:
        show_step(run, site, step)
        return
    view = with_service(lambda client: client.ask(requests.ShowRun(run=run, site=site)))
    if as_json():
        print_json(view)
        return
    _show(view)


def _show(view: RunView) -> None:
    click.echo(f"{view.run}  {view.mode} of {view.site}  {view.state}  {view.elapsed_s:.0f} s")
    print_table(
        ("stage", "state", "steps", "done", "failed", "started", "ended"),
        ((s.name, s.state, s.steps, s.done, s.failed, s.started, s.ended) for s in view.stages),
    )
    click.echo()
    print_table(
        ("target", "role", "protected", "state"),
        ((m.target, m.role, m.protected, m.state) for m in view.machines),
    )
    for step in (*view.steps, *(view.cleanup.trouble if view.cleanup else ())):
        if step.state in ("failed", "waiting", "skipped"):
            click.echo(safe_text(f"{step.state}: {step.key}: {step.error or ''}"))
    if view.runner is not None:
        _show_runner(view.runner)
    if view.paused_by:
        click.echo(f"paused by {view.paused_by}: `drconsole run resume {view.run}` lets it go on")
    for verb in view.verbs:
        what = " ".join(part for part in (verb.verb, *verb.steps[:1], verb.reason) if part)
        click.echo(safe_text(f"{verb.at}  {verb.actor}: {what}"))
    tell_standing(view)


def _show_runner(runner: RunnerPlace) -> None:
    told = f"carried by runner {runner.pid} on {runner.host}"
    if runner.lost and runner.silent_s is not None:
        told += f", LOST: silent for {runner.silent_s:.0f} s, another one is to take it over"
    click.echo(safe_text(told))


@command.command("attach")
@_RUN
@_SITE
@shared_options
def attach(run: str, site: str, **_shared: object) -> None:
    """Shows all that happened in a run, then what happens, until it rests. Leaving ends nothing."""

    async def talk(client: Client) -> RunView:
        view = await client.ask(requests.ShowRun(run=run, site=site))
        return await watch(client, view.run)

    view = with_service(talk)
    show_end(view)
    if error := ending(view):
        raise error


@command.command("report")
@_RUN
@_SITE
@click.option("--format", "form", type=_FORMS, default="text", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False), help="Where to; stdout by default.")
@shared_options
def report(run: str, site: str, form: str, out: str | None, **_shared: object) -> None:
    """Prints a run's report: as text or JSON, as a page, as a table, or as what test servers read."""
    wanted = "json" if as_json() else form
    request = requests.Report(run=run, site=site, format=cast("ReportFormat", wanted))
    text = with_service(lambda client: client.ask(request)).rendered
    text = quiet_json(text) if wanted == "json" else text
    print_bytes((text if text.endswith("\n") else f"{text}\n").encode(), out)


for _verb in (*VERBS, *CHANGES, *UPLINKS, replay):
    command.add_command(_verb)
