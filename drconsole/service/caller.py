"""Who speaks on a connection, asked of the kernel, and how it is answered."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any, NamedTuple

from drconsole.api.frames import Item, frame, packed
from drconsole.api.requests import CHANGES, Request
from drconsole.errors import Refused
from drconsole.service.access import name_of


class Peer(NamedTuple):
    """Who is at the other end: the account, by name where it has one, and the process."""

    actor: str
    pid: int
    uid: int


def peer_of(connection: Any) -> Peer:
    """Returns who is at the other end of a unix socket, asked of the kernel (SO_PEERCRED)."""
    size = struct.calcsize("3i")
    pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return Peer(name_of(uid), pid, uid)


class Caller:
    """One request's other side: an account at a process. `observe`: it only looks, by word or by group."""

    def __init__(
        self, actor: str, writer: asyncio.StreamWriter, *, pid: int = 0, observe: bool = False
    ) -> None:
        self.actor = actor
        self.pid = pid
        self.observe = observe
        self._writer = writer

    def may(self, request: Request[Any, Any]) -> None:
        """Raises Refused where an observer asks for something that changes anything."""
        if self.observe and type(request) in CHANGES:
            raise Refused(
                f"{self.actor} only observes: {type(request).__name__} changes something",
                remedy="connect without --observe, as an operator",
            )

    def say(self, text: str) -> None:
        """Sends a line of narration, without waiting."""
        self._writer.write(frame(Item(value=packed(text))))

    async def send(self, value: object) -> None:
        """Sends one value of a stream; waits where the other side is slow."""
        self._writer.write(frame(Item(value=packed(value))))
        await self._writer.drain()
