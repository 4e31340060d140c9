"""Connections to the journal's database, and its schema brought up to date.

SQLite: WAL, `synchronous=FULL`, and each transaction of a writer begins with BEGIN IMMEDIATE
(deferred ones end in "database is locked" under load: measured).
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

from drconsole.errors import DRConsoleError, Refused
from drconsole.journal.schema import HEAD

_BUSY_MS = 10_000


def writing_engine(url: str) -> Engine:
    """Returns the engine of the one writer of this process."""
    engine = _engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def reading_engine(url: str) -> Engine:
    """Returns an engine whose connections only read, and never wait for the writer."""
    engine = _engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA query_only=ON"))
    return engine


def bring_up_to_date(url: str) -> None:
    """Creates the schema or migrates it, after a copy of the database beside it.

    Raises Refused where a newer version has written it: nothing is changed then.
    """
    with _locked(url):
        engine = writing_engine(url)
        try:
            found = _revision(engine)
            if found != HEAD:
                _migrate(engine, found)
        except DBAPIError as error:
            raise DRConsoleError(
                f"cannot be opened: {error.orig}", about=engine.url.database or url
            ) from error
        finally:
            engine.dispose()


def _engine(url: str) -> Engine:
    engine = create_engine(url, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure)
    return engine


def _configure(raw: Any, _: object) -> None:
    raw.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        f"busy_timeout={_BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        raw.execute(f"PRAGMA {pragma}")


def _revision(engine: Engine) -> str:
    """The schema's revision; "" for an empty database."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def _migrate(engine: Engine, found: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "drconsole.journal:migrations")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found and found not in known:
        raise Refused(
            f"its schema is {found}, this version knows up to {HEAD}",
            about=engine.url.database or "journal",
            remedy="a newer drconsole has written it: use that one",
        )
    if found:
        _back_up(engine, found)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _back_up(engine: Engine, found: str) -> None:
    database = engine.url.database
    if engine.dialect.name != "sqlite" or not database:
        return
    copy = f"{database}.before-{HEAD}-was-{found}"
    if not os.path.exists(copy):
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("VACUUM INTO ?", (copy,))


@contextmanager
def _locked(url: str) -> Iterator[None]:
    """Two processes that start at once do not migrate twice."""
    database = make_url(url).database
    if not database or not url.startswith("sqlite"):
        yield
        return
    os.makedirs(os.path.dirname(database) or ".", mode=0o700, exist_ok=True)
    lock = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def data_version(cursor: DBAPICursor) -> int:
    """Returns SQLite's counter of changes by others, as this cursor's connection sees it."""
    cursor.execute("PRAGMA data_version")
    row = cursor.fetchone()
    return int(row[0]) if row else 0
