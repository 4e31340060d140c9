"""Where frames lie: reading them back whole, laying new ones beside their key, taking some away.

Functions over one open transaction; `Repository` opens it.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from drconsole.errors import InvalidDocument
from drconsole.repository import frames
from drconsole.repository.schema import frame, snapshot


def read(connection: Connection, id_: str) -> bytes:
    """Returns a snapshot's bytes. Raises InvalidDocument, naming the frame that is damaged."""
    data, damaged = _read(connection, id_)
    if data is None:
        raise _damaged(id_, damaged)
    return data


def check(connection: Connection, id_: str) -> bytes:
    """Returns the bytes like `read`, and is content only where every copy of its own is whole."""
    data, damaged = _read(connection, id_)
    if data is None or id_ in damaged:
        raise _damaged(id_, damaged)
    return data


def lay(connection: Connection, id_: str, site: str, data: bytes) -> int:
    """Stores the bytes of a snapshot whose row stands already; returns what they take up."""
    base = _open_key(connection, site)
    base_data, damaged = (None, []) if base is None else _read(connection, base)
    if base is not None and base_data is not None and not damaged:
        delta = frames.pack(data, base_data)
        # A site that has changed this much deserves a new key: what follows will be like it.
        if len(delta) * 2 < len(_frame(connection, base).copies[0]):
            connection.execute(insert(frame).values(snapshot=id_, base=base, data=delta))
            return len(delta)
    return _lay_key(connection, id_, data)


def take_away(connection: Connection, id_: str) -> None:
    """Removes a frame; those that are deltas to it are laid anew, so none is lost with it."""
    leaning = connection.scalars(
        select(frame.c.snapshot).where(frame.c.base == id_).order_by(frame.c.snapshot)
    ).all()
    contents = {each: read(connection, each) for each in leaning}
    connection.execute(delete(frame).where(frame.c.base == id_))
    connection.execute(delete(frame).where(frame.c.snapshot == id_))
    site = connection.scalar(select(snapshot.c.site).where(snapshot.c.id == id_))
    for each, data in contents.items():
        stored = lay(connection, each, str(site), data)
        connection.execute(update(snapshot).where(snapshot.c.id == each).values(stored_size=stored))


def _lay_key(connection: Connection, id_: str, data: bytes) -> int:
    packed = frames.pack(data)
    connection.execute(insert(frame).values(snapshot=id_, base=None, data=packed, spare=packed))
    return 2 * len(packed)


def _open_key(connection: Connection, site: str) -> str | None:
    """Returns the site's newest key, if its group has room."""
    newest = connection.scalar(
        select(snapshot.c.id)
        .join(frame, frame.c.snapshot == snapshot.c.id)
        .where(snapshot.c.site == site, frame.c.base.is_(None))
        .order_by(snapshot.c.number.desc())
        .limit(1)
    )
    if newest is None:
        return None
    leaning = connection.scalar(select(func.count()).select_from(frame).where(frame.c.base == newest))
    return str(newest) if (leaning or 0) < frames.GROUP - 1 else None


def _read(connection: Connection, id_: str) -> tuple[bytes | None, list[str]]:
    """Returns the bytes, None where no copy gives them, and the ids of damaged frames on the way."""
    found = _frame(connection, id_)
    base, damaged = None, list[str]()
    if found.base is not None:
        base, damaged = _read(connection, found.base)
        if base is None:
            return None, damaged
    whole = [frames.unpack(copy, found.original, id_, base) for copy in found.copies]
    if None in whole:
        damaged.append(id_)
    return next((data for data in whole if data is not None), None), damaged


class _Frame(msgspec.Struct, frozen=True):
    """A frame as stored: its copies, what it is a delta to, and the size of what it holds."""

    base: str | None
    copies: tuple[bytes, ...]
    original: int


def _frame(connection: Connection, id_: str) -> _Frame:
    columns = (frame.c.base, frame.c.data, frame.c.spare, snapshot.c.size)
    found = connection.execute(
        select(*columns).join(snapshot, snapshot.c.id == frame.c.snapshot).where(frame.c.snapshot == id_)
    ).one_or_none()
    if found is None:
        raise _damaged(id_, [])
    copies = (found.data,) if found.spare is None else (found.data, found.spare)
    return _Frame(found.base, tuple(bytes(copy) for copy in copies), int(found.size))


def _damaged(id_: str, damaged: list[str]) -> InvalidDocument:
    key = next((each for each in damaged if each != id_), "")
    return InvalidDocument(
        f"damaged in the repository, through its key {key}" if key else "damaged in the repository",
        about=id_,
        expected="bytes with this hash; other snapshots are not touched: use one of those",
    )
