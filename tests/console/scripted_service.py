"""A service whose answers a test has written down. It speaks the real frames over the real socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from drconsole.api import requests
from drconsole.api.failures import failure_of
from drconsole.api.frames import Final, Hello, Item, Welcome, frame, packed, read_frame
from drconsole.api.overview import Overview
from drconsole.api.presenting import Presented
from drconsole.api.requests import AnyRequest
from drconsole.api.values import InventoryBatch, ServiceStatus
from drconsole.errors import DRConsoleError, Refused, UnknownName
from drconsole.model.run import Event, RunView
from drconsole.settings import places

_HELLO = msgspec.msgpack.Decoder(Hello)
_REQUEST: msgspec.msgpack.Decoder[AnyRequest] = msgspec.msgpack.Decoder(AnyRequest)
Answer = Callable[[Any], object]
_PARTS: dict[str, type] = {
    "status": requests.Status,
    "sites": requests.ListSites,
    "targets": requests.ListTargets,
    "runs": requests.ListRuns,
}


class ScriptedService:
    """Answers by a table, request type → what it gives; remembers what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "drconsole.toml"
        self.config.write_text(f'[state]\ndir = "{folder / "state"}"\n', encoding="utf-8")
        self.answers: dict[type, Answer] = {requests.Status: lambda _: self._status()}
        self.asked: list[Any] = []
        self.batches: list[InventoryBatch] = []
        self.recovered: dict[str, list[InventoryBatch]] = {}
        self.events: list[Event] = []
        self.places: list[Presented] = []
        self._folder = folder
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Future[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def _status(self) -> ServiceStatus:
        return ServiceStatus(
            version="0",
            pid=os.getpid(),
            config=str(self.config),
            state_dir=str(self._folder),
            started="2026-11-22T08:00:00Z",
            single_user=True,
            clients=1,
            runs=(),
        )

    @contextmanager
    def listening(self) -> Iterator[ScriptedService]:
        """Serves from a thread of its own, so that the console may run anywhere."""
        started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(5)
        try:
            yield self
        finally:
            self.end()

    def end(self) -> None:
        """Goes away, in the middle of whatever is asked."""
        if self._loop is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(5)

    def _serve(self, started: threading.Event) -> None:
        loop = self._loop
        assert loop is not None
        socket = places.socket_path(self._folder / "state")
        self._server = loop.run_until_complete(asyncio.start_unix_server(self._accept, socket))
        started.set()
        loop.run_forever()
        self._server.close()
        loop.run_until_complete(self._hang_up())
        loop.close()
        socket.unlink(missing_ok=True)

    async def _hang_up(self) -> None:
        """Ends every conversation: also those that were accepted just now, and those that nobody reads."""
        await asyncio.sleep(0)
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(set(self._tasks))
            await asyncio.sleep(0)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)  # transports close a turn later

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.ensure_future(self._converse(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await read_frame(reader, _HELLO)
            writer.write(frame(Welcome(version="0", pid=os.getpid())))
            while (request := await read_frame(reader, _REQUEST)) is not None:
                await self._answer(request, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
                self._writers.discard(writer)

    async def _answer(self, request: AnyRequest, writer: asyncio.StreamWriter) -> None:
        self.asked.append(request)
        try:
            if isinstance(request, requests.WatchOverview):
                await self._overview(writer)
            if isinstance(request, requests.WatchInventory):
                await self._inventory(request, writer)
            if isinstance(request, requests.Attach) and requests.Attach in self.answers:
                for event in self.events:  # a run that rests: all of them, and an end
                    writer.write(frame(Item(value=packed(event))))
            elif isinstance(request, requests.Attach):
                await self._stream(writer, lambda: [e for e in self.events if e.seq > request.after])
            if isinstance(request, requests.WatchPresenter):
                await self._stream(writer, lambda: self.places)
            if type(request) not in self.answers:
                raise UnknownName("nobody wrote an answer down", about=type(request).__name__)
            writer.write(frame(Final(value=packed(self.answers[type(request)](request)))))
        except DRConsoleError as error:
            writer.write(frame(failure_of(error)))
        await writer.drain()

    async def _overview(self, writer: asyncio.StreamWriter) -> None:
        """What the answers about service, sites, pool and runs say, when it is another thing than before."""
        sent: dict[str, object] = {}
        rounds = 0
        while True:
            now = {part: self._part(kind) for part, kind in _PARTS.items()}
            parts = {part: value for part, value in now.items() if value is not None}
            news = {part: value for part, value in parts.items() if sent.get(part) != value}
            if news or rounds % 20 == 0:
                item = Overview(at="2026-11-22T13:00:00Z", **news)  # type: ignore[arg-type]
                writer.write(frame(Item(value=packed(item))))
            sent |= news
            rounds += 1
            await writer.drain()
            await asyncio.sleep(0.05)

    def _part(self, kind: type) -> object:
        """Returns what an answer gives; None where a test has written none down, or it fails."""
        if kind not in self.answers:
            return None if kind is requests.Status else ()
        try:
            return self.answers[kind](kind())
        except DRConsoleError:
            return None

    async def _inventory(self, request: requests.WatchInventory, writer: asyncio.StreamWriter) -> None:
        if not request.run:
            await self._stream(writer, lambda: self.batches, sign=True)
        if request.run not in self.recovered:
            raise Refused("this run has recovered no management server yet", about=request.run)
        await self._stream(writer, lambda: self.recovered[request.run], sign=True)

    async def _stream(
        self, writer: asyncio.StreamWriter, values: Callable[[], list[Any]], *, sign: bool = False
    ) -> None:
        """Items as they are written down, and no end: a live inventory, a run that goes on.

        With `sign` a sign of life each second, as the real one gives it.
        """
        sent = rounds = 0
        while True:
            rounds += 1
            if sign and sent and rounds % 20 == 0:
                alive = msgspec.structs.replace(values()[-1], reset=False, changes=())
                writer.write(frame(Item(value=packed(alive))))
            for value in values()[sent:]:
                sent += 1
                writer.write(frame(Item(value=packed(value))))
            await writer.drain()
            await asyncio.sleep(0.05)

    def asked_for(self, kind: type) -> list[Any]:
        """Returns the requests of a type, oldest first."""
        return [request for request in self.asked if isinstance(request, kind)]


def shows_run(service: ScriptedService, view: RunView) -> None:
    """Lets the service have one run."""
    from drconsole.model.run import RunSummary

    summary = RunSummary(
        run=view.run,
        site=view.site,
        mode=view.mode,
        state=view.state,
        snapshot=view.snapshot,
        started=view.started,
        ended=view.ended,
    )
    service.answers[requests.ListRuns] = lambda _: (summary,)
    service.answers[requests.ShowRun] = lambda _: view
