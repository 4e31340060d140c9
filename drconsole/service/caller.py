"""Who speaks on a connection, asked of the kernel, and how it is answered."""

from __future__ import annotations

import asyncio
import pwd
import socket
import struct
from typing import Any

from drconsole.api.frames import Item, frame, packed


def actor_of(connection: Any) -> str:
    """Returns the account at the other end of a unix socket, by name where it has one (SO_PEERCRED)."""
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


class Caller:
    """One request's other side."""

    def __init__(self, actor: str, writer: asyncio.StreamWriter) -> None:
        self.actor = actor
        self._writer = writer

    def say(self, text: str) -> None:
        """Sends a line of narration, without waiting."""
        self._writer.write(frame(Item(value=packed(text))))

    async def send(self, value: object) -> None:
        """Sends one value of a stream; waits where the other side is slow."""
        self._writer.write(frame(Item(value=packed(value))))
        await self._writer.drain()
