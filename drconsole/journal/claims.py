"""Which run has a replication group in hand: exclusive by primary key, like a target.

A drill has its groups until it is cleaned up, a real run for good: its volumes are production then.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from drconsole.errors import Busy
from drconsole.journal import schema
from drconsole.journal.clock import now
from drconsole.model.run import RunState
from drconsole.model.step import Mode

_TABLE = schema.claim


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A group's tie to a run, and what kind of run that is."""

    group: str
    run: str
    mode: Mode
    state: RunState

    @property
    def text(self) -> str:
        """Who has it, as a sentence without its subject."""
        kind = "drill" if self.mode == "drill" else f"{self.mode} run"
        return f"is in the hands of run {self.run}, a {kind} that is {self.state}"

    @property
    def remedy(self) -> str:
        """What ends it. A real run needs no such thing: it pre-empts a drill."""
        if self.mode == "drill":
            return (
                f"end it with `drconsole run cleanup {self.run}`, after `run cancel` where it still goes on"
            )
        return f"look at it with `drconsole run show {self.run}`: what it connected is production"


def claim(connection: Connection, run: str, group: str) -> None:
    """Ties a group (`array/group`) to a run. Repeating it changes nothing. Raises Busy, naming who has it."""
    try:
        with connection.begin_nested():
            connection.execute(insert(_TABLE).values(group=group, run=run, since=now()))
    except IntegrityError:
        held = held_groups(connection)[group]
        if held.run != run:
            raise Busy(held.text, about=f"replication group {group}", remedy=held.remedy) from None


def hand_over(connection: Connection, group: str, drill: str, run: str) -> None:
    """Ties a drill's group to the real run that pre-empts it. Raises Busy where a third one has it."""
    theirs = (_TABLE.c.group == group) & (_TABLE.c.run == drill)
    moved = connection.execute(update(_TABLE).where(theirs).values(run=run, since=now()))
    if moved.rowcount != 1:
        claim(connection, run, group)


def release(connection: Connection, run: str, groups: Iterable[str] | None = None) -> None:
    """Gives groups of a run back, all where none is named."""
    mine = _TABLE.c.run == run
    if groups is not None:
        mine &= _TABLE.c.group.in_(tuple(groups))
    connection.execute(delete(_TABLE).where(mine))


def held_groups(connection: Connection) -> dict[str, Claim]:
    """Returns every tie by group; a group that is not there is in nobody's hands."""
    run = schema.run.c
    query = select(_TABLE.c.group, _TABLE.c.run, run.mode, run.state).join(schema.run, run.id == _TABLE.c.run)
    return {
        row.group: Claim(group=row.group, run=row.run, mode=row.mode, state=row.state)
        for row in connection.execute(query)
    }
