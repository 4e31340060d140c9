"""Connections to the boot service that lead nowhere: opened and silent, or hanging in mid-answer.

Machines are switched off in the middle of a download, and an unknown one may open what it likes. Nobody is
slowed down by them, but each would stay for ever, and so few can be open at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time

from aiohttp import web

SILENT_S = 15.0
"""From connecting to a whole request, and from an answer to the next request."""

LONGEST_S = 3600.0
"""One answer: an installation medium over a slow line."""

UNHEARD_MS = 60_000
"""What was sent and is acknowledged by nobody for so long is sent to nobody."""

_LOOK_S = 2.0


class Loiterers:
    """Watches one server's connections. `answering` marks a request, `sweep` runs beside the server."""

    def __init__(self, *, silent_s: float = SILENT_S, longest_s: float = LONGEST_S) -> None:
        self._silent_s = silent_s
        self._longest_s = longest_s
        self._since: dict[web.RequestHandler, tuple[bool, float]] = {}

    def answering(self, request: web.BaseRequest) -> None:
        """A whole request has come: its answer may take its time."""
        self._since[request.protocol] = (True, time.monotonic())

    async def sweep(self, server: web.Server) -> None:
        """Closes what has loitered, for ever."""
        while True:
            self._look(server.connections)
            await asyncio.sleep(min(_LOOK_S, self._silent_s / 4))

    def _look(self, connections: list[web.RequestHandler]) -> None:
        now = time.monotonic()
        self._since = {each: self._since.get(each) or _seen(each, now) for each in connections}
        for each, (asked, since) in self._since.items():
            if now - since > (self._longest_s if asked else self._silent_s) and each.transport is not None:
                each.transport.abort()


def _seen(connection: web.RequestHandler, now: float) -> tuple[bool, float]:
    """A connection at its first sight."""
    if connection.transport is not None:
        open_socket = connection.transport.get_extra_info("socket")
        with contextlib.suppress(OSError):  # it has ended meanwhile
            open_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_MS)
    return False, now
