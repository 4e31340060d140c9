"""The pool: which run has which target, exclusive by primary key, and what probes found."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from drconsole.errors import Busy, Refused
from drconsole.journal import schema
from drconsole.journal.clock import now
from drconsole.model.mapping import RoleKind
from drconsole.model.target import TargetHardware, TargetState

_TABLE = schema.lease


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """A target's tie to one role of one run."""

    target: str
    state: TargetState
    run: str
    role: str
    role_kind: RoleKind
    since: str


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What the last probe of a target found, or the error it met. `hardware` stays from before."""

    target: str
    checked: str
    error: str
    hardware: TargetHardware | None


def reserve(connection: Connection, run: str, target: str, role: str, role_kind: RoleKind) -> None:
    """Reserves a target for a role. Repeating it changes nothing. Raises Busy, naming who has it."""
    row = {
        "target": target,
        "state": "reserved",
        "run": run,
        "role": role,
        "role_kind": role_kind,
        "since": now(),
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(_TABLE), row)
    except IntegrityError:
        held = leases(connection)[target]
        if held.run != run or held.role != role:
            what = f"for {held.role}" if held.role else "and not wiped yet, after it was given up,"
            raise Busy(
                f"target {target} is {held.state} {what} by run {held.run}",
                about=target,
                remedy=f"end it with `drconsole run cleanup {held.run}`, or map another target",
            ) from None


def hand_over(
    connection: Connection, drill: str, run: str, target: str, *, role: str, role_kind: RoleKind
) -> None:
    """Takes a target from a drill for a role of the real run that pre-empts it.

    It is leased at once: what the drill installed on it stands there until it is wiped. One that the
    drill has given back meanwhile is reserved. Raises Busy where a third run has it.
    """
    theirs = (_TABLE.c.target == target) & (_TABLE.c.run == drill)
    values = {"run": run, "role": role, "role_kind": role_kind, "state": "leased", "since": now()}
    if connection.execute(update(_TABLE).where(theirs).values(**values)).rowcount != 1:
        reserve(connection, run, target, role, role_kind)


def lease(connection: Connection, run: str, target: str) -> None:
    """Turns a reservation of this run into a lease. Raises Refused where there is none."""
    _advance(connection, run, target, ("reserved", "leased"), "leased")


def give_up(connection: Connection, run: str, target: str) -> None:
    """A target of this run has no role any more and is not wiped yet: nobody else may take it."""
    mine = (_TABLE.c.target == target) & (_TABLE.c.run == run)
    connection.execute(update(_TABLE).where(mine).values(role="", since=now()))


def in_service(connection: Connection, run: str) -> None:
    """The machines of a real run are production now, but for those that were given up."""
    mine = (_TABLE.c.run == run) & (_TABLE.c.state == "leased") & (_TABLE.c.role != "")
    connection.execute(update(_TABLE).where(mine).values(state="in-service", since=now()))


def wiping(connection: Connection, run: str, target: str) -> None:
    """A target of this run is being wiped: it is neither free nor anybody's."""
    _advance(connection, run, target, ("reserved", "leased", "wiping"), "wiping")


def free(connection: Connection, run: str, targets: Iterable[str] | None = None) -> None:
    """Frees targets of a run, all where none is named. Those in service stay."""
    mine = (_TABLE.c.run == run) & (_TABLE.c.state != "in-service")
    if targets is not None:
        mine &= _TABLE.c.target.in_(tuple(targets))
    connection.execute(delete(_TABLE).where(mine))


def release(connection: Connection, target: str) -> None:
    """Ends a target's tie, whatever it is: an operator has said that the machine is out of use."""
    connection.execute(delete(_TABLE).where(_TABLE.c.target == target))


def free_reservations(connection: Connection, run: str) -> None:
    """Frees what was reserved and never leased: no machine of it was touched."""
    connection.execute(delete(_TABLE).where(_TABLE.c.run == run, _TABLE.c.state == "reserved"))


def leases(connection: Connection) -> dict[str, Lease]:
    """Returns every tie by target; a target that is not there is free."""
    rows = connection.execute(select(_TABLE))
    return {
        row.target: Lease(**{name: getattr(row, name) for name in Lease.__struct_fields__}) for row in rows
    }


def observe(
    connection: Connection, target: str, *, hardware: TargetHardware | None = None, error: str = ""
) -> None:
    """Remembers what a probe found. An error leaves the hardware that was known."""
    table = schema.observation
    values: dict[str, object] = {"checked": now(), "error": error}
    if hardware is not None:
        values["hardware"] = msgspec.json.encode(hardware)
    known = update(table).where(table.c.target == target).values(**values)
    if connection.execute(known).rowcount == 0:
        connection.execute(insert(table).values(target=target, **values))


def observations(connection: Connection) -> dict[str, Observation]:
    """Returns the last probe of each target."""
    return {
        row.target: Observation(
            target=row.target,
            checked=row.checked,
            error=row.error,
            hardware=None if row.hardware is None else msgspec.json.decode(row.hardware, type=TargetHardware),
        )
        for row in connection.execute(select(schema.observation))
    }


def _advance(
    connection: Connection, run: str, target: str, before: tuple[str, ...], after: TargetState
) -> None:
    mine = (_TABLE.c.target == target) & (_TABLE.c.run == run) & _TABLE.c.state.in_(before)
    if connection.execute(update(_TABLE).where(mine).values(state=after)).rowcount != 1:
        raise Refused(f"target {target} is not reserved for run {run}", about=target)
