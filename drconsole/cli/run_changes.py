"""`drconsole run`: changes of a run's plan in mid-run: a target replaced, deploy flags set late."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

import click

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.values import CommandReply, GuestDeploy, RoleDeploy, RunFlags
from drconsole.cli.printing import narrate, print_json, print_table
from drconsole.cli.run_verbs import told
from drconsole.cli.words import as_json, shared_options, with_service
from drconsole.errors import UnknownName

_REASON = click.option("--reason", default="", help="It stands in the report, with your name.")


@click.command("replace")
@click.argument("run")
@click.argument("target")
@click.option("--by", default="", metavar="TARGET", help="The spare; without it the one that fits best.")
@_REASON
@shared_options
def replace(run: str, target: str, by: str, reason: str, **_shared: object) -> None:
    """Gives a target's role to a spare of the pool, until the storage barrier begins.

    The former target is powered off, stays the run's, and is wiped by its cleanup.
    """
    request = requests.Replace(run=run, target=target, by=by, reason=reason)
    told(with_service(lambda client: client.ask(request, narrate)))


@click.command("flags")
@click.argument("run", default="latest")
@click.option("--deploy", multiple=True, metavar="NAME", help="A guest (or pattern), host, physical server.")
@click.option("--leave-out", multiple=True, metavar="NAME", help="The same, not to be recovered.")
@_REASON
@shared_options
def flags(
    run: str, deploy: tuple[str, ...], leave_out: tuple[str, ...], reason: str, **_shared: object
) -> None:
    """Changes deploy flags late; without options it prints them.

    A guest's until the import begins, a host's until its provision. What several objects are called is
    named by id.
    """

    async def talk(client: Client) -> tuple[RunFlags, CommandReply | None]:
        known = await client.ask(requests.ShowFlags(run=run))
        if not deploy and not leave_out:
            return known, None
        guests, hosts = named(known, deploy, True)
        others = named(known, leave_out, False)
        request = requests.SetFlags(
            run=known.run, guests=guests | others[0], hosts=hosts | others[1], reason=reason
        )
        return known, await client.ask(request, narrate)

    known, reply = with_service(talk)
    if reply is not None:
        told(reply)
    elif as_json():
        print_json(known)
    else:
        _show(known)


def _show(known: RunFlags) -> None:
    rows: list[Sequence[object]] = [(h.kind, h.name, h.id, h.deploy, h.target, h.why) for h in known.hosts]
    rows += [("guest", g.name, g.id, g.deploy, "", g.why) for g in known.guests]
    print_table(("kind", "name", "id", "deploy", "target", "cannot be changed"), rows)


def named(known: RunFlags, names: Iterable[str], wanted: bool) -> tuple[dict[str, bool], dict[str, bool]]:
    """Returns the guests and the roles that the words mean, each with its new flag."""
    guests: dict[str, bool] = {}
    hosts: dict[str, bool] = {}
    for name in names:
        roles = _one([role for role in known.hosts if name in (role.name, role.id)], name)
        found = _guests(known.guests, name)
        if roles and found:
            raise _ambiguous(name, (f"{roles[0].kind} {roles[0].id}", *(f"guest {g.id}" for g in found)))
        if not roles and not found:
            raise UnknownName(
                "no guest, host or physical server is called so",
                about=name,
                remedy="`drconsole run flags` shows them",
            )
        hosts |= {role.id: wanted for role in roles}
        guests |= {guest.id: wanted for guest in found}
    return guests, hosts


def _one(roles: list[RoleDeploy], name: str) -> list[RoleDeploy]:
    if len(roles) > 1:
        raise _ambiguous(name, (f"{role.kind} {role.id}" for role in roles))
    return roles


def _guests(known: Iterable[GuestDeploy], name: str) -> list[GuestDeploy]:
    """One guest by id or name, or all that a shell pattern matches: it takes what can be recovered."""
    guests = list(known)
    exact = [guest for guest in guests if name in (guest.id, guest.name)]
    if len(exact) > 1:
        raise _ambiguous(name, (f"guest {guest.id}" for guest in exact))
    if exact:
        return exact
    return [guest for guest in guests if fnmatchcase(guest.name, name) and not guest.why]


def _ambiguous(name: str, found: Iterable[str]) -> UnknownName:
    return UnknownName(f"could be {' or '.join(found)}", about=name, remedy="name it by its id")


CHANGES = (replace, flags)
"""What `drconsole run` adds from here."""
