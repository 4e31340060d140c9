"""The client of the service: one object for a console or a command, one connection a request."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from drconsole import __version__
from drconsole.api.failures import error_of
from drconsole.api.frames import PROTOCOL, Failure, Final, Hello, Item, Welcome, frame, read_frame
from drconsole.api.requests import Request, item_type, reply_type
from drconsole.api.start import Place, ensure_started, find
from drconsole.errors import Refused, Unreachable

Reply = TypeVar("Reply")
Piece = TypeVar("Piece")
T = TypeVar("T")

_FromService = Welcome | Item | Final | Failure
_FROM_SERVICE: msgspec.msgpack.Decoder[_FromService] = msgspec.msgpack.Decoder(_FromService)
_HELLO_S = 10.0
"""How long a service may take to greet."""

_SILENT_S = 10.0
"""A request may take as long as its own deadlines allow. After so much silence the service is greeted
anew: one that does not greet has stopped, and nobody waits for it."""


class Client:
    """Speaks to the service of one configuration.

    Make it with `connect`; use it as an async context manager or call `close`. While it is open it
    counts as a client, so the service does not end for want of one. All methods may be used
    concurrently; cancelling a call cancels the request. `observe` is also True once the service has
    said that this account may only look.
    """

    def __init__(self, place: Place, *, name: str = "command", observe: bool = False) -> None:
        self.place = place
        self.name = name
        self.observe = observe
        self._presence: asyncio.StreamWriter | None = None

    @classmethod
    async def connect(
        cls,
        config: str | Path | None = None,
        *,
        name: str = "command",
        start: bool = True,
        observe: bool = False,
    ) -> Client:
        """Finds the service of a configuration file (None: where it is looked for) and greets it.

        Starts one where none runs and `start` is True. With `observe` the service refuses this client
        whatever changes something. Raises InvalidConfiguration, Unreachable
        where none runs or it does not come up (with the end of its log), Refused where it is of
        another protocol.
        """
        place = find(config)
        if start:
            await ensure_started(place)
        client = cls(place, name=name, observe=observe)
        _, client._presence = await client._greeted()
        return client

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Leaves. Requests that are under way end with Unreachable or are cancelled."""
        if self._presence is not None:
            await _closed(self._presence)
            self._presence = None

    async def ask(
        self, request: Request[Reply, Piece], on_item: Callable[[Piece], None] | None = None
    ) -> Reply:
        """Sends a request and returns its reply; each item before it goes to `on_item`.

        Raises whatever DRConsoleError the service met, and Unreachable where it went away.
        """
        async for ended, value in self._answers(request):
            if ended:
                return cast("Reply", value)
            if on_item is not None:
                on_item(cast("Piece", value))
        raise Unreachable("the service went away in the middle of a request", about=self._about())

    async def items(self, request: Request[Any, Piece]) -> AsyncGenerator[Piece, None]:
        """Yields the items of a request until it ends; leaving the loop cancels the request.

        Wrap it in `contextlib.aclosing` where the loop may be left early.
        """
        async with contextlib.aclosing(self._answers(request)) as answers:
            async for ended, value in answers:
                if ended:
                    return
                yield cast("Piece", value)
        raise Unreachable("the service went away in the middle of a request", about=self._about())

    async def _answers(self, request: Request[Any, Any]) -> Any:
        reader, writer = await self._greeted()
        piece = msgspec.msgpack.Decoder(item_type(type(request)))
        final = msgspec.msgpack.Decoder(reply_type(type(request)))
        try:
            writer.write(frame(request))
            await self._while_alive(writer.drain())
            while (answer := await self._while_alive(_next(reader))) is not None:
                if isinstance(answer, Failure):
                    raise error_of(answer)
                if isinstance(answer, Item):
                    yield False, piece.decode(answer.value)
                elif isinstance(answer, Final):
                    yield True, final.decode(answer.value)
                    return
        except (ConnectionError, msgspec.MsgspecError) as error:
            raise Unreachable(str(error), about=self._about()) from error
        finally:
            await _closed(writer)

    async def _while_alive(self, work: Coroutine[Any, Any, T]) -> T:
        """Waits for a part of a conversation as long as the service greets."""
        task = asyncio.create_task(work)
        try:
            while not (await asyncio.wait({task}, timeout=_SILENT_S))[0]:
                _, writer = await self._greeted()
                await _closed(writer)
            return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _greeted(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Opens a connection and says hello on it."""
        try:
            async with asyncio.timeout(_HELLO_S):
                reader, writer = await asyncio.open_unix_connection(self.place.socket)
        except TimeoutError as error:
            raise self._stopped() from error
        except OSError as error:
            raise Unreachable(
                f"no service listens ({error.strerror or error})",
                about=self._about(),
                remedy="`drconsole serve` starts one",
            ) from error
        try:
            async with asyncio.timeout(_HELLO_S):
                writer.write(frame(Hello(version=__version__, client=self.name, observe=self.observe)))
                await writer.drain()
                answer = await read_frame(reader, _FROM_SERVICE)
            self._welcomed(answer)
        except (ConnectionError, TimeoutError) as error:
            await _closed(writer)
            raise self._stopped() from error
        except BaseException:
            await _closed(writer)
            raise
        return reader, writer

    def _welcomed(self, answer: Welcome | Item | Final | Failure | None) -> None:
        if isinstance(answer, Failure):
            raise error_of(answer)
        if not isinstance(answer, Welcome):
            raise Unreachable("the service does not greet", about=self._about())
        self.observe = self.observe or answer.observe
        if answer.protocol != PROTOCOL:
            raise Refused(
                f"the service is version {answer.version}, this is {__version__}",
                about=self._about(),
                remedy="end it with `drconsole serve --stop`; runs go on meanwhile",
            )

    def _stopped(self) -> Unreachable:
        return Unreachable(
            "the service does not answer; what it was asked before it may have taken up",
            about=self._about(),
            remedy=f"see whether its process is stopped: {self.place.state_dir}/service.lock has its number",
        )

    def _about(self) -> str:
        return f"service of {self.place.config}"


async def _next(reader: asyncio.StreamReader) -> _FromService | None:
    return await read_frame(reader, _FROM_SERVICE)


async def _closed(writer: asyncio.StreamWriter) -> None:
    """Ends a conversation at once: what the service has not read is dropped, for it may never read it."""
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
