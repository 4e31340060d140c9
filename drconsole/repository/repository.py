"""The repository: a site's snapshots at the recovery site (R27, R30, R31).

A snapshot is named by the hash of its exact bytes, so it can be neither changed nor stored twice, and
every read proves itself.
"""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.engine import RowMapping

from drconsole.documents import read_snapshot
from drconsole.documents.search import may_hold, search
from drconsole.errors import InvalidDocument, Refused, UnknownName
from drconsole.model.inventory import Snapshot
from drconsole.repository import frames, shelf
from drconsole.repository.database import Database
from drconsole.repository.entry import Attempt, Entry, Hit, Stored
from drconsole.repository.schema import HEAD, attempt, snapshot

SCRIPTS = "drconsole.repository:migrations"
_REMEDY = "check the disk; `snapshot check` tells which snapshots are still whole"
_KEPT_ATTEMPTS = 1000
_PREFIX = "sha256:"


class Repository:
    """Snapshots in one database. Synchronous and safe to share between threads; one a process.

    `url` is SQLAlchemy's, such as `sqlite:////var/lib/drconsole/repository.db`. Every method raises
    DRConsoleError, naming the database, where that fails.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url, scripts=SCRIPTS, head=HEAD, remedy=_REMEDY)
        self._newest: tuple[tuple[object, ...], dict[str, Entry]] = ((), {})

    def close(self) -> None:
        """Closes every connection."""
        self._database.close()

    def add(self, data: bytes, about: str = "") -> Entry:
        """Stores a snapshot document and reads it back; the same bytes twice are one entry.

        Raises InvalidDocument (`about` names the file) for what `read_snapshot` refuses. A consistent
        snapshot is verified by that.
        """
        value = read_snapshot(data, about)
        id_ = frames.identity(data)
        with self._database.writing() as connection:
            if _row(connection, id_) is None:
                connection.execute(insert(snapshot).values(**_columns(id_, value, len(data))))
                stored = shelf.lay(connection, id_, value.site, data)
                connection.execute(update(snapshot).where(snapshot.c.id == id_).values(stored_size=stored))
        with self._database.reading() as connection:
            shelf.check(connection, id_)
        return self._mark(id_, verified=value.consistent)

    def entries(self, site: str | None = None) -> tuple[Entry, ...]:
        """Lists the snapshots of a site, or all, oldest first by when they were taken."""
        wanted = select(snapshot).order_by(snapshot.c.number)
        if site is not None:
            wanted = wanted.where(snapshot.c.site == site)
        with self._database.reading() as connection:
            rows = connection.execute(wanted).mappings().all()
        return tuple(sorted((_entry(row) for row in rows), key=_taken))

    def newest(self) -> dict[str, Entry]:
        """Returns each site's newest snapshot. Cheap while none is added, removed or verified."""
        counted = select(func.count(), func.max(snapshot.c.number), func.max(snapshot.c.verified))
        wanted = counted.add_columns(func.count(func.nullif(snapshot.c.verified, "")))
        with self._database.reading() as connection:
            mark = tuple(connection.execute(wanted).one())
        known, newest = self._newest
        if mark != known:
            newest = {entry.site: entry for entry in self.entries()}
            self._newest = mark, newest
        return newest

    def find(self, reference: str, site: str | None = None) -> Entry:
        """Returns the entry of an id, of a prefix that fits one only, or the `latest` one.

        Raises UnknownName where none fits, or more than one.
        """
        entries = self.entries(site)
        if reference == "latest":
            fitting = entries[-1:]
        else:
            wanted = reference if reference.startswith(_PREFIX) else _PREFIX + reference
            fitting = tuple(each for each in entries if reference and each.id.startswith(wanted))
        if len(fitting) == 1:
            return fitting[0]
        where = f" of site {site}" if site else ""
        raise UnknownName(
            f"fits {len(fitting)} snapshots{where}" if fitting else f"no such snapshot{where}",
            about=reference,
            remedy="`drconsole snapshot list` shows them",
        )

    def latest_verified(self, site: str) -> Entry:
        """Returns the newest snapshot of a site that was read back whole. Raises UnknownName for none."""
        for entry in reversed(self.entries(site)):
            if entry.verified:
                return entry
        raise UnknownName(
            "has no verified snapshot", about=site, remedy=f"`drconsole capture {site}`, or import one"
        )

    def get(self, reference: str, site: str | None = None) -> Stored:
        """Returns a snapshot as `find` finds it, its bytes proven by their hash.

        Raises InvalidDocument, naming the damaged frame, where they are not whole.
        """
        entry = self.find(reference, site)
        with self._database.reading() as connection:
            return Stored(entry=entry, data=shelf.read(connection, entry.id))

    def verify(self, reference: str, site: str | None = None) -> Entry:
        """Reads a snapshot back: hash, schema, keys and references right, and as the list says.

        Raises InvalidDocument for a damaged one, which is then no longer verified. An inconsistent one
        comes back as not verified.
        """
        entry = self.find(reference, site)
        try:
            with self._database.reading() as connection:
                data = shelf.check(connection, entry.id)
            value = read_snapshot(data, entry.id)
            _compare(entry, value)
        except InvalidDocument:
            self._mark(entry.id, verified=False)
            raise
        return self._mark(entry.id, verified=value.consistent)

    def look_in(self, entry: Entry, text: str) -> tuple[Hit, ...]:
        """Returns the objects of one snapshot that hold a text: see `documents.search`.

        Raises InvalidDocument where the snapshot is damaged: nothing is known of what it held.
        """
        data = self.get(entry.id).data
        if not may_hold(data, text):
            return ()
        return tuple(Hit(entry=entry, found=found) for found in search(read_snapshot(data, entry.id), text))

    def export(self, reference: str, path: Path, site: str | None = None) -> Entry:
        """Writes a snapshot's exact bytes to a file, whole or not at all. Raises Refused where it cannot."""
        stored = self.get(reference, site)
        try:
            _write_whole(path, stored.data)
        except OSError as error:
            raise Refused(f"cannot be written: {error.strerror}", about=str(path)) from error
        return stored.entry

    def remove(self, reference: str, site: str | None = None) -> Entry:
        """Removes a snapshot; others that lean on it stay readable.

        Raises Refused for the last verified one of its site: without it there is no recovery.
        """
        entry = self.find(reference, site)
        verified = [each.id for each in self.entries(entry.site) if each.verified]
        if verified == [entry.id]:
            raise Refused(
                f"the last verified snapshot of {entry.site}", about=entry.id, remedy="capture again first"
            )
        with self._database.writing() as connection:
            shelf.take_away(connection, entry.id)
            connection.execute(delete(snapshot).where(snapshot.c.id == entry.id))
        return entry

    def record_attempt(self, site: str, at: str, ok: bool, error: str = "") -> None:
        """Notes an attempt to capture a site; the newest 1000 of a site are kept."""
        with self._database.writing() as connection:
            connection.execute(insert(attempt).values(site=site, at=at, ok=ok, error=error))
            kept = (
                select(attempt.c.number)
                .where(attempt.c.site == site)
                .order_by(attempt.c.number.desc())
                .limit(_KEPT_ATTEMPTS)
            )
            connection.execute(delete(attempt).where(attempt.c.site == site, attempt.c.number.not_in(kept)))

    def attempts(self, site: str) -> tuple[Attempt, ...]:
        """Lists the attempts to capture a site, oldest first."""
        wanted = select(attempt).where(attempt.c.site == site).order_by(attempt.c.number)
        with self._database.reading() as connection:
            rows = connection.execute(wanted).all()
        return tuple(Attempt(site=row.site, at=row.at, ok=row.ok, error=row.error) for row in rows)

    def _mark(self, id_: str, *, verified: bool) -> Entry:
        with self._database.writing() as connection:
            when = _now() if verified else ""
            connection.execute(update(snapshot).where(snapshot.c.id == id_).values(verified=when))
            row = _row(connection, id_)
        if row is None:
            raise UnknownName("was removed meanwhile", about=id_)
        return _entry(row)


def _write_whole(path: Path, data: bytes) -> None:
    """Puts a file in place in one go; a crash leaves the old one, or none."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, path)
        except OSError:
            os.unlink(file.name)
            raise


def _row(connection: Connection, id_: str) -> RowMapping | None:
    return connection.execute(select(snapshot).where(snapshot.c.id == id_)).mappings().one_or_none()


def _columns(id_: str, value: Snapshot, size: int) -> dict[str, str | int | bool]:
    return {
        "id": id_,
        "site": value.site,
        "taken": value.taken,
        "profile": value.profile,
        "consistent": value.consistent,
        "added": _now(),
        "verified": "",
        "hosts": len(value.hosts),
        "guests": len(value.virtual_machines),
        "size": size,
        "stored_size": 0,
    }


def _entry(row: RowMapping) -> Entry:
    return Entry(**{name: row[name] for name in Entry.__struct_fields__})


def _taken(entry: Entry) -> tuple[datetime, str]:
    return datetime.fromisoformat(entry.taken), entry.added


def _compare(entry: Entry, value: Snapshot) -> None:
    """Refuses a row of the list that says something else than its document."""
    for name in ("site", "taken", "profile", "consistent"):
        listed, held = getattr(entry, name), getattr(value, name)
        if listed != held:
            raise InvalidDocument(
                f"the list says {name} {listed}, the document {held}", about=entry.id, expected=str(held)
            )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
