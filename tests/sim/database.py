"""The journal over SQLite in memory: one database for all processes of a seed, no writer thread.

What is written is the product's: its schema, its transactions, its groups of commits. Only where the
writer's thread would take a piece of work, a timer of the simulation does.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from random import Random
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import StaticPool

from drconsole.errors import DatabaseFailed
from drconsole.journal.journal import POLL_S, Journal
from drconsole.journal.schema import HEAD
from drconsole.journal.writer import Writer
from drconsole.repository import database as product
from tests.sim.loop import Process, here

T = TypeVar("T")

_COMMIT_S = (0.0005, 0.02)
"""How long a commit takes: a fast disk's, and a slow one's."""


class MemoryDatabase(product.Database):
    """The product's database on one connection in memory, brought back to empty for every seed."""

    def __init__(self) -> None:
        self._remedy = "check the disk"
        self.name = "journal.db"
        self.file = None
        self.full = False
        self.version = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        event.listen(self._engine, "connect", product._configure)
        event.listen(self._engine, "begin", _begin)
        self._reader = self._engine.connect()
        self._migrate("", "drconsole.journal:migrations", HEAD)
        self._template = sqlite3.connect(":memory:")
        self._raw().backup(self._template)
        self.forget()

    def forget(self) -> None:
        """Makes it empty again: cheaper than a new one by all its compiled statements."""
        raw = self._raw()
        self._template.backup(raw)
        self.full = False
        self.version = 0
        self._waiting = []

    def _raw(self) -> sqlite3.Connection:
        return cast("sqlite3.Connection", self._engine.raw_connection().driver_connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Nobody writes while one reads here, so that it takes no transaction to see one state."""
        yield self._reader

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The product's transaction; refused by a full disk as SQLite refuses it."""
        if self.full:
            raise DatabaseFailed("the database failed: database or disk is full", about=self.name)
        with super().writing() as connection:
            yield connection
        self.version += 1
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting = []

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Reads as nobody's process: what the rules of the simulation look at."""
        return self._raw().execute(query, values).fetchall()

    async def changed(self, since: int) -> int:
        """Waits until somebody has committed after `since`, and returns the newest version."""
        if self.version == since:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
        return self.version

    def close(self) -> None:
        """It outlives every process of a seed."""


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("writes", False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


_Written = Callable[[Process, "TurningWriter"], None]


class TurningWriter(Writer):
    """The product's writer without its thread: groups are committed when the disk has its turn."""

    def __init__(self, database: MemoryDatabase, random: Random, written: _Written) -> None:
        self._database = database
        self._random = random
        self._written = written
        self._open: list[tuple[Callable[[Connection], Any], Future[Any]]] = []
        self.commits = 0

    def submit(self, work: Callable[[Connection], T]) -> Future[T]:
        """Takes a piece of work; the first of a group asks for the disk."""
        future: Future[T] = Future()
        if not self._open:
            asyncio.get_running_loop().call_later(self._random.uniform(*_COMMIT_S), self._turn)
        self._open.append((work, future))
        return future

    def close(self) -> None:
        """Commits what is queued."""
        self._turn()

    def _turn(self) -> None:
        group, self._open = self._open, []
        if group:
            self._commit(group)
            self._written(here(), self)


class TurningJournal(Journal):
    """One process's journal on the shared database."""

    def __init__(self, database: MemoryDatabase, random: Random, written: _Written) -> None:
        self._database = database
        self._memory = database
        self._random = random
        self._writer = TurningWriter(database, random, written)
        self._poller = None
        self._version = 0
        self._changed = asyncio.Event()
        self._outcomes = deque()

    async def _poll(self) -> None:
        """Sees a change as late as the product's poll would, without asking fifty times a second."""
        seen = self._memory.version
        while True:
            await self._memory.changed(seen)
            await asyncio.sleep(POLL_S * self._random.random())
            seen = self._memory.version
            self._version += 1
            self._changed.set()
            self._changed = asyncio.Event()
