"""The words that every command understands, wherever they stand: `--config` and `--json`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import click

from drconsole.api.client import Client

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def shared_options(function: F) -> F:
    """Adds `--config` and `--json` to a command or group; `words` reads them from any level."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
    config = click.option(
        "--config", type=click.Path(), metavar="FILE", help="The configuration file.", default=None
    )
    return config(as_json(function))


def config() -> str | None:
    """Returns the configuration that was named before or after the noun, the innermost first."""
    return next((str(found) for found in _levels("config") if found), None)


def as_json() -> bool:
    """True where `--json` was said before or after the noun."""
    return any(_levels("as_json"))


def _levels(name: str) -> list[Any]:
    found: list[Any] = []
    context: click.Context | None = click.get_current_context()
    while context is not None:
        found.append(context.params.get(name))
        context = context.parent
    return found


def with_service(talk: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
    """Connects to the configuration's service, starting one if need be, and returns what `talk` does."""

    async def connected() -> T:
        async with await Client.connect(config()) as client:
            return await talk(client)

    return asyncio.run(connected())
