"""A runner's hold on its run: proven in every write, and what operators wrote meanwhile."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, ScalarSelect, bindparam, func, select, update

from drconsole.errors import Fenced, UnknownName
from drconsole.journal import schema
from drconsole.journal.clock import unix
from drconsole.repository.prepared import Prepared

_RUN = schema.run.c
_MINE = (_RUN.id == bindparam("the_run")) & (_RUN.epoch == bindparam("the_epoch"))
_LAST_VERB: ScalarSelect[int | None] = (
    select(func.max(schema.command.c.id)).where(schema.command.c.run == _RUN.id).scalar_subquery()
)
_STANDING = Prepared(
    select(_RUN.epoch, _RUN.cancelled_by, _RUN.paused_by, _RUN.amended, _LAST_VERB.label("verb")).where(
        _RUN.id == bindparam("the_run")
    )
)
_ADVANCED = Prepared(
    update(schema.run)
    .where(_MINE)
    .values(beat=bindparam("the_beat"), seq=_RUN.seq + 1)
    .returning(_RUN.seq, _RUN.cancelled_by, _RUN.paused_by, _RUN.amended)
)
_HELD = Prepared(select(_RUN.epoch, _RUN.beat).where(_RUN.id == bindparam("the_run")))
_BACK = Prepared(update(schema.run).where(_MINE).values(seq=_RUN.seq - 1))


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner has to know of its run before it starts anything.

    `verb` is the number of the last operator's verb, `amended` that of the last amendment; both 0
    where there was none.
    """

    epoch: int
    cancelled: bool
    paused: bool
    amended: int
    verb: int


def standing(connection: Connection, run: str) -> Standing:
    """Returns how a run stands. Raises UnknownName."""
    row = _STANDING.first(connection, {"the_run": run})
    if row is None:
        raise UnknownName("there is no such run", about=run)
    epoch, cancelled_by, paused_by, amended, verb = row
    return Standing(
        epoch=epoch,
        cancelled=cancelled_by is not None,
        paused=paused_by is not None,
        amended=amended,
        verb=verb or 0,
    )


def held(connection: Connection, run: str) -> tuple[int, float]:
    """Returns the epoch of a run's runner, and when it last beat (Unix seconds). Raises UnknownName."""
    row = _HELD.first(connection, {"the_run": run})
    if row is None:
        raise UnknownName("there is no such run", about=run)
    epoch, beat = row
    return epoch, beat or 0.0


def advance(connection: Connection, run: str, epoch: int) -> int:
    """Proves that the run is ours, beats, and takes the number of its next event, in one statement.

    Whoever calls it writes that event. Raises Fenced: nothing is written then.
    """
    return _advanced(connection, run, epoch)[0]


def advance_to_start(
    connection: Connection, run: str, epoch: int, *, amended: int, cleanup: bool
) -> int | None:
    """Like `advance`, for a step that starts: None where an operator has stopped what starts.

    That is a pause, a cancel (of a recovery), or an amendment after number `amended`. Raises Fenced.
    """
    seq, cancelled_by, paused_by, newest = _advanced(connection, run, epoch)
    if paused_by is None and newest == amended and (cleanup or cancelled_by is None):
        return seq
    step_back(connection, run, epoch)
    return None


def step_back(connection: Connection, run: str, epoch: int) -> None:
    """Gives the number of an event back that is not written after all, in the same transaction."""
    _BACK.change(connection, {"the_run": run, "the_epoch": epoch})


def _advanced(connection: Connection, run: str, epoch: int) -> tuple[int, str | None, str | None, int]:
    values = {"the_run": run, "the_epoch": epoch, "the_beat": unix()}
    row: tuple[int, str | None, str | None, int] | None = _ADVANCED.first(connection, values)
    if row is None:
        raise Fenced("another runner has taken it over", about=run)
    return row
