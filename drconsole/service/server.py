"""The socket: greets, decodes a request, answers it, and stops answering when the caller leaves."""

from __future__ import annotations

import asyncio
import contextlib
import os
import traceback
from pathlib import Path
from types import TracebackType

import msgspec

from drconsole import __version__
from drconsole.api.failures import failure_of
from drconsole.api.frames import PROTOCOL, Final, Hello, Welcome, frame, packed, read_frame
from drconsole.api.requests import AnyRequest, Stop
from drconsole.errors import DRConsoleError, Refused, Unreachable
from drconsole.service.access import standing
from drconsole.service.answers import ANSWERS
from drconsole.service.caller import Caller, Peer, peer_of
from drconsole.service.state import State

_HELLO_S = 10.0
"""Who has not said hello by then counts as a client no longer."""

_FAREWELL_S = 10.0
"""How long the last words to a caller may lie unread: one that is stopped would be waited for for ever."""

_HELLO = msgspec.msgpack.Decoder(Hello)
_REQUEST: msgspec.msgpack.Decoder[AnyRequest] = msgspec.msgpack.Decoder(AnyRequest)


class Server:
    """Listens while it is entered."""

    def __init__(self, state: State, path: Path) -> None:
        self._state = state
        self._path = path
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Server:
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()  # a dead service's: the lock file says that no other lives
        if self._state.settings.socket:
            _make_reachable(self._path.parent)
        self._server = await asyncio.start_unix_server(self._accept, self._path)
        # Over a shared socket everybody may knock; who is let in is judged by account.
        os.chmod(self._path, 0o666 if self._state.settings.socket else 0o600)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state = self._state
        state.clients += 1
        try:
            await self._conversation(reader, writer, peer_of(writer.get_extra_info("socket")))
        except DRConsoleError as error:
            await _send(writer, failure_of(error))
        except (ConnectionError, TimeoutError):
            pass  # the caller left, or never said who it is
        finally:
            state.clients -= 1
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(_FAREWELL_S):
                    await writer.wait_closed()
            writer.transport.abort()

    async def _conversation(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer
    ) -> None:
        async with asyncio.timeout(_HELLO_S):
            hello = await read_frame(reader, _HELLO)
        if hello is None:
            return
        if hello.protocol != PROTOCOL:
            raise Refused(
                f"this service speaks protocol {PROTOCOL}, you speak {hello.protocol}",
                about=f"drconsole {__version__}",
                remedy="end it with `drconsole serve --stop`; runs go on meanwhile",
            )
        observes = standing(peer.uid, self._state.settings.people) == "observer" or hello.observe
        await _send(writer, Welcome(version=__version__, pid=os.getpid(), observe=observes))
        request = await read_frame(reader, _REQUEST)
        if request is None:
            return
        caller = Caller(peer.actor, writer, pid=peer.pid, observe=observes)
        caller.may(request)
        await self._answer(request, reader, writer, caller)

    async def _answer(
        self,
        request: AnyRequest,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        caller: Caller,
    ) -> None:
        """Answers, or gives up when the caller closes its side."""
        work = asyncio.create_task(_worked(self._state, request, caller))
        left = asyncio.create_task(reader.read(1))
        try:
            await asyncio.wait({work, left}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                return
            await _send(writer, Final(value=packed(work.result())))
            if isinstance(request, Stop):
                self._state.stopping.set()
        finally:
            for task in (work, left):
                task.cancel()
            await asyncio.gather(work, left, return_exceptions=True)


def _make_reachable(directory: Path) -> None:
    """The shared socket's directory, where it is not there yet: others may pass through, not write."""
    if not directory.exists():
        directory.mkdir(mode=0o711, parents=True)
        directory.chmod(0o711)


async def _worked(state: State, request: AnyRequest, caller: Caller) -> object:
    try:
        return await ANSWERS[type(request)](state, request, caller)
    except (DRConsoleError, ConnectionError):
        raise
    except TimeoutError as error:
        raise Unreachable("no answer came in time") from error
    except Exception as error:  # the boundary: a mistake of ours ends one request, not the service
        traceback.print_exception(error)
        raise DRConsoleError(f"unexpected {type(error).__name__}: {error}") from error


async def _send(writer: asyncio.StreamWriter, message: object) -> None:
    with contextlib.suppress(ConnectionError):
        writer.write(frame(message))
        await writer.drain()
