"""`drconsole run`: verbs about steps and about the course of a run."""

from __future__ import annotations

import sys

import click

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.values import CommandReply
from drconsole.cli.printing import narrate, print_json
from drconsole.cli.watching import cleanup_ending, show_end, watch
from drconsole.cli.words import as_json, shared_options, with_service
from drconsole.model.run import RunView

_REASON = click.option("--reason", default="", help="It stands in the report, with your name.")


@click.command("retry")
@click.argument("run")
@click.argument("steps", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every failed step.")
@shared_options
def retry(run: str, steps: tuple[str, ...], every: bool, **_shared: object) -> None:
    """Tries failed steps again."""
    if bool(steps) == every:
        raise click.UsageError("name steps, or say --all")
    told(with_service(lambda c: c.ask(requests.Retry(run=run, steps=steps, all=every))))


@click.command("skip")
@click.argument("run")
@click.argument("step")
@click.option("--reason", required=True, help="It stands in the report, with your name.")
@shared_options
def skip(run: str, step: str, reason: str, **_shared: object) -> None:
    """Gives a failed step up, and what needs it; before the storage barrier a host's step, its host."""
    told(with_service(lambda c: c.ask(requests.Skip(run=run, step=step, reason=reason))))


@click.command("approve")
@click.argument("run")
@click.argument("step", default="")
@shared_options
def approve(run: str, step: str, **_shared: object) -> None:
    """Answers the question that a step waits for; without STEP, the only one that is open."""
    told(with_service(lambda c: c.ask(requests.Approve(run=run, step=step))))


@click.command("pause")
@click.argument("run")
@_REASON
@shared_options
def pause(run: str, reason: str, **_shared: object) -> None:
    """Starts nothing new; what works ends as it would have."""
    told(with_service(lambda c: c.ask(requests.Pause(run=run, reason=reason))))


@click.command("resume")
@click.argument("run")
@shared_options
def resume(run: str, **_shared: object) -> None:
    """Lets a paused run go on, and gives a run a runner that has lost its own."""
    told(with_service(lambda c: c.ask(requests.Resume(run=run))))


@click.command("cancel")
@click.argument("run")
@_REASON
@click.option("--detach", is_flag=True, help="Return at once, without what is left standing.")
@shared_options
def cancel(run: str, reason: str, detach: bool, **_shared: object) -> None:
    """Lets running steps end, starts no other, and says what is left standing in the world.

    On a terminal it then offers the cleanup, where there can be one.
    """

    async def talk(client: Client) -> tuple[CommandReply, RunView | None]:
        reply = await client.ask(requests.Cancel(run=run, reason=reason))
        return reply, None if detach else await watch(client, reply.run)

    reply, view = with_service(talk)
    if view is None:
        told(reply)
        return
    show_end(view)
    if _cleanup_wanted(view):
        _clean_up(view.run, detach=False)


def _cleanup_wanted(view: RunView) -> bool:
    offered = f"drconsole run cleanup {view.run}"
    if not any(offered in each.remedy for each in view.standing):
        return False
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return click.confirm("Clean it up now?", err=True)


@click.command("cleanup")
@click.argument("run")
@click.option("--detach", is_flag=True, help="Return as soon as the cleanup has begun.")
@shared_options
def cleanup(run: str, detach: bool, **_shared: object) -> None:
    """Puts a drill's machines and clones back. Refused once a real run connected storage."""
    _clean_up(run, detach=detach)


def _clean_up(run: str, *, detach: bool) -> None:
    async def talk(client: Client) -> tuple[CommandReply, RunView | None]:
        reply = await client.ask(requests.Cleanup(run=run))
        return reply, None if detach else await watch(client, reply.run)

    reply, view = with_service(talk)
    if view is None:
        told(reply)
        return
    show_end(view)
    if error := cleanup_ending(view):
        raise error


_LISTED = 20
"""So many steps of a reply are named; the others are counted."""


def told(reply: CommandReply) -> None:
    """Prints a verb's effect: JSON on stdout where asked for, else a few lines of narration."""
    if as_json():
        print_json(reply)
        return
    narrate(f"{reply.run} is {reply.state}")
    if reply.text:
        narrate(reply.text)
    for step in reply.steps[:_LISTED]:
        narrate(f"  {step}")
    if len(reply.steps) > _LISTED:
        narrate(f"  and {len(reply.steps) - _LISTED} more steps")


VERBS = (retry, skip, approve, pause, resume, cancel, cleanup)
"""What `drconsole run` adds from here."""
