"""Steps: intent before the act, result after it, each proven by the runner's epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select, update

from drconsole.errors import UnknownName
from drconsole.journal import events, runs, schema
from drconsole.journal.clock import now
from drconsole.model.run import StepState
from drconsole.model.step import Facts, Step

_TABLE = schema.step
_ENCODE = msgspec.json.Encoder(enc_hook=str).encode
_STEP = msgspec.json.Decoder(Step).decode
_FACTS = msgspec.json.Decoder(dict).decode


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """A step as the journal knows it. `result` is None until it is done."""

    step: Step
    cleanup: bool
    state: StepState
    attempts: int
    started: str | None
    ended: str | None
    error: str | None
    remedy: str | None
    result: Facts | None


def add(connection: Connection, run: str, steps: Iterable[Step], *, cleanup: bool) -> None:
    """Freezes steps in the journal, in their order, all pending."""
    first = connection.scalar(select(func.count()).where(_TABLE.c.run == run)) or 0
    rows = [
        {
            "run": run,
            "key": step.key,
            "position": position,
            "value": msgspec.json.encode(step),
            "cleanup": cleanup,
            "state": "pending",
            "attempts": 0,
            "epoch": 0,
        }
        for position, step in enumerate(steps, first)
    ]
    if rows:
        connection.execute(insert(_TABLE), rows)


def load(connection: Connection, run: str, *, cleanup: bool | None = None) -> dict[str, StepRow]:
    """Returns a run's steps by key, in the plan's order; of one of its two plans, or of both."""
    query = select(_TABLE).where(_TABLE.c.run == run).order_by(_TABLE.c.position)
    if cleanup is not None:
        query = query.where(_TABLE.c.cleanup == cleanup)
    return {
        row.key: StepRow(
            step=_STEP(row.value),
            cleanup=row.cleanup,
            state=row.state,
            attempts=row.attempts,
            started=row.started,
            ended=row.ended,
            error=row.error,
            remedy=row.remedy,
            result=None if row.result is None else _FACTS(row.result),
        )
        for row in connection.execute(query)
    }


def states(connection: Connection, run: str) -> dict[str, StepState]:
    """Returns the state of each step of a run."""
    return {
        row.key: row.state
        for row in connection.execute(select(_TABLE.c.key, _TABLE.c.state).where(_TABLE.c.run == run))
    }


def begin(connection: Connection, run: str, epoch: int, key: str, attempt: int) -> bool:
    """Writes the intent to act. False where an operator has taken the step away meanwhile.

    Raises Fenced.
    """
    runs.prove(connection, run, epoch)
    values = {
        "state": "running",
        "attempts": attempt,
        "epoch": epoch,
        "ended": None,
        "error": None,
        "remedy": None,
    }
    begun = update(_TABLE).where(_one(run, key), _TABLE.c.state.in_(("pending", "running")))
    if (
        connection.execute(begun.values(**values, started=func.coalesce(_TABLE.c.started, now()))).rowcount
        != 1
    ):
        return False
    events.add(connection, run, "step", step=key, facts={"state": "running", "attempt": attempt})
    return True


def finish(connection: Connection, run: str, epoch: int, key: str, result: Facts) -> None:
    """Writes that a step is done, with what it found. Raises Fenced."""
    runs.prove(connection, run, epoch)
    values = {"state": "done", "ended": now(), "error": None, "remedy": None, "result": _ENCODE(result)}
    connection.execute(update(_TABLE).where(_one(run, key)).values(**values))
    events.add(connection, run, "step", step=key, facts={"state": "done"})


def fail(connection: Connection, run: str, epoch: int, key: str, *, error: str, remedy: str) -> None:
    """Writes that a step failed, and why. Raises Fenced."""
    runs.prove(connection, run, epoch)
    values = {"state": "failed", "ended": now(), "error": error, "remedy": remedy}
    connection.execute(update(_TABLE).where(_one(run, key)).values(**values))
    facts = {"state": "failed", "error": error, "remedy": remedy}
    events.add(connection, run, "step", step=key, text=error, facts=facts)


def wait(connection: Connection, run: str, epoch: int, key: str, *, question: str, remedy: str) -> None:
    """Writes that a step waits for an operator's answer. Raises Fenced."""
    runs.prove(connection, run, epoch)
    values = {"state": "waiting", "error": question, "remedy": remedy}
    connection.execute(update(_TABLE).where(_one(run, key)).values(**values))
    facts = {"state": "waiting", "remedy": remedy}
    events.add(connection, run, "step", step=key, text=question, facts=facts)


def set_states(
    connection: Connection, run: str, changes: Mapping[str, StepState], *, actor: str = "", reason: str = ""
) -> None:
    """Writes new states of steps that an operator's verb changes, each with its event."""
    if not changes:
        return
    at = now()
    table = update(_TABLE).where(_TABLE.c.run == run, _TABLE.c.key == bindparam("the_key"))
    for key, state in changes.items():
        ended = None if state == "pending" else at
        values: dict[str, str | None] = {"state": state, "ended": ended}
        if state == "skipped":
            values["error"] = reason or None
        connection.execute(table.values(**values), {"the_key": key})
        facts = {"state": state, "reason": reason}
        events.add(connection, run, "step", step=key, actor=actor, text=reason, facts=facts)


def result(connection: Connection, run: str, key: str) -> Facts | None:
    """Returns the result of a step, None where it is not done. Raises UnknownName."""
    row = connection.execute(select(_TABLE.c.state, _TABLE.c.result).where(_one(run, key))).first()
    if row is None:
        raise UnknownName("the run has no such step", about=key)
    return None if row.result is None else _FACTS(row.result)


def _one(run: str, key: str) -> ColumnElement[bool]:
    return (_TABLE.c.run == run) & (_TABLE.c.key == key)
