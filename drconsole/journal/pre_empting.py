"""A real run takes a drill's place: in one transaction the drill can never act again."""

from __future__ import annotations

from sqlalchemy import Connection, select

from drconsole.errors import Busy, Refused
from drconsole.journal import commands, events, pool, runs, schema, steps
from drconsole.journal.runs import RunRow
from drconsole.model.run import StepState

_SAID = "pre-empted by"
_GOES_ON = frozenset({"pending", "running", "waiting", "paused"})


def pre_empt(connection: Connection, drill: str, by: str) -> None:
    """Marks a drill as pre-empted by a real run, and fences its runner. Repeating it changes nothing.

    One that still goes on is cancelled; one that rests stays as it is; a cleanup is cut short, to be
    begun again. What it holds stays its own until it is handed over, or cleaned up. Raises Busy where
    another real run, which still goes on, was faster; Refused for a run that is no drill.
    """
    row, ours = runs.find(connection, drill), runs.find(connection, by)
    if row.mode != "drill":
        raise Refused(f"is a {row.mode} run: only a drill is pre-empted", about=drill)
    if row.pre_empted_by == by:
        return
    _refuse_second(connection, row)
    runs.fence(connection, drill)
    runs.set_pre_empted(connection, drill, by)
    text = f"{_SAID} {by}, a {ours.mode} run of {ours.site}"
    events.add(connection, drill, "run", text=text, facts={"pre_empted_by": by})
    if row.state in _GOES_ON:
        _stop(connection, row, by, text)
    if row.cleanup_state in _GOES_ON:
        runs.set_paused(connection, drill, None)
        runs.set_cleanup(connection, drill, "failed", text=text)
    commands.audit(connection, ours.actor, "pre-empt", drill, by)


def being_pre_empted(connection: Connection, row: RunRow) -> str:
    """Returns the real run that is still taking what it needs from a drill, "" where none is.

    That is over with its preflight: until then the drill must not be cleaned up beside it.
    """
    if row.pre_empted_by is None or runs.find(connection, row.pre_empted_by).state not in _GOES_ON:
        return ""
    table = schema.step.c
    preflight = (table.run == row.pre_empted_by) & table.key.startswith("preflight/")
    left = select(table.key).where(preflight & table.state.not_in(("done", "skipped", "cancelled")))
    return row.pre_empted_by if connection.execute(left.limit(1)).first() else ""


def pre_empted_at(connection: Connection, drill: str) -> str | None:
    """Returns when a drill was pre-empted last (UTC), None where it never was."""
    table = schema.event.c
    said = (table.run == drill) & (table.kind == "run") & table.text.startswith(_SAID)
    query = select(table.at).where(said).order_by(table.seq.desc()).limit(1)
    at: str | None = connection.scalar(query)
    return at


def _refuse_second(connection: Connection, row: RunRow) -> None:
    if row.pre_empted_by is None:
        return
    first = runs.find(connection, row.pre_empted_by)
    if first.state in _GOES_ON:
        raise Busy(f"is being pre-empted by {first.id}, a {first.mode} run", about=f"drill {row.id}")


def _stop(connection: Connection, row: RunRow, by: str, text: str) -> None:
    """What its runner would do on a cancel, done for it: it will not come to that."""
    open_ones: dict[str, StepState] = {
        key: "cancelled"
        for key, step in steps.load(connection, row.id, cleanup=False).items()
        if step.state in _GOES_ON
    }
    runs.set_cancelled(connection, row.id, by)
    runs.set_paused(connection, row.id, None)
    steps.set_states(connection, row.id, open_ones, reason=text)
    pool.free_reservations(connection, row.id)
    runs.set_state(connection, row.id, "cancelled", text=text)
