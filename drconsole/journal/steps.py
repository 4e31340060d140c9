"""Steps: intent before the act, result after it, each proven by the runner's epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select, update

from drconsole.errors import UnknownName
from drconsole.journal import events, schema, tenure
from drconsole.journal.clock import now
from drconsole.model.run import StepState
from drconsole.model.step import Facts, Step
from drconsole.repository.prepared import Prepared

_TABLE = schema.step
_ENCODE = msgspec.json.Encoder(enc_hook=str).encode
_STEP = msgspec.json.Decoder(Step).decode
_FACTS = msgspec.json.Decoder(dict).decode
_ONE = (_TABLE.c.run == bindparam("the_run")) & (_TABLE.c.key == bindparam("the_key"))
_BEGUN = Prepared(
    update(_TABLE)
    .where(_ONE, (_TABLE.c.state == "pending") | (_TABLE.c.state == "running"))
    .values(
        state="running",
        attempts=bindparam("the_attempt"),
        epoch=bindparam("the_epoch"),
        started=func.coalesce(_TABLE.c.started, bindparam("the_time")),
        ended=None,
        error=None,
        remedy=None,
        observed=None,
    )
)
_DONE = Prepared(
    update(_TABLE)
    .where(_ONE, _TABLE.c.state == "running")
    .values(
        state="done",
        ended=bindparam("the_time"),
        error=None,
        remedy=None,
        observed=None,
        result=bindparam("the_result"),
    )
)


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
    observed: str | None = None


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
            observed=row.observed,
        )
        for row in connection.execute(query)
    }


def states(connection: Connection, run: str) -> dict[str, StepState]:
    """Returns the state of each step of a run."""
    return {
        row.key: row.state
        for row in connection.execute(select(_TABLE.c.key, _TABLE.c.state).where(_TABLE.c.run == run))
    }


def state(connection: Connection, run: str, key: str) -> StepState:
    """Returns the state of one step. Raises UnknownName."""
    found: StepState | None = connection.scalar(select(_TABLE.c.state).where(_this(run, key)))
    if found is None:
        raise UnknownName("the run has no such step", about=key)
    return found


def standing(connection: Connection, run: str, key: str) -> tuple[StepState, int]:
    """Returns the state of one step, and how many attempts at it have begun. Raises UnknownName."""
    found = connection.execute(select(_TABLE.c.state, _TABLE.c.attempts).where(_this(run, key))).first()
    if found is None:
        raise UnknownName("the run has no such step", about=key)
    return found.state, found.attempts


def skipped(connection: Connection, run: str) -> dict[str, str]:
    """Returns the steps that were given up, each with the reason; those of the cleanup are not among them."""
    mine = (_TABLE.c.run == run) & (_TABLE.c.state == "skipped") & ~_TABLE.c.cleanup
    return {
        row.key: row.error or ""
        for row in connection.execute(select(_TABLE.c.key, _TABLE.c.error).where(mine))
    }


def inherit(connection: Connection, run: str, before: int, epoch: int) -> None:
    """Steps that a runner of epoch `before` had begun are the new one's: their runner is known dead."""
    left = (_TABLE.c.run == run) & (_TABLE.c.state == "running") & (_TABLE.c.epoch == before)
    connection.execute(update(_TABLE).where(left).values(epoch=epoch))


def in_doubt(connection: Connection, run: str, epoch: int) -> list[tuple[Step, float]]:
    """Returns the steps that other runners have begun and may still be at, each with its begin in Unix
    seconds: that of its last attempt.
    """
    left = (_TABLE.c.run == run) & (_TABLE.c.state == "running") & (_TABLE.c.epoch != epoch)
    event = schema.event.c
    told = select(func.max(event.at)).where(
        event.run == run, event.step == _TABLE.c.key, event.kind == "step"
    )
    query = select(_TABLE.c.value, told.scalar_subquery().label("begun")).where(left)
    return [
        (_STEP(row.value), datetime.fromisoformat(row.begun).timestamp()) for row in connection.execute(query)
    ]


def count_done(connection: Connection, run: str) -> int:
    """Returns how many steps of a run are done, its cleanup's among them."""
    done = select(func.count()).where(_TABLE.c.run == run, _TABLE.c.state == "done")
    return int(connection.scalar(done) or 0)


def begin(
    connection: Connection,
    run: str,
    epoch: int,
    key: str,
    attempt: int,
    *,
    amended: int = 0,
    cleanup: bool = False,
) -> bool:
    """Writes the intent to act. False where an operator has taken the step away meanwhile, has paused
    or cancelled the run, or has amended it after number `amended`: nothing is written then.

    Raises Fenced.
    """
    seq = tenure.advance_to_start(connection, run, epoch, amended=amended, cleanup=cleanup)
    if seq is None:
        return False
    at = now()
    values = {"the_attempt": attempt, "the_epoch": epoch, "the_time": at}
    if _BEGUN.change(connection, _one(run, key) | values) != 1:
        tenure.step_back(connection, run, epoch)
        return False
    events.put(connection, run, seq, "step", step=key, facts={"state": "running", "attempt": attempt})
    return True


def finish(connection: Connection, run: str, epoch: int, key: str, result: Facts) -> None:
    """Writes that a step is done, with what it found; nothing where an amendment has taken the step
    away meanwhile: what was done then is another step's. Raises Fenced.
    """
    seq = tenure.advance(connection, run, epoch)
    values = {"the_time": now(), "the_result": _ENCODE(result)}
    if _DONE.change(connection, _one(run, key) | values) != 1:
        tenure.step_back(connection, run, epoch)
        return
    events.put(connection, run, seq, "step", step=key, facts={"state": "done"})


def fail(
    connection: Connection,
    run: str,
    epoch: int,
    key: str,
    *,
    error: str,
    remedy: str,
    attempt: int,
    observed: str = "",
    state: Literal["failed", "skipped"] = "failed",
) -> None:
    """Writes that a step failed, and why; `observed` is what was seen of it afterwards.

    A step that nobody needs for certain is `skipped` by its failure. Nothing is written where an
    amendment has taken the step away meanwhile. `attempt` is the one that failed: where its effect
    would have been in the journal, its intent has been rolled back with it. Raises Fenced.
    """
    seq = tenure.advance(connection, run, epoch)
    undone = _this(run, key) & (_TABLE.c.state == "pending") & (_TABLE.c.attempts < attempt)
    failed = update(_TABLE).where(_at_work(run, key) | undone)
    values = {"state": state, "ended": now(), "error": error, "remedy": remedy, "observed": observed or None}
    if connection.execute(failed.values(**values, attempts=attempt)).rowcount != 1:
        tenure.step_back(connection, run, epoch)
        return
    facts = {"state": state, "error": error, "remedy": remedy, "observed": observed}
    events.put(connection, run, seq, "step", step=key, text=error, facts=facts)


def wait(connection: Connection, run: str, epoch: int, key: str, *, question: str, remedy: str) -> None:
    """Writes that a step waits for an operator's answer; nothing where an amendment has taken the step
    away meanwhile: nobody could answer for it. Raises Fenced.
    """
    seq = tenure.advance(connection, run, epoch)
    values = {"state": "waiting", "error": question, "remedy": remedy}
    if connection.execute(update(_TABLE).where(_at_work(run, key)).values(**values)).rowcount != 1:
        tenure.step_back(connection, run, epoch)
        return
    facts = {"state": "waiting", "remedy": remedy}
    events.put(connection, run, seq, "step", step=key, text=question, facts=facts)


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
    row = connection.execute(select(_TABLE.c.state, _TABLE.c.result).where(_this(run, key))).first()
    if row is None:
        raise UnknownName("the run has no such step", about=key)
    return None if row.result is None else _FACTS(row.result)


def _one(run: str, key: str) -> dict[str, object]:
    return {"the_run": run, "the_key": key}


def _at_work(run: str, key: str) -> ColumnElement[bool]:
    return _this(run, key) & (_TABLE.c.state == "running")


def _this(run: str, key: str) -> ColumnElement[bool]:
    return (_TABLE.c.run == run) & (_TABLE.c.key == key)
