"""Events: what happened in a run, numbered without gaps."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Select, bindparam, insert, select, update

from drconsole.errors import UnknownName
from drconsole.journal import schema
from drconsole.journal.clock import now
from drconsole.model.run import Event
from drconsole.model.step import Facts
from drconsole.repository.prepared import Prepared

_ENCODE = msgspec.json.Encoder(enc_hook=str).encode
_DECODE = msgspec.json.Decoder(dict).decode
_INSERT = Prepared(insert(schema.event))
_COUNTED = Prepared(
    update(schema.run)
    .where(schema.run.c.id == bindparam("the_run"))
    .values(seq=schema.run.c.seq + 1)
    .returning(schema.run.c.seq)
)


def add(
    connection: Connection,
    run: str,
    kind: str,
    *,
    step: str = "",
    actor: str = "",
    text: str = "",
    facts: Facts | None = None,
) -> int:
    """Writes an event and returns its number. `kind` is one of `model.run.Event`'s."""
    row: tuple[int] | None = _COUNTED.first(connection, {"the_run": run})
    if row is None:
        raise UnknownName("there is no such run", about=run)
    put(connection, run, row[0], kind, step=step, actor=actor, text=text, facts=facts)
    return row[0]


def put(
    connection: Connection,
    run: str,
    seq: int,
    kind: str,
    *,
    step: str = "",
    actor: str = "",
    text: str = "",
    facts: Facts | None = None,
) -> None:
    """Writes an event under a number that `tenure.advance` has taken for it."""
    row = {"run": run, "seq": seq, "at": now(), "kind": kind, "step": step, "actor": actor, "text": text}
    _INSERT.change(connection, row | {"facts": _ENCODE(facts or {})})


def since(connection: Connection, run: str, after: int, limit: int = 1000) -> tuple[Event, ...]:
    """Returns a run's events after a number, oldest first, at most `limit`."""
    table = schema.event
    query = select(table).where(table.c.run == run, table.c.seq > after).order_by(table.c.seq).limit(limit)
    return read(connection, query)


def read(connection: Connection, query: Select[Any]) -> tuple[Event, ...]:
    """Returns the events that a query over the whole rows of the table finds."""
    return tuple(
        Event(
            seq=row.seq,
            at=row.at,
            run=row.run,
            kind=row.kind,
            step=row.step,
            actor=row.actor,
            text=row.text,
            facts=_DECODE(row.facts),
        )
        for row in connection.execute(query)
    )
