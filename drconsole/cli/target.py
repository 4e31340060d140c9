"""`drconsole target`: the pool of machines that recoveries draw from."""

from __future__ import annotations

from typing import Any

import click

from drconsole.api import requests
from drconsole.cli.printing import narrate, print_json, print_table
from drconsole.cli.words import as_json, config, shared_options, with_service
from drconsole.errors import Unreachable
from drconsole.model.target import Target


@click.group("target")
@shared_options
def command(**_shared: object) -> None:
    """The pool of machines that recoveries draw from."""


@command.command("list")
@shared_options
def list_(**_shared: object) -> None:
    """Lists the pool: who has each machine, and what the last probe found."""
    _show(with_service(lambda client: client.ask(requests.ListTargets())))


@command.command("check")
@click.argument("names", nargs=-1)
@shared_options
def check(names: tuple[str, ...], **_shared: object) -> None:
    """Probes machines through their BMCs now. Exit code 4 where one does not answer."""
    targets = with_service(lambda client: client.ask(requests.CheckTargets(names=names), narrate))
    _show(targets)
    silent = [target for target in targets if target.state == "unreachable"]
    if silent:
        raise Unreachable(silent[0].error or "does not answer", about=silent[0].name)


@command.command("release")
@click.argument("name")
@click.option("--confirm", default="", metavar="TARGET", help="The target's name once more.")
@shared_options
def release(name: str, confirm: str, **_shared: object) -> None:
    """Ends a machine's tie to a real run that is over; refused while the machine is on.

    A drill's machines are given back by its cleanup. What lies on the disks stays there: the next run
    wipes them only where that was allowed.
    """
    request = requests.ReleaseTarget(name=name, confirm=confirm)
    _show((with_service(lambda client: client.ask(request, narrate)),))


def _show(targets: tuple[Target, ...]) -> None:
    if as_json():
        print_json([_row(target) for target in targets])
        return
    print_table(
        ("name", "segment", "state", "run", "role", "cpu", "GiB", "nics link/all", "checked", "error"),
        ((t.name, t.segment, t.state, t.run, t.role, *_size(t), t.checked, t.error) for t in targets),
    )


def _row(target: Target) -> dict[str, Any]:
    """The fields that other programs rely on, and everything that is known beyond them."""
    import msgspec

    known: dict[str, Any] = msgspec.to_builtins(target)
    return {**known, "run": target.run or None, "role": target.role or None}


def _size(target: Target) -> tuple[str, str, str]:
    hardware = target.hardware
    if hardware is None:
        return "", "", ""
    linked = sum(1 for nic in hardware.nics if nic.link)
    return str(hardware.cpu_threads), f"{hardware.memory_mib / 1024:.0f}", f"{linked}/{len(hardware.nics)}"


@command.command("add")
@click.argument("name")
@click.option("--address", required=True, metavar="HOST:PORT", help="The BMC's.")
@click.option("--username", required=True)
@click.option("--password", required=True, metavar="REF")
@click.option("--pin", required=True, metavar="sha256:…")
@click.option("--segment", required=True, help="A segment of [provisioning].")
@click.option("--may-wipe", is_flag=True, help="Its disks, as found at the next probe, may be wiped.")
@shared_options
def add(name: str, segment: str, may_wipe: bool, **rest: Any) -> None:
    """Appends a machine to the configuration; comments in it are kept."""
    from drconsole.cli.configuration import writable
    from drconsole.settings.append import append_target
    from drconsole.settings.values import Endpoint

    bmc = Endpoint(**{key: rest[key] for key in ("address", "username", "password", "pin")})
    path = writable(config())
    append_target(path, name, bmc, segment=segment, may_wipe=may_wipe)
    narrate(f"target {name} added to {path}; `drconsole target check {name}` probes it")
