"""`drconsole run`: runs, and the operator's verbs."""

from __future__ import annotations

import click

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.values import CommandReply
from drconsole.cli.printing import narrate, print_json, print_table
from drconsole.cli.watching import cleanup_ending, ending, show_end, watch
from drconsole.cli.words import as_json, shared_options, with_service
from drconsole.model.run import RunView
from drconsole.model.text import safe_text

_RUN = click.argument("run", default="latest")
_SITE = click.option("--site", default="", help="With `latest`: of this site.")


@click.group("run")
@shared_options
def command(**_shared: object) -> None:
    """Runs: list, show, attach, approve, retry, skip, cancel, cleanup, report."""


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
@shared_options
def show(run: str, site: str, **_shared: object) -> None:
    """Shows a run: stages, machines, what failed."""
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


@command.command("retry")
@click.argument("run")
@click.argument("steps", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every failed step.")
@shared_options
def retry(run: str, steps: tuple[str, ...], every: bool, **_shared: object) -> None:
    """Tries failed steps again."""
    if bool(steps) == every:
        raise click.UsageError("name steps, or say --all")
    _told(with_service(lambda c: c.ask(requests.Retry(run=run, steps=steps, all=every))))


@command.command("skip")
@click.argument("run")
@click.argument("step")
@click.option("--reason", required=True, help="It stands in the report, with your name.")
@shared_options
def skip(run: str, step: str, reason: str, **_shared: object) -> None:
    """Gives a failed step up, and what needs it."""
    _told(with_service(lambda c: c.ask(requests.Skip(run=run, step=step, reason=reason))))


@command.command("approve")
@click.argument("run")
@click.argument("step", default="")
@shared_options
def approve(run: str, step: str, **_shared: object) -> None:
    """Answers the question that a step waits for; without STEP, the only one that is open."""
    _told(with_service(lambda c: c.ask(requests.Approve(run=run, step=step))))


@command.command("cancel")
@click.argument("run")
@click.option("--reason", default="")
@shared_options
def cancel(run: str, reason: str, **_shared: object) -> None:
    """Lets running steps end, starts no other, and ends the run."""
    _told(with_service(lambda c: c.ask(requests.Cancel(run=run, reason=reason))))


@command.command("cleanup")
@click.argument("run")
@click.option("--detach", is_flag=True, help="Return as soon as the cleanup has begun.")
@shared_options
def cleanup(run: str, detach: bool, **_shared: object) -> None:
    """Puts a drill's machines and clones back. Refused once a real run connected storage."""

    async def talk(client: Client) -> tuple[CommandReply, RunView | None]:
        reply = await client.ask(requests.Cleanup(run=run))
        return reply, None if detach else await watch(client, reply.run)

    reply, view = with_service(talk)
    if view is None:
        _told(reply)
        return
    show_end(view)
    if error := cleanup_ending(view):
        raise error


@command.command("report")
@_RUN
@_SITE
@shared_options
def report(run: str, site: str, **_shared: object) -> None:
    """Prints a run's report, as text or as JSON."""
    reply = with_service(lambda client: client.ask(requests.Report(run=run, site=site)))
    click.echo(reply.json if as_json() else reply.text)


def _told(reply: CommandReply) -> None:
    if as_json():
        print_json(reply)
        return
    narrate(f"{reply.run} is {reply.state}")
    for step in reply.steps:
        narrate(f"  {step}")
