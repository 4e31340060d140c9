"""What a run that was stopped has left in the world, and what puts each thing back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection

from drconsole.journal import claims, pool
from drconsole.journal.runs import RunRow
from drconsole.journal.steps import StepRow
from drconsole.model.plan import Plan
from drconsole.model.run import Standing
from drconsole.model.step import Mode
from drconsole.planning import keys
from drconsole.recovery.left_behind import shut_down_there
from drconsole.recovery.verbs.rules import storage_connected

Rows = Mapping[str, StepRow]


def standing(connection: Connection, row: RunRow, plan: Plan, rows: Rows) -> tuple[Standing, ...]:
    """Returns what a cancelled or failed run has left: machines, groups, guests; () for any other run,
    and for one whose cleanup is done or under way.
    """
    if row.state not in ("cancelled", "failed") or row.cleanup_state not in (None, "failed"):
        return ()
    remedy = _Remedy(row, connected=row.mode != "drill" and storage_connected(rows.values()))
    return (
        *_machines(connection, row, rows, remedy),
        *_groups(connection, row, rows, remedy),
        *_guests(plan, rows, remedy),
        *_shut_down_there(row, rows),
    )


class _Remedy:
    """A drill is cleaned up, and so is a real run that connected no storage; else it is done by hand."""

    def __init__(self, row: RunRow, *, connected: bool) -> None:
        self._cleanup = f"`drconsole run cleanup {row.id}`"
        self._connected = connected
        self._mode = row.mode

    def machine(self) -> str:
        if self._connected:
            return (
                "its machines are production: take them out of service by hand,"
                " then `drconsole target release TARGET --confirm TARGET`"
            )
        return self._cleanup

    def group(self) -> str:
        if self._mode == "drill":
            return self._cleanup
        return (
            "resume or reverse its replication at the array by hand, once it is certain which side is current"
        )

    def guest(self) -> str:
        if self._connected:
            return "its guests are production: stop and unregister them by hand, should another run have them"
        return self._cleanup


def _machines(connection: Connection, row: RunRow, rows: Rows, remedy: _Remedy) -> Iterator[Standing]:
    for target, lease in sorted(pool.leases(connection).items()):
        if lease.run == row.id:
            what = f"{lease.state} as {lease.role}" if lease.role else f"{lease.state}, given up"
            state = f"{what}, {_installed(rows, target)}"
            yield Standing(kind="machine", name=target, state=state, remedy=remedy.machine())


def _installed(rows: Rows, target: str) -> str:
    own = [r for r in rows.values() if r.step.machine == target and r.step.stage == "provision"]
    if any(r.step.key == keys.ready(r.step.object) and r.state == "done" for r in own):
        return "installed"
    return "perhaps half installed" if any(r.attempts for r in own) else "not touched"


def _groups(connection: Connection, row: RunRow, rows: Rows, remedy: _Remedy) -> Iterator[Standing]:
    held = claims.held_groups(connection)
    # A real run gives a group back that it only halted, for another run to take; it stays halted.
    halted = {r.step.object for key, r in rows.items() if key == keys.halted(r.step.object) and r.attempts}
    mine = {group for group, claim in held.items() if claim.run == row.id}
    for group in sorted(mine | (halted - held.keys() if row.mode != "drill" else set())):
        yield Standing(kind="group", name=group, state=_group(rows, group, row.mode), remedy=remedy.group())


def _group(rows: Rows, group: str, mode: Mode) -> str:
    done = {key for key in (keys.halted(group), keys.presented(group)) if _begun(rows, key)}
    if keys.presented(group) in done:
        return "presented to the recovered hosts" + (" as a clone" if mode == "drill" else ", promoted")
    if keys.halted(group) in done:
        return "cloned" if mode == "drill" else "halted"
    return "claimed, and not touched"


def _guests(plan: Plan, rows: Rows, remedy: _Remedy) -> Iterator[Standing]:
    names = {verdict.id: verdict.name for verdict in plan.verdicts}
    registered = [guest for guest in names if _begun(rows, keys.registered(guest))]
    on = sum(_begun(rows, keys.powered(guest)) for guest in registered)
    if registered:
        listed = _listed([names[guest] for guest in registered])
        state = f"registered, {on} of {len(registered)} started"
        yield Standing(kind="guest", name=listed, state=state, remedy=remedy.guest())


def _shut_down_there(row: RunRow, rows: Rows) -> Iterator[Standing]:
    """What a planned run stopped at the protected site: each by name, for somebody to start it again."""
    fenced = any(_begun(rows, keys.fenced(r.step.object)) for r in rows.values())
    first = f"`drconsole run cleanup {row.id}` lets the hosts there write again; then " if fenced else ""
    for name, state in shut_down_there(rows).items():
        yield Standing(
            kind="guest",
            name=name,
            state=state,
            remedy=f"{first}start it at the protected management server",
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


_NAMED = 3


def _begun(rows: Rows, key: str) -> bool:
    return key in rows and rows[key].attempts > 0
