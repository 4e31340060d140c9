"""What a run's events tell of one step: its attempts, by which runner, and what was said meanwhile."""

from __future__ import annotations

from bisect import bisect_right

import msgspec
from sqlalchemy import Connection, select

from drconsole.journal import schema

_TABLE = schema.event
_FACTS = msgspec.json.Decoder(dict).decode


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt. `epoch` is its runner's; `end` is the state that it left the step in, "" where none was
    written: its runner died, or it goes on."""

    number: int
    started: str
    epoch: int
    ended: str | None = None
    end: str = ""
    error: str = ""


def attempts(connection: Connection, run: str, step: str) -> tuple[Tried, ...]:
    """Returns a step's attempts, oldest first."""
    epochs = _epochs(connection, run)
    query = (
        select(_TABLE.c.seq, _TABLE.c.at, _TABLE.c.text, _TABLE.c.facts)
        .where(_TABLE.c.run == run, _TABLE.c.step == step, _TABLE.c.kind == "step")
        .order_by(_TABLE.c.seq)
    )
    found: list[Tried] = []
    for row in connection.execute(query):
        facts = _FACTS(row.facts)
        state = str(facts.get("state", ""))
        if state == "running":
            number = int(facts.get("attempt", len(found) + 1))
            found.append(Tried(number=number, started=row.at, epoch=_epoch_at(epochs, row.seq)))
        elif found and not found[-1].end and state in _ENDS:
            found[-1] = msgspec.structs.replace(found[-1], ended=row.at, end=state, error=row.text or "")
        elif state in _ENDS and state != "skipped":
            # An effect that lies in the journal leaves no intent behind where it failed.
            began = Tried(number=len(found) + 1, started=row.at, epoch=_epoch_at(epochs, row.seq))
            found.append(msgspec.structs.replace(began, ended=row.at, end=state, error=row.text or ""))
    return tuple(found)


def at_work_since(connection: Connection, run: str, step: str) -> str | None:
    """Returns since when a step has been at work without an end: an attempt whose runner died goes on in
    the next one. None where it was never begun."""
    begun: str | None = None
    for each in reversed(attempts(connection, run, step)):
        if begun is not None and each.end:
            break
        begun = each.started
    return begun


def said(connection: Connection, run: str, step: str, limit: int) -> tuple[str, ...]:
    """Returns the last lines of a step's log with their times, oldest first."""
    query = (
        select(_TABLE.c.at, _TABLE.c.text)
        .where(_TABLE.c.run == run, _TABLE.c.step == step, _TABLE.c.kind == "log")
        .order_by(_TABLE.c.seq.desc())
        .limit(limit)
    )
    lines = [f"{row.at} {row.text}" for row in connection.execute(query)]
    return tuple(reversed(lines))


_ENDS = frozenset({"done", "failed", "waiting", "skipped", "cancelled"})


def _epochs(connection: Connection, run: str) -> list[tuple[int, int]]:
    """Event number → epoch, of each taking over."""
    query = select(_TABLE.c.seq, _TABLE.c.facts).where(
        _TABLE.c.run == run, _TABLE.c.kind == "run", _TABLE.c.step == ""
    )
    rows = [(row.seq, _FACTS(row.facts)) for row in connection.execute(query.order_by(_TABLE.c.seq))]
    return [(seq, int(facts["epoch"])) for seq, facts in rows if "epoch" in facts]


def _epoch_at(epochs: list[tuple[int, int]], seq: int) -> int:
    place = bisect_right([at for at, _ in epochs], seq)
    return epochs[place - 1][1] if place else 0
