"""A database of ours, the repository's and the journal's: connections, transactions, and a schema that
is brought up to date.

SQLite: WAL, `synchronous=FULL`, and a transaction that writes begins with BEGIN IMMEDIATE (deferred
ones ended in "database is locked" 2,803 times of 3,200 with 8 processes: measured). One that only
reads begins deferred, never waits for a writer, and cannot write.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError

from drconsole.errors import DatabaseFailed, Refused
from drconsole.repository.prepared import execute

_BUSY_MS = 30_000


class Database:
    """One engine with its pool. Safe to share between threads; open one a process.

    Raises Refused where a newer version has written the database: nothing is changed then. Raises
    DatabaseFailed where it cannot be opened.
    `scripts` and `head` say where the revisions are and which is the newest, `remedy` what an operator
    does where the database fails.
    """

    _glances: Connection | None = None

    def __init__(self, url: str, *, scripts: str, head: str, remedy: str = "check the disk") -> None:
        self._remedy = remedy
        self._engine = create_engine(url, hide_parameters=True)
        self.name = self._engine.url.database or url
        self.file = Path(self.name) if self._engine.dialect.name == "sqlite" else None
        if self.file is not None:
            event.listen(self._engine, "connect", _configure)
            event.listen(self._engine, "begin", _begin)
        try:
            with self._failures(), _locked(self.file):
                found = _revision(self._engine)
                if found != head:
                    self._migrate(found, scripts, head)
        except OSError as error:
            told = f"cannot be opened: {error.strerror or error}"
            raise DatabaseFailed(told, about=self.name, remedy=self._remedy) from error
        self._identity = self._identified()

    def close(self) -> None:
        """Closes every connection."""
        if self._glances is not None:
            self._glances.close()
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Opens a transaction that sees one state of the database and changes nothing."""
        with self._failures(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Opens a transaction that is the only one that writes; commits at its end, or undoes all."""
        with self._failures(), self._engine.connect() as plain:
            connection = plain.execution_options(writes=True)
            with connection.begin():
                yield connection
                self._refuse_undone(connection)

    def must_stand(self) -> None:
        """Raises DatabaseFailed where the file has been removed or replaced since it was opened.

        SQLite notices neither: it goes on writing where nobody will ever look.
        """
        if self.file is not None and self._identified() != self._identity:
            raise DatabaseFailed(
                "its file has been removed or replaced", about=self.name, remedy=self._remedy
            )

    def _identified(self) -> tuple[int, int] | None:
        try:
            found = None if self.file is None else self.file.stat()
        except OSError:
            return None
        return None if found is None else (found.st_dev, found.st_ino)

    def _refuse_undone(self, connection: Connection) -> None:
        """SQLite may undo a transaction by itself; a commit then says nothing, and keeps nothing."""
        raw = connection.connection.driver_connection
        if isinstance(raw, sqlite3.Connection) and not raw.in_transaction:
            raise DatabaseFailed("it has undone what was written", about=self.name, remedy=self._remedy)

    @contextmanager
    def glancing(self) -> Iterator[Connection]:
        """Lends a connection on which each statement sees what is committed at that moment.

        For `Prepared` statements that only read, and one thread: no transaction is begun.
        """
        with self._failures():
            if self._glances is None:
                self._glances = self._engine.connect()
                if self.file is not None:
                    execute(self._glances, "PRAGMA query_only=ON")
            yield self._glances

    def data_versions(self) -> Generator[int, None, None]:
        """Yields SQLite's counter of changes by others, each time it is asked; close it at the end.

        On a connection of its own without a transaction: inside one the counter stands still.
        """
        with self._failures(), closing(self._engine.raw_connection()) as watching:
            cursor = watching.cursor()
            while True:
                cursor.execute("PRAGMA data_version")
                row = cursor.fetchone()
                yield int(row[0]) if row else 0

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Names the database where SQLite or PostgreSQL gives up, also at a connection's first words."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            raise DatabaseFailed(
                f"the database failed: {error.orig if isinstance(error, DBAPIError) else error}",
                about=self.name,
                remedy=self._remedy,
            ) from error

    def _migrate(self, found: str, scripts: str, head: str) -> None:
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", scripts)
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if found and found not in known:
            raise Refused(
                f"its schema is {found}, this version knows up to {head}",
                about=self.name,
                remedy="a newer drconsole has written it: use that one",
            )
        if found:
            self._back_up(found, head)
        with self.writing() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def _back_up(self, found: str, head: str) -> None:
        """Copies the database whole, as of now; PostgreSQL is backed up by who runs it."""
        if self.file is None:
            return
        copy = self.file.with_name(f"{self.file.name}.{found}-before-{head}")
        copy.unlink(missing_ok=True)
        with closing(sqlite3.connect(self.file)) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))
        copy.chmod(0o600)


def _configure(raw: Any, _: object) -> None:
    raw.isolation_level = None  # `_begin` says how a transaction begins
    for pragma in (
        f"busy_timeout={_BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        raw.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = bool(connection.get_execution_options().get("writes", False))
    if connection.info.get("writes") is not writes:
        execute(connection, f"PRAGMA query_only={'OFF' if writes else 'ON'}")
        connection.info["writes"] = writes
    execute(connection, "BEGIN IMMEDIATE" if writes else "BEGIN")


def _revision(engine: Engine) -> str:
    """Returns the schema's revision; "" for an empty database."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


@contextmanager
def _locked(file: Path | None) -> Iterator[None]:
    """Two processes that start at once do not migrate twice."""
    if file is None:
        yield
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(f"{file}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # SQLite would create it readable by all; its companions take over the mode.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        yield
    finally:
        os.close(lock)
