"""One open door: a listening socket on an address, and everybody who came in through it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Door(Protocol):
    """Something that listens. Closing it cuts every connection: the machine is gone at once."""

    def close(self) -> None: ...


class HttpsDoor:
    """HTTP over TLS by a handler."""

    def __init__(self, server: asyncio.Server, connections: web.Server) -> None:
        self._server = server
        self._connections = connections

    def close(self) -> None:
        self._server.close()
        for connection in list(self._connections.connections):
            transport = connection.transport
            connection.force_close()
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()


class BlackHole:
    """Accepted by the kernel, answered by nobody."""

    def __init__(self, address: str, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((address, port))
        self._socket.listen(128)

    def close(self) -> None:
        self._socket.close()


async def open_handler(handler: Handler, address: str, port: int, context: ssl.SSLContext) -> HttpsDoor:
    """Opens a door on a bare handler. Raises OSError."""
    return await _listen(web.Server(handler, access_log=None), address, port, context)


async def open_application(
    application: web.Application, address: str, port: int, context: ssl.SSLContext
) -> HttpsDoor:
    """Opens a door on a web application. Raises OSError."""
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    assert runner.server is not None, "it was set up"
    return await _listen(runner.server, address, port, context)


async def _listen(
    connections: web.Server,
    address: str,
    port: int,
    context: ssl.SSLContext,
) -> HttpsDoor:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        connections, address, port, ssl=context, reuse_address=True, backlog=1024
    )
    return HttpsDoor(server, connections)
