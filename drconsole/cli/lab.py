"""`drconsole lab`: a world to recover, on this machine alone."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import click

from drconsole.cli.printing import narrate, print_json
from drconsole.cli.words import as_json, shared_options

_DIR = click.option("--dir", "directory", required=True, type=click.Path(file_okay=False), help="Its folder.")


@click.group("lab")
@shared_options
def command(**_shared: object) -> None:
    """A world to recover, over real protocols, on this machine alone."""


@command.command("up")
@_DIR
@click.option("--hosts", type=click.IntRange(1, 1000), default=4, show_default=True)
@click.option("--vms", type=click.IntRange(1, 20000), default=40, show_default=True)
@click.option("--targets", type=click.IntRange(1, 2000), default=8, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="One seed, one world.")
@click.option("--speed", type=click.FloatRange(0.01), default=1.0, show_default=True)
@click.option("--unlinked", type=click.FloatRange(0, 1), default=0.25, show_default=True)
@click.option("--detach", is_flag=True, help="Return as soon as it answers.")
@shared_options
def up(directory: str, detach: bool, **words: Any) -> None:
    """Starts a world: protected site, arrays, targets. It writes DIR/drconsole.toml and the ledger."""
    from drconsole.lab.process import serve, start_detached

    options = lab_options(directory, **{key: words[key] for key in _WORLD})
    if detach:
        handle = start_detached(options)
        narrate(f"the lab runs (pid {handle.pid}); every command takes --config {handle.configuration}")
        if as_json():
            print_json({"pid": handle.pid, "config": str(handle.configuration)})
        return
    narrate(f"the lab runs until ctrl-c; every command takes --config {options.path / 'drconsole.toml'}")
    asyncio.run(serve(options))


_WORLD = ("hosts", "vms", "targets", "seed", "speed", "unlinked")


def lab_options(directory: str, **world: Any) -> Any:
    """Returns the lab's options, with the product's deadlines for its configuration."""
    from drconsole.lab.options import LabOptions
    from drconsole.settings.values import DEADLINES

    return LabOptions(directory=str(Path(directory).absolute()), deadlines=dict(DEADLINES), **world)


@command.command("down")
@_DIR
@shared_options
def down(directory: str, **_shared: object) -> None:
    """Ends a world."""
    from drconsole.lab.process import stop

    stop(Path(directory))
    narrate("the lab has ended")


@command.command("status")
@_DIR
@shared_options
def status(directory: str, **_shared: object) -> None:
    """Says what stands and what is broken."""
    print_json(_ask(directory, "status"))


@command.command("dump")
@_DIR
@click.option("--side", type=click.Choice(["protected", "recovered"]), required=True)
@shared_options
def dump(directory: str, side: str, **_shared: object) -> None:
    """Prints the world itself, kind by kind: the yardstick of fidelity."""
    print_json(_ask(directory, "dump", side=side))


@command.command("churn")
@_DIR
@click.option("--operations", type=click.IntRange(1), default=None, help="End after so many.")
@click.option("--rate", type=click.FloatRange(0.01), default=5.0, show_default=True, help="A second.")
@click.option("--stop", is_flag=True, help="Stop a churn that goes on.")
@shared_options
def churn(directory: str, **words: Any) -> None:
    """Changes the protected world steadily, as any vSphere client may; counts what it did.

    Without --operations it goes on in the lab until --stop; else it returns when all are done.
    """
    given = {key: words[key] for key in ("operations", "rate", "stop") if words[key] is not None}
    answer = _ask(directory, "churn", **given)
    while words["operations"] is not None and answer["churning"]:
        time.sleep(0.2)
        told = _ask(directory, "status")
        answer |= {key: told[key] for key in ("churning", "churned")}
    print_json(answer)


@command.command("fault")
@_DIR
@click.argument("name")
@click.argument("arguments", nargs=-1, metavar="[ARG=VALUE]…")
@shared_options
def fault(directory: str, name: str, arguments: tuple[str, ...], **_shared: object) -> None:
    """Breaks something by name: site-gone, bmc-silent target=E, … `clear=true` mends it."""
    given = dict(_pair(argument) for argument in arguments)
    answer = _ask(
        directory,
        "fault",
        name=name,
        times=int(given.pop("times", "0")) or None,
        clear=given.pop("clear", "") == "true",
        where=given,
    )
    print_json(answer)


def _pair(argument: str) -> tuple[str, str]:
    name, equals, value = argument.partition("=")
    if not equals:
        raise click.UsageError(f"{argument} is no ARG=VALUE")
    return name, value


def _ask(directory: str, verb: str, **arguments: Any) -> Any:
    from drconsole.lab import control

    return control.request(Path(directory), verb, **arguments)
