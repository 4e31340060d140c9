"""`drconsole run uplinks`: hosts' uplinks as captured, now and planned; applied or rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

import click

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.uplinks import HostUplinks, UplinkPort, UplinkSwitch
from drconsole.api.values import CommandReply
from drconsole.cli.printing import narrate, print_json, print_table
from drconsole.cli.run_verbs import told
from drconsole.cli.words import as_json, shared_options, with_service
from drconsole.errors import UnknownName
from drconsole.model.text import safe_text


@click.command("uplinks")
@click.argument("run", default="latest")
@click.argument("host", default="")
@click.option("--apply", "apply", is_flag=True, help="Move HOST for good, or try it again; all without HOST.")
@click.option("--roll-back", is_flag=True, help="Take HOST's trial back, and try its next port.")
@click.option("--review/--no-review", default=None, help="Ask before each host's move from now on, or not.")
@click.option("--reason", default="", help="With --roll-back: it stands in the report, with your name.")
@shared_options
def uplinks(
    run: str, host: str, *, apply: bool, roll_back: bool, review: bool | None, reason: str, **_shared: object
) -> None:
    """Shows hosts' uplinks: as captured, on the target now, planned and applied.

    In a run that was started with --review-uplinks, or is given --review before its hosts have moved, a
    host waits before it moves to other uplinks for good: --apply lets it move, --roll-back takes its trial
    back and tries the next port. --apply with the HOST's name also lets ports be tried again that were
    rolled back, once nothing else was left to try.
    """
    _refuse(host, apply=apply, roll_back=roll_back, review=review, reason=reason)
    if apply:
        named = (host,) if host else ()
        told(with_service(lambda client: client.ask(requests.ApplyUplinks(run=run, hosts=named))))
    elif roll_back:
        told(_said(requests.RollBackUplinks(run=run, host=host, reason=reason)))
    elif review is not None:
        told(_said(requests.ReviewUplinks(run=run, review=review)))
    else:
        _show(with_service(lambda client: _asked(client, run, host)))


def _refuse(host: str, *, apply: bool, roll_back: bool, review: bool | None, reason: str) -> None:
    """Raises UsageError for words that mean nothing together."""
    if apply + roll_back + (review is not None) > 1:
        raise click.UsageError("say --apply, --roll-back or --review, not both")
    if review is not None and host:
        raise click.UsageError("hosts are reviewed all or none: name no host")
    if roll_back and not host:
        raise click.UsageError("name the host whose trial is to be rolled back")
    if reason and not roll_back:
        raise click.UsageError("--reason goes with --roll-back")


def _said(request: requests.RollBackUplinks | requests.ReviewUplinks) -> CommandReply:
    return with_service(lambda client: client.ask(request, narrate))


async def _asked(client: Client, run: str, host: str) -> tuple[HostUplinks, ...]:
    every = await client.ask(requests.ShowUplinks(run=run))
    found = tuple(each for each in every if host in ("", each.host))
    if host and not found:
        names = ", ".join(each.host for each in every)
        raise UnknownName("the run deploys no such host", about=host, remedy=f"its hosts: {names or 'none'}")
    return found


def _show(hosts: tuple[HostUplinks, ...]) -> None:
    if as_json():
        print_json(hosts)
        return
    for number, each in enumerate(hosts):
        if number:
            click.echo()
        click.echo(safe_text(f"{each.host} on {each.target or '–'}: {each.state}"))
        print_table(
            ("as captured", f"on {each.target or 'the target'}, now", "planned", "applied"), _rows(each)
        )
        for line in _words(each):
            click.echo(safe_text(line))


def _rows(each: HostUplinks) -> Iterator[tuple[str, str, str, str]]:
    rows = zip_longest(each.captured, each.now)
    for switch, port in rows:
        yield (
            _captured(switch) if switch else "",
            _port(port) if port else "",
            _moved(switch, each.planned) if switch else "",
            _moved(switch, each.applied) if switch else "",
        )


def _captured(switch: UplinkSwitch) -> str:
    return f"{switch.name} ← {', '.join(switch.nics) or 'no NIC'}  {', '.join(switch.carries)}".rstrip()


def _port(port: UplinkPort) -> str:
    if not port.link:
        return f"{port.name}  no link"
    speed = f" {port.speed_mbit / 1000:g}G" if port.speed_mbit else ""
    return f"{port.name}  link{speed}{' (booted)' if port.booted else ''}"


def _moved(switch: UplinkSwitch, moves: dict[str, str]) -> str:
    return ", ".join(moves[nic] for nic in switch.nics if nic in moves)


def _words(each: HostUplinks) -> Iterator[str]:
    yield from (f"why: {text}" for text in each.why.values())
    yield from (f"without a link: {role}" for role in each.unconnected)
    if each.dropped:
        yield f"without a port: {', '.join(each.dropped)}"
    if each.refused:
        yield f"rolled back: {', '.join(each.refused)}"
    if each.trial:
        yield f"on trial: {each.trial}"
    if each.trouble:
        yield f"{each.state}: {each.trouble}"


UPLINKS = (uplinks,)
"""What `drconsole run` adds from here."""
