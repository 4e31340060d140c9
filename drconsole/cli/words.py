"""The words that every command understands, wherever they stand: `--config`, `--json` and `--observe`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import click

from drconsole.api.client import Client

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def shared_options(function: F) -> F:
    """Adds `--config`, `--json` and `--observe` to a command or group; read from any level here."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
    config = click.option(
        "--config", type=click.Path(), metavar="FILE", help="The configuration file.", default=None
    )
    observe = click.option("--observe", is_flag=True, help="Only look: the service refuses every change.")
    return config(as_json(observe(function)))


def config() -> str | None:
    """Returns the configuration that was named before or after the noun, the innermost first."""
    return next((str(found) for found in _levels("config") if found), None)


def as_json() -> bool:
    """True where `--json` was said before or after the noun."""
    return any(_levels("as_json"))


def observes() -> bool:
    """True where `--observe` was said before or after the noun: the service refuses every change."""
    return any(_levels("observe"))


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
        async with await Client.connect(config(), observe=observes()) as client:
            return await talk(client)

    return asyncio.run(connected())
