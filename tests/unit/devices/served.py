"""An aiohttp application over TLS on a loopback port, with a certificate of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from aiohttp import web

from drconsole.settings.secrets import Secret
from drconsole.wire.http import JsonClient
from tests.unit.wire.impostor import Identity


class Place(msgspec.Struct, frozen=True):
    """Where it listens and what it shows: HOST:PORT and `sha256:…`."""

    address: str
    pin: str


@asynccontextmanager
async def served(app: web.Application, folder: Path) -> AsyncIterator[Place]:
    identity = Identity(folder, "served")
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=identity.context()).start()
    try:
        yield Place(f"127.0.0.1:{runner.addresses[0][1]}", identity.pin)
    finally:
        await runner.cleanup()


def client_of(place: Place, *, password: str = "right", pin: str = "", total_s: float = 2) -> JsonClient:
    return JsonClient(
        address=place.address,
        pin=pin or place.pin,
        username="admin",
        password=Secret(password),
        about="device",
        connect_s=1,
        total_s=total_s,
    )
