"""Notices: what is to be told outside, written with the number of the event that it was made of.

An outbox: a service that is killed between an event and its delivery finds both here.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, RowMapping, and_, func, insert, or_, select, update

from drconsole.journal import clock, events, schema
from drconsole.model.run import Event, RunState

_NOTICE = schema.notice
_NOTIFIED = schema.notified


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message for one channel. `created` is UTC text, `due` Unix seconds."""

    id: int
    run: str
    channel: str
    kind: str
    body: bytes
    attempts: int
    created: str
    due: float


class Behind(msgspec.Struct, frozen=True):
    """A run with events after `after`, the last one that was looked at; None where none ever was."""

    run: str
    state: RunState
    ended: str | None
    after: int | None
    newest: int


def behind(connection: Connection) -> tuple[Behind, ...]:
    """Returns the runs whose events have not all been looked at, oldest first."""
    run = schema.run
    query = (
        select(run.c.id, run.c.state, run.c.ended, _NOTIFIED.c.seq.label("after"), run.c.seq)
        .join(_NOTIFIED, _NOTIFIED.c.run == run.c.id, isouter=True)
        .where(or_(_NOTIFIED.c.seq.is_(None), _NOTIFIED.c.seq < run.c.seq))
        .order_by(run.c.number)
    )
    return tuple(
        Behind(row.id, row.state, row.ended, row.after, row.seq) for row in connection.execute(query)
    )


def telling(connection: Connection, run: str, after: int, newest: int) -> tuple[Event, ...]:
    """Returns those events of a run, after one number and up to another, that may have to be told of."""
    table = schema.event
    worth = or_(table.c.kind == "run", and_(table.c.kind == "step", table.c.text != ""))
    query = (
        select(table)
        .where(table.c.run == run, table.c.seq > after, table.c.seq <= newest, worth)
        .order_by(table.c.seq)
    )
    return events.read(connection, query)


def looked_at(connection: Connection, run: str, seq: int) -> None:
    """Writes that a run's events up to this number have been looked at."""
    known = update(_NOTIFIED).where(_NOTIFIED.c.run == run).values(seq=seq)
    if connection.execute(known).rowcount != 1:
        connection.execute(insert(_NOTIFIED).values(run=run, seq=seq))


def untried(connection: Connection, run: str, channel: str, kind: str) -> Notice | None:
    """Returns the notice that what happens now may still be added to."""
    same = and_(_NOTICE.c.run == run, _NOTICE.c.channel == channel, _NOTICE.c.kind == kind)
    query = select(_NOTICE).where(same, _NOTICE.c.state == "open", _NOTICE.c.attempts == 0)
    row = connection.execute(query.order_by(_NOTICE.c.id.desc()).limit(1)).first()
    return None if row is None else _notice(row._mapping)


def last_due(connection: Connection, run: str, channel: str, kind: str) -> float | None:
    """Returns when the last notice of this kind was, or is, to be sent."""
    same = and_(_NOTICE.c.run == run, _NOTICE.c.channel == channel, _NOTICE.c.kind == kind)
    due: float | None = connection.scalar(select(func.max(_NOTICE.c.due)).where(same))
    return due


def add(connection: Connection, run: str, channel: str, kind: str, body: bytes, *, due: float) -> None:
    """Writes a notice that is to be sent at `due`."""
    row = {"run": run, "channel": channel, "kind": kind, "body": body, "due": due}
    fixed = {"state": "open", "attempts": 0, "created": clock.now(), "error": ""}
    connection.execute(insert(_NOTICE).values(**row, **fixed))


def refill(connection: Connection, id: int, body: bytes) -> None:
    """Puts another body into a notice that nobody has tried to send."""
    connection.execute(update(_NOTICE).where(_NOTICE.c.id == id).values(body=body))


def due(connection: Connection, channel: str, at: float) -> Notice | None:
    """Returns the notice of a channel that has waited longest by this moment."""
    query = (
        select(_NOTICE)
        .where(_NOTICE.c.channel == channel, _NOTICE.c.state == "open", _NOTICE.c.due <= at)
        .order_by(_NOTICE.c.due, _NOTICE.c.id)
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else _notice(row._mapping)


def next_due(connection: Connection, channel: str) -> float | None:
    """Returns when the next notice of a channel is to be sent, None where none waits."""
    waiting = and_(_NOTICE.c.channel == channel, _NOTICE.c.state == "open")
    due: float | None = connection.scalar(select(func.min(_NOTICE.c.due)).where(waiting))
    return due


def attempt(connection: Connection, id: int) -> None:
    """Writes that sending begins: nothing is added to the notice any more."""
    connection.execute(
        update(_NOTICE).where(_NOTICE.c.id == id).values(attempts=_NOTICE.c.attempts + 1, due=clock.unix())
    )


def sent(connection: Connection, id: int) -> None:
    """Writes that the other side took it."""
    connection.execute(update(_NOTICE).where(_NOTICE.c.id == id).values(state="sent", error=""))


def again(connection: Connection, id: int, due: float, error: str) -> None:
    """Writes that it is to be tried again at `due`, and why."""
    connection.execute(update(_NOTICE).where(_NOTICE.c.id == id).values(due=due, error=error))


def give_up(connection: Connection, id: int, error: str) -> None:
    """Writes that nobody tries any more, and why."""
    connection.execute(update(_NOTICE).where(_NOTICE.c.id == id).values(state="given-up", error=error))


def waiting(connection: Connection) -> int:
    """Returns how many notices are still to be sent."""
    return int(connection.scalar(select(func.count()).where(_NOTICE.c.state == "open")) or 0)


def _notice(row: RowMapping) -> Notice:
    return Notice(**{name: row[name] for name in Notice.__struct_fields__})
