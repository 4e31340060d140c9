"""The one writer of a process: a thread that commits what was asked for in groups.

Each piece of work runs in a savepoint of its own: one that fails takes nothing else along. What a
caller waits for has reached the disk when its future is done.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError, SQLAlchemyError

from drconsole.errors import DatabaseFailed, DRConsoleError
from drconsole.repository.database import Database
from drconsole.repository.prepared import execute

T = TypeVar("T")

_GROUP = 256
"""Pieces of work a transaction, at most: so that nobody waits for long behind progress."""


class Writer:
    """Takes functions over a connection and carries them out in order."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="journal-writer", daemon=True)
        self._thread.start()
        self.commits = 0

    def submit(self, work: Callable[[Connection], T]) -> Future[T]:
        """Queues a piece of work; the future holds its value once it is committed."""
        future: Future[T] = Future()
        self._queue.put((work, future))
        return future

    def close(self) -> None:
        """Commits what is queued and ends the thread."""
        self._queue.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while (first := self._queue.get()) is not None:
            group = [first]
            last = False
            while len(group) < _GROUP and not self._queue.empty():
                work = self._queue.get()
                if work is None:
                    last = True
                    break
                group.append(work)
            self._commit(group)
            if last:
                return

    def _commit(self, group: list[_Work]) -> None:
        outcomes: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            with self._database.writing() as connection:
                outcomes.extend(_attempted(connection, work, future) for work, future in group)
            self.commits += 1
        except (DRConsoleError, SQLAlchemyError) as error:
            outcomes = [(future, None, self._failed(error)) for _, future in group]
        for future, value, problem in outcomes:
            if future.cancelled():
                continue
            if problem is None:
                future.set_result(value)
            else:
                future.set_exception(problem)

    def _failed(self, error: DRConsoleError | SQLAlchemyError) -> DRConsoleError:
        if isinstance(error, DRConsoleError):
            return error
        return DatabaseFailed(f"cannot be written: {error}", about=self._database.name)


_OWN = (IntegrityError, DataError, ProgrammingError)
"""Failures of one piece of work; any other that a database reports is the whole group's."""

_Work = tuple[Callable[[Connection], Any], "Future[Any]"]


@contextmanager
def _apart(connection: Connection) -> Iterator[None]:
    """A savepoint, as both databases know it; SQLAlchemy's own takes longer than the work within."""
    execute(connection, "SAVEPOINT work")
    try:
        yield
    except BaseException:
        with suppress(SQLAlchemyError):  # a database that undid all by itself has no savepoint any more
            execute(connection, "ROLLBACK TO SAVEPOINT work")
            execute(connection, "RELEASE SAVEPOINT work")
        raise
    execute(connection, "RELEASE SAVEPOINT work")


def _attempted(
    connection: Connection, work: Callable[[Connection], Any], future: Future[Any]
) -> tuple[Future[Any], Any, BaseException | None]:
    try:
        with _apart(connection):
            return future, work(connection), None
    except DatabaseError as error:
        if isinstance(error, _OWN):
            return future, None, error
        raise  # a full disk or a failing one: SQLite may have undone the whole group by itself
    except Exception as error:  # the boundary: it is the caller's, not the thread's
        return future, None, error
