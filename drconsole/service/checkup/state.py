"""What a configuration stands on: its state directory, databases, service, secrets and addresses."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import socket
import sqlite3
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url

from drconsole import __version__
from drconsole.errors import DRConsoleError
from drconsole.journal import schema as journal_schema
from drconsole.repository import schema as repository_schema
from drconsole.service.checkup.finding import CheckFinding, bad, note, ok
from drconsole.settings.places import listens_at
from drconsole.settings.secrets import references, resolve
from drconsole.settings.values import Settings

_NETWORKED = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph", "glusterfs"})
"""File systems on which SQLite's locks cannot be trusted."""

_ROOM_BYTES, _LITTLE_BYTES = 256 * 1024**2, 2 * 1024**3
_SLOW_SYNC_S = 0.1


def directory(settings: Settings) -> Iterator[CheckFinding]:
    """The state directory: whose, on what, with how much room, and how fast a commit reaches the disk."""
    place = Path(settings.state_dir)
    if not place.is_dir():
        yield note("state directory", f"{place} is not there yet: the first command makes it")
        return
    found = place.stat()
    if found.st_uid != os.getuid():
        yield bad(
            "state directory", f"{place} is another account's", "run drconsole as the account that owns it"
        )
        return
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield bad("state directory", f"{place} is open to others", f"chmod 0700 {place}")
    if (kind := _file_system(place)) in _NETWORKED:
        yield bad(
            "state directory", f"lies on {kind}, where locks do not hold", "[state] dir on a local disk"
        )
    yield _room(place)
    yield _commit(place)


def _room(place: Path) -> CheckFinding:
    left = shutil.disk_usage(place).free
    text = f"{left / 1024**3:.1f} GiB free"
    if left < _ROOM_BYTES:
        return bad("disk", text, "make room: a run that cannot write stops")
    return note("disk", text) if left < _LITTLE_BYTES else ok("disk", text)


def _commit(place: Path) -> CheckFinding:
    """Each step waits for two of these."""
    with tempfile.TemporaryFile(dir=place) as file:
        file.write(b"x" * 4096)
        file.flush()
        began = time.monotonic()
        os.fsync(file.fileno())
        took = time.monotonic() - began
    text = f"a commit reaches the disk in {took * 1000:.1f} ms"
    return ok("disk", text) if took < _SLOW_SYNC_S else note("disk", text, "put [state] dir on a faster disk")


def _file_system(place: Path) -> str:
    """The kind of the mount that a path lies on; "" where the kernel does not tell."""
    best = ("", "")
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
            _, where, kind, *_ = line.split(" ")
            if place.resolve().is_relative_to(where) and len(where) >= len(best[0]):
                best = (where, kind)
    return best[1]


def databases(settings: Settings) -> Iterator[CheckFinding]:
    """The journal's and the repository's schema, read without migrating anything."""
    for name, url, head in (
        ("journal", settings.journal_url, journal_schema.HEAD),
        ("repository", settings.repository_url, repository_schema.HEAD),
    ):
        where = make_url(url)
        if where.get_backend_name() != "sqlite" or not where.database or not Path(where.database).exists():
            continue
        yield _revision(name, Path(where.database), head)


def _revision(name: str, file: Path, head: str) -> CheckFinding:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            found = str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
            broken = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except (sqlite3.Error, TypeError) as error:
        return bad(name, f"{file} cannot be read: {error}", "restore it from a backup")
    if broken != "ok":
        return bad(name, f"{file} is damaged: {broken}", "restore it from a backup")
    if found == head:
        return ok(name, f"whole, schema {found}")
    if found < head:
        return note(name, f"schema {found}: the next start backs it up and brings it to {head}")
    return bad(name, f"schema {found}, this version knows up to {head}", "use the newer drconsole")


def service(settings: Settings) -> Iterator[CheckFinding]:
    """Whether one listens, and that it is not another account's."""
    lock = Path(settings.state_dir) / "service.lock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
        knock.settimeout(1.0)
        try:
            knock.connect(str(listens_at(settings)))
        except OSError:
            yield ok("service", "none runs: the first console or command starts one")
            return
    pid = lock.read_text(encoding="ascii").strip() if lock.exists() else "unknown"
    yield ok("service", f"process {pid} listens; this program is {__version__}")


def secrets(settings: Settings) -> Iterator[CheckFinding]:
    """Whether each reference leads to a secret from here. No secret is shown."""
    found, trouble = 0, []
    for place, reference in references(settings):
        try:
            resolve(reference)
            found += 1
        except DRConsoleError as error:
            trouble.append(bad(f"password of {place}", str(error), error.remedy))
    if found:
        yield ok("secrets", f"{found} references lead to a secret")
    yield from trouble


def boot_address(settings: Settings) -> Iterator[CheckFinding]:
    """Whether machines could fetch anything here: the boot service's address has to be this machine's."""
    if settings.provisioning is None:
        yield note("provisioning", "no [provisioning]: captures only, nothing can be recovered")
        return
    address = settings.provisioning.network.address
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        try:
            listener.bind((address, 0))
        except OSError as error:
            text = f"{address} cannot be listened on: {errno.errorcode.get(error.errno or 0, str(error))}"
            yield bad("boot service", text, "[provisioning] address is one of this machine's own")
            return
    yield ok("boot service", f"{address} is one of this machine's addresses")
