"""A proxy that cuts: between a client of the product and a device, at a moment, in a manner.

It shows the device's own certificate, so that pins hold, and sees every request whole. It can therefore cut
exactly before a request reaches the device, in the middle of it, in the middle of its answer, or when
the device has acted and the client has heard nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import struct
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Literal

import msgspec

Moment = Literal["connect", "handshake", "before", "in the request", "in the answer", "after"]
"""`before`: the device never hears of it; `after`: it has acted, and its answer is kept back."""

Manner = Literal["FIN", "RST", "silence", "garbage", "drip", "page", "error", "half", "noise"]
"""`garbage` breaks the TLS itself; `drip` gives the answer byte by byte; within TLS and HTTP: `page` is HTTP
200 with HTML, `error` HTTP 500 with HTML, `half` a whole answer with half a body, `noise` no HTTP at all."""

UNDER_WAY: tuple[Manner, ...] = ("FIN", "RST", "silence", "garbage")
"""How a message can end in its middle."""

PAGE = b"<html><body>Please log in to the guest network</body></html>"
GARBAGE = bytes(range(255, 127, -1)) + b"\r\n\r\n" + os.urandom(64) + b"\n"
DRIP_S = 0.05
_LINGER = struct.pack("ii", 1, 0)


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to a request that holds `where`; the first `times` of them, others pass."""

    moment: Moment
    manner: Manner
    where: bytes = b""
    times: int = 1_000_000


Choose = Callable[[bytes], Cut | None]
"""Says of a whole request how it is cut, None for one that passes."""


class Cutter:
    """Listens on loopback while it is entered. `context` shows the device's certificate; None is raw TCP.

    `bitten` counts cuts, `held` the connections that were cut and that the client has not let go of.
    """

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._upstream = host, port
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._listener.setblocking(False)
        self._tasks: set[asyncio.Task[None]] = set()
        self.cut: Cut | None = None
        self.choose: Choose = self._by_cut
        self.bitten = 0
        self.held = 0
        self.requests: list[bytes] = []

    @property
    def address(self) -> str:
        return "127.0.0.1"

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def place(self) -> str:
        return f"{self.address}:{self.port}"

    async def __aenter__(self) -> Cutter:
        self._spawn(self._accept())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._listener.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _by_cut(self, request: bytes) -> Cut | None:
        return self.cut if self.cut is not None and self.cut.where in request else None

    def _bites(self, cut: Cut | None) -> Cut | None:
        if cut is None or self.bitten >= cut.times:
            return None
        self.bitten += 1
        return cut

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while self._listener.fileno() >= 0:
            peer, _ = await loop.sock_accept(self._listener)
            self._spawn(self._counted(peer))

    async def follow(self, standing: Callable[[], bool]) -> None:
        """Closes the door while the device's own is closed, for ever: a closed one would seem to be open."""
        port = self.port
        while True:
            if standing() == (self._listener.fileno() < 0):
                for task in list(self._tasks):
                    task.cancel()
                self._listener.close()
                if standing():
                    self._listener = socket.create_server(("127.0.0.1", port), backlog=256)
                    self._listener.setblocking(False)
                    self._spawn(self._accept())
            await asyncio.sleep(0.01)

    async def _counted(self, peer: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.IncompleteReadError):
                await self._serve(peer)
        finally:
            peer.close()

    async def _serve(self, peer: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        early = self.cut if self.cut and self.cut.moment in ("connect", "handshake") else None
        if early and self._bites(early):
            if early.moment == "handshake":
                await loop.sock_recv(peer, 64)
            with self._holding():
                await _ended_raw(peer, early.manner)
            return
        ours = await _streams(peer, self._context)
        try:
            await self._relay(peer, *ours)
        finally:
            ours[1].transport.abort()

    async def _relay(
        self, peer: socket.socket, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        device, to_device = await asyncio.open_connection(*self._upstream, ssl=_trusting())
        try:
            while True:
                request = await _message(reader)
                self.requests.append(request)
                cut = self._bites(self.choose(request))
                if cut is not None:
                    await self._bite(cut, request, peer, (reader, writer), (device, to_device))
                    return
                to_device.write(request)
                writer.write(await _message(device))
                await writer.drain()
        finally:
            to_device.transport.abort()

    async def _bite(
        self,
        cut: Cut,
        request: bytes,
        peer: socket.socket,
        ours: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        theirs: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        answer = b""
        if cut.moment == "in the request":
            theirs[1].write(request[: len(request) // 2])
            await theirs[1].drain()
            await asyncio.sleep(0.02)
            theirs[1].transport.abort()
        elif cut.moment != "before":
            theirs[1].write(request)
            answer = await _message(theirs[0])
        if cut.moment == "in the answer" and cut.manner != "drip":
            ours[1].write(answer[: len(answer) // 2])
            await ours[1].drain()
        with self._holding():
            await _ended(cut.manner, answer, peer, *ours)

    @contextlib.contextmanager
    def _holding(self) -> Iterator[None]:
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1


async def _ended(
    manner: Manner,
    answer: bytes,
    peer: socket.socket,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Ends a conversation in a manner, and waits until the client lets go of it."""
    match manner:
        case "FIN":
            peer.shutdown(socket.SHUT_WR)
        case "RST":
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
            writer.transport.abort()
            return
        case "garbage":
            peer.send(GARBAGE)
        case "drip":
            for byte in answer or b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 4000:
                if reader.at_eof():
                    return
                writer.write(bytes((byte,)))
                await asyncio.sleep(DRIP_S)
        case "page" | "error" | "half" | "noise":
            writer.write(_instead(manner, answer))
        case "silence":
            pass
    while await reader.read(65536):
        pass


def _instead(manner: Manner, answer: bytes) -> bytes:
    match manner:
        case "page":
            return _response(b"200 OK", PAGE, b"text/html")
        case "error":
            return _response(b"500 Internal Server Error", PAGE, b"text/html")
        case "half":
            body = answer.partition(b"\r\n\r\n")[2] or b'{"a": "'
            return _response(b"200 OK", body[: len(body) // 2 + 1], b"application/json")
    return os.urandom(200)


def _response(status: bytes, body: bytes, kind: bytes) -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (status, kind, len(body))
    return head + body


async def _ended_raw(peer: socket.socket, manner: Manner) -> None:
    loop = asyncio.get_running_loop()
    if manner == "FIN":
        peer.shutdown(socket.SHUT_WR)
    if manner == "RST":
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        return
    if manner == "garbage":
        await loop.sock_sendall(peer, GARBAGE)
    if manner == "drip":
        for byte in b"\x16\x03\x03\x40\x00" + b"\x02" * 4000:
            await loop.sock_sendall(peer, bytes((byte,)))
            await asyncio.sleep(DRIP_S)
    while await loop.sock_recv(peer, 65536):
        pass


async def _streams(
    peer: socket.socket, context: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 26)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, peer, ssl=context)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Reads one HTTP message whole. Raises IncompleteReadError where it ends early."""
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    if b"\r\ntransfer-encoding: chunked" in lower:
        return head + await _chunks(reader)
    if b"\r\ncontent-length:" in lower:
        length = int(lower.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
        return head + await reader.readexactly(length)
    return head


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    held = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        chunk = await reader.readexactly(int(line, 16) + 2)
        held += line + chunk
        if int(line, 16) == 0:
            return held


class ByteCutter(Cutter):
    """Cuts a conversation that it does not understand, such as SSH's: after so many bytes of one side.

    `told` and `heard` count the bytes of the last conversation, from the client and to it.
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port, None)
        self.manner: Manner | None = None
        self.after_told: int | None = None
        self.after_heard: int | None = None
        self.told = self.heard = 0

    async def _serve(self, peer: socket.socket) -> None:
        self.told = self.heard = 0
        device, to_device = await asyncio.open_connection(*self._upstream)
        reader, writer = await _streams(peer, None)
        both = [
            asyncio.create_task(self._pipe(reader, to_device, heard=False)),
            asyncio.create_task(self._pipe(device, writer, heard=True)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            if self.manner is not None and self.bitten:
                with self._holding():
                    await _ended(self.manner, b"", peer, reader, writer)
        finally:
            to_device.transport.abort()
            writer.transport.abort()

    async def _pipe(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, heard: bool) -> None:
        limit = self.after_heard if heard else self.after_told
        while data := await source.read(65536):
            before = self.heard if heard else self.told
            passing = data if limit is None else data[: max(0, limit - before)]
            sink.write(passing)
            await sink.drain()
            self.heard, self.told = (
                (before + len(passing), self.told) if heard else (self.heard, before + len(passing))
            )
            if len(passing) < len(data):
                self.bitten += 1
                return


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
