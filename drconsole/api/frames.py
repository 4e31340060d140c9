"""Frames on the socket: four bytes of length, big-endian, then one MessagePack value.

A conversation is one connection: the client's Hello, the service's Welcome, one request, any
number of items, one end. Closing the connection cancels the request; nothing is multiplexed, so
nothing can block anything else.
"""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

import msgspec

from drconsole.errors import DRConsoleError, Unreachable

PROTOCOL = 1
"""Raised when a message loses or changes a meaning; additions keep it."""

LIMIT = 80 * 1024 * 1024
"""Bytes of the largest frame: a snapshot of 64 MiB and its envelope."""

T = TypeVar("T")

_ENCODER = msgspec.msgpack.Encoder()


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The client's first frame. `client` says what it is: `console` or `command`.

    `observe`: it only looks. The service refuses this connection whatever changes something.
    """

    protocol: int = PROTOCOL
    version: str
    client: str = "command"
    observe: bool = False


class Welcome(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The service's answer to a Hello whose protocol it speaks. `observe`: this caller may only look."""

    protocol: int = PROTOCOL
    version: str
    pid: int
    observe: bool = False


class Item(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One value of a stream, before its end."""

    value: msgspec.Raw


class Final(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The reply: the request is done."""

    value: msgspec.Raw


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The request failed. `kind` names a class of the error tree, `fields` are its attributes."""

    kind: str
    fields: dict[str, Any]


def packed(value: object) -> msgspec.Raw:
    """Returns a value as the raw MessagePack that Item and Final carry."""
    return msgspec.Raw(_ENCODER.encode(value))


def frame(value: object) -> bytes:
    """Returns one message as it goes over the socket."""
    body = _ENCODER.encode(value)
    if len(body) > LIMIT:
        raise DRConsoleError(f"a message of {len(body)} bytes is larger than the socket takes ({LIMIT})")
    return len(body).to_bytes(4, "big") + body


async def read_frame(reader: asyncio.StreamReader, decoder: msgspec.msgpack.Decoder[T]) -> T | None:
    """Reads and decodes one frame; None where the other side closed between two frames.

    Raises Unreachable where it closed inside one, or sent what is no message of ours.
    """
    head = b""
    try:
        head = await reader.readexactly(4)
        size = int.from_bytes(head, "big")
        if size > LIMIT:
            raise Unreachable(f"a frame of {size} bytes is no message of ours", about="service socket")
        return decoder.decode(await reader.readexactly(size))
    except asyncio.IncompleteReadError as cut:
        if not head and not cut.partial:
            return None
        raise Unreachable("the connection ended inside a message", about="service socket") from cut
    except (ConnectionResetError, BrokenPipeError):
        return None
    except msgspec.MsgspecError as bad:
        raise Unreachable(f"not a message of ours: {bad}", about="service socket") from bad
