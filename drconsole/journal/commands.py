"""Operators' verbs: who asked for what, written in the transaction that makes it so."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, func, insert, select

from drconsole.journal import events, schema
from drconsole.journal.clock import now


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A verb that took effect."""

    id: int
    run: str
    verb: str
    steps: tuple[str, ...]
    actor: str
    reason: str
    at: str


def add(
    connection: Connection,
    run: str,
    verb: str,
    steps: tuple[str, ...],
    *,
    actor: str,
    reason: str = "",
    answer: str | None = None,
) -> None:
    """Writes a verb, its event and its line of the audit.

    `answer` names the question that it answers: a second answer breaks the table's uniqueness
    (IntegrityError), whatever the two operators saw.
    """
    at = now()
    row = {"run": run, "verb": verb, "actor": actor, "reason": reason, "at": at, "answer": answer}
    connection.execute(insert(schema.command), row | {"steps": msgspec.json.encode(steps)})
    facts = {"verb": verb, "steps": list(steps)}
    events.add(connection, run, "command", actor=actor, text=reason or verb, facts=facts)
    audit(connection, actor, verb, run, reason)


def last(connection: Connection, run: str) -> tuple[Command, ...]:
    """Returns the verbs of a run, newest first."""
    query = select(schema.command).where(schema.command.c.run == run).order_by(schema.command.c.id.desc())
    return tuple(
        Command(
            id=row.id,
            run=row.run,
            verb=row.verb,
            steps=tuple(msgspec.json.decode(row.steps, type=list[str])),
            actor=row.actor,
            reason=row.reason,
            at=row.at,
        )
        for row in connection.execute(query)
    )


def approval(connection: Connection, run: str, step: str) -> Command | None:
    """Returns the verb that answered a step's question, None where nobody has."""
    return next((c for c in last(connection, run) if c.verb == "approve" and step in c.steps), None)


def answered(connection: Connection, run: str, question: str) -> Command | None:
    """Returns the verb that approved a question, whichever step asked it; None where nobody has."""
    return next((c for c in last(connection, run) if c.verb == "approve" and c.reason == question), None)


def newest(connection: Connection, run: str) -> int:
    """Returns the number of a run's last verb, 0 where there was none."""
    query = select(func.max(schema.command.c.id)).where(schema.command.c.run == run)
    return int(connection.scalar(query) or 0)


def audit(connection: Connection, actor: str, verb: str, about: str, detail: str = "") -> None:
    """Writes a line of the audit."""
    row = {"at": now(), "actor": actor, "verb": verb, "object": about, "detail": detail}
    connection.execute(insert(schema.audit), row)
