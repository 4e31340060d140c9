"""Runs: created with their frozen plan, taken over by one runner after another."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Row, delete, func, insert, select, update

from drconsole import __version__
from drconsole.errors import Busy, Fenced, UnknownName
from drconsole.journal import events, schema
from drconsole.journal.clock import now, unix
from drconsole.model.plan import Plan
from drconsole.model.run import RunState, RunSummary, StepState
from drconsole.model.step import Mode

LEASE_S = 5.0
"""A runner that has not beaten for so long may be taken over, if it is not known dead before."""

_TABLE = schema.run


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run without its plan."""

    id: str
    site: str
    mode: Mode
    snapshot: str
    state: RunState
    actor: str
    auto_cleanup: bool
    created: str
    started: str | None
    ended: str | None
    epoch: int
    pid: int | None
    pid_started: float | None
    host: str | None
    beat: float | None
    cancelled_by: str | None
    cleanup_state: StepState | None
    cleanup_started: str | None
    cleanup_ended: str | None
    paused_by: str | None
    pre_empted_by: str | None
    amended: int


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """A runner's process. A pid comes again; a pid with its start time does not."""

    pid: int
    pid_started: float
    host: str


def new_name(connection: Connection) -> str:
    """Returns a name for a run that begins now, such as R-20261122-1402, with `-2` for a second."""
    base = datetime.now(UTC).strftime("R-%Y%m%d-%H%M")
    taken = set(connection.scalars(select(_TABLE.c.id).where(_TABLE.c.id.startswith(base))))
    names = (base if n == 1 else f"{base}-{n}" for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def create(connection: Connection, plan: Plan, source: bytes, *, actor: str, auto_cleanup: bool) -> None:
    """Writes a run with its plan, not yet started. `source` is the JSON the plan was made from."""
    number = (connection.scalar(select(func.max(_TABLE.c.number))) or 0) + 1
    connection.execute(
        insert(_TABLE).values(
            id=plan.run,
            number=number,
            site=plan.site,
            mode=plan.mode,
            snapshot=plan.snapshot,
            state="pending",
            plan=b"",
            input=b"",
            actor=actor,
            auto_cleanup=auto_cleanup,
            created=now(),
            epoch=0,
            seq=0,
        )
    )
    connection.execute(insert(schema.frozen).values(run=plan.run, **_packed(plan, source)))
    events.add(connection, plan.run, "run", actor=actor, text="created", facts={"state": "pending"})


def find(connection: Connection, run: str = "latest", site: str = "") -> RunRow:
    """Returns a run by name, or the newest (of a site). Raises UnknownName."""
    query = select(*_columns()).order_by(_TABLE.c.number.desc()).limit(1)
    if run != "latest":
        query = query.where(_TABLE.c.id == run)
    if site:
        query = query.where(_TABLE.c.site == site)
    row = connection.execute(query).first()
    if row is None:
        raise UnknownName("there is no such run", about=run, remedy="`drconsole run list` shows them")
    return _row(row)


def listing(connection: Connection, site: str = "") -> tuple[RunRow, ...]:
    """Returns all runs (of a site), oldest first."""
    query = select(*_columns()).order_by(_TABLE.c.number)
    if site:
        query = query.where(_TABLE.c.site == site)
    return tuple(_row(row) for row in connection.execute(query))


def summary(row: RunRow) -> RunSummary:
    """Returns a run's line of `run list`."""
    return RunSummary(
        run=row.id,
        site=row.site,
        mode=row.mode,
        state=row.state,
        snapshot=row.snapshot,
        started=row.started,
        ended=row.ended,
    )


def frozen(connection: Connection, run: str) -> tuple[Plan, bytes]:
    """Returns a run's plan, and the JSON it was made from."""
    plan, source = _frozen(connection, run)
    return msgspec.json.decode(zlib.decompress(plan), type=Plan), zlib.decompress(source)


def _frozen(connection: Connection, run: str) -> tuple[bytes, bytes]:
    """The plan and its input as they are kept: beside the run, or in it since before revision 0004."""
    table = schema.frozen.c
    beside = select(table.plan, table.input).where(table.run == run)
    within = select(_TABLE.c.plan, _TABLE.c.input).where(_TABLE.c.id == run)
    row = connection.execute(beside).first() or connection.execute(within).first()
    if row is None:
        raise UnknownName("there is no such run", about=run)
    return row.plan, row.input


def _packed(plan: Plan, source: bytes) -> dict[str, bytes]:
    return {"plan": zlib.compress(msgspec.json.encode(plan), 1), "input": zlib.compress(source, 1)}


def take_over(connection: Connection, run: str, owner: Owner, *, owner_dead: bool) -> int:
    """Makes `owner` the runner of a run and returns its epoch; the one before is fenced.

    Raises Busy where a living runner has it: `owner_dead` says that its process is known to be
    gone, otherwise its lease must have run out.
    """
    row = find(connection, run)
    fresh = row.beat is not None and unix() - row.beat < LEASE_S
    if row.pid is not None and not owner_dead and fresh:
        raise Busy(f"is carried by the runner {row.pid} on {row.host}", about=run)
    values = {"pid": owner.pid, "pid_started": owner.pid_started, "host": owner.host, "beat": unix()}
    # Of two that found the same epoch one gets no row: also where both could read before either wrote.
    seen = (_TABLE.c.id == run) & (_TABLE.c.epoch == row.epoch)
    raised = update(_TABLE).where(seen).values(epoch=_TABLE.c.epoch + 1, **values)
    epoch = connection.execute(raised.returning(_TABLE.c.epoch)).scalar()
    if epoch is None:
        raise Busy("another runner has taken it over at this moment", about=run)
    facts = {"epoch": epoch, "pid": owner.pid, "version": __version__}
    events.add(connection, run, "run", text=f"taken by runner {owner.pid}", facts=facts)
    return int(epoch)


def prove(connection: Connection, run: str, epoch: int) -> None:
    """Proves that the run is still ours, and beats. Raises Fenced: nothing is written then."""
    mine = (_TABLE.c.id == run) & (_TABLE.c.epoch == epoch)
    if connection.execute(update(_TABLE).where(mine).values(beat=unix())).rowcount != 1:
        raise Fenced("another runner has taken it over", about=run)


def current_epoch(connection: Connection, run: str) -> int:
    """Returns the epoch of a run's last runner."""
    return int(connection.scalar(select(_TABLE.c.epoch).where(_TABLE.c.id == run)) or 0)


def release(connection: Connection, run: str, epoch: int) -> None:
    """The runner leaves in order: nobody has to wait for its lease."""
    prove(connection, run, epoch)
    connection.execute(update(_TABLE).where(_TABLE.c.id == run).values(pid=None, host=None, beat=None))


def set_state(connection: Connection, run: str, state: RunState, *, actor: str = "", text: str = "") -> None:
    """Writes a run's state with its event, and its times of start and end where they begin."""
    row = find(connection, run)
    if row.state == state:
        return
    values: dict[str, str | None] = {"state": state}
    if row.started is None:
        values["started"] = now()
    if state in ("held", "done", "failed", "cancelled"):
        values["ended"] = row.ended or now()
    else:
        values["ended"] = None
    connection.execute(update(_TABLE).where(_TABLE.c.id == run).values(**values))
    events.add(connection, run, "run", actor=actor, text=text or state, facts={"state": state})


def set_cleanup(
    connection: Connection, run: str, state: StepState, *, actor: str = "", text: str = ""
) -> None:
    """Writes the state of a run's cleanup with its event and its times."""
    values: dict[str, str | None] = {"cleanup_state": state}
    if state == "pending":
        values |= {"cleanup_started": now(), "cleanup_ended": None}
    if state in ("done", "failed", "cancelled"):
        values["cleanup_ended"] = now()
    connection.execute(update(_TABLE).where(_TABLE.c.id == run).values(**values))
    events.add(connection, run, "run", actor=actor, text=text or f"cleanup {state}", facts={"cleanup": state})


def set_cancelled(connection: Connection, run: str, actor: str) -> None:
    """Remembers who cancelled a run."""
    connection.execute(update(_TABLE).where(_TABLE.c.id == run).values(cancelled_by=actor))


def set_paused(connection: Connection, run: str, actor: str | None) -> None:
    """Remembers who paused a run; None lifts the pause. The state is the caller's to write."""
    connection.execute(update(_TABLE).where(_TABLE.c.id == run).values(paused_by=actor))


def fence(connection: Connection, run: str) -> None:
    """Takes a run away from its runner, for nobody: whatever that one does next raises Fenced."""
    values = {"epoch": _TABLE.c.epoch + 1, "pid": None, "host": None, "beat": None}
    connection.execute(update(_TABLE).where(_TABLE.c.id == run).values(**values))


def set_pre_empted(connection: Connection, run: str, by: str) -> None:
    """Remembers which real run took a drill's place."""
    connection.execute(update(_TABLE).where(_TABLE.c.id == run).values(pre_empted_by=by))


def amend(connection: Connection, plan: Plan, source: bytes, *, actor: str, text: str) -> int:
    """Puts a changed plan in the place of a run's frozen one, which is kept, and returns its number.

    The run's runner notices, lets go of what it does and goes on by the new plan. Steps are the
    caller's to change, in the same transaction. Raises UnknownName.
    """
    raised = update(_TABLE).where(_TABLE.c.id == plan.run).values(amended=_TABLE.c.amended + 1)
    number = connection.execute(raised.returning(_TABLE.c.amended)).scalar()
    if number is None:
        raise UnknownName("there is no such run", about=plan.run)
    before, made_from = _frozen(connection, plan.run)
    kept = {"run": plan.run, "number": number, "at": now(), "actor": actor, "text": text}
    connection.execute(insert(schema.amendment).values(**kept, plan=before, input=made_from))
    connection.execute(delete(schema.frozen).where(schema.frozen.c.run == plan.run))
    connection.execute(insert(schema.frozen).values(run=plan.run, **_packed(plan, source)))
    events.add(connection, plan.run, "run", actor=actor, text=text, facts={"amended": number})
    return int(number)


def unfinished(connection: Connection) -> tuple[RunRow, ...]:
    """Returns the runs that need a runner: not yet at rest, or with a cleanup to carry out."""
    active = _TABLE.c.state.in_(("pending", "running", "waiting", "paused"))
    cleaning = _TABLE.c.cleanup_state.in_(("pending", "running", "waiting", "paused"))
    query = select(*_columns()).where(active | cleaning).order_by(_TABLE.c.number)
    return tuple(_row(row) for row in connection.execute(query))


def _columns() -> list[Column[Any]]:
    return [_TABLE.c[name] for name in RunRow.__struct_fields__]


def _row(row: Row[Any]) -> RunRow:
    return RunRow(**{name: getattr(row, name) for name in RunRow.__struct_fields__})
