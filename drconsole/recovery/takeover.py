"""A run changes its runner, or is cleaned up: what somebody who is gone may still be at.

A runner that is known dead acts no more. Of one that merely fell silent, or that lives on another
machine, a call may still be in flight that no epoch stops: the steps that it had begun are left alone
until their own deadline has passed. It acts no later than that (`StepWork.check`). All else goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import msgspec
from sqlalchemy import Connection

from drconsole.journal import clock, runs, steps
from drconsole.journal.steps import StepRow
from drconsole.recovery.carry import FLOOR_S, limit_of
from drconsole.recovery.process import known_dead, myself

_ON_ARRAYS = ("halt", "storage")


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is ours. `doubts` are steps by key that wait, each until its time (Unix seconds)."""

    epoch: int
    doubts: Mapping[str, float]


def take(connection: Connection, run: str) -> Taken:
    """Makes this process a run's runner. Raises Busy where a living one has it, UnknownName.

    Whether the one before is dead is judged within the transaction: of two that come at once the
    second finds the first.
    """
    before = runs.find(connection, run)
    dead = known_dead(before)
    epoch = runs.take_over(connection, run, myself(), owner_dead=dead)
    if dead:
        steps.inherit(connection, run, before.epoch, epoch)
    begun = steps.in_doubt(connection, run, epoch)
    return Taken(epoch=epoch, doubts={step.key: since + limit_of(step) for step, since in begun})


def late_effects(rows: Mapping[str, StepRow]) -> dict[str, float]:
    """Returns the cleanup's steps by key that undo what may still come, each with the time until then.

    An array makes a clone though the call that asked for it was cut short, or its run was cancelled. Who
    looks at once sees none, and would leave it behind for good. Machines are wiped in any case.
    """
    until: dict[str, float] = {}
    for row in rows.values():
        in_doubt = row.step.stage in _ON_ARRAYS and row.attempts and row.result is None and row.ended
        if in_doubt and row.step.object:
            left = FLOOR_S - clock.seconds_between(row.ended or "", clock.now())
            until[row.step.object] = max(clock.unix() + left, until.get(row.step.object, 0.0))
    return {
        key: until[row.step.object]
        for key, row in rows.items()
        if row.cleanup and not row.step.machine and row.step.object in until
    }


async def clear(doubts: Mapping[str, float], let: Callable[[str], None]) -> None:
    """Calls `let` with each step's key when nobody else can be at it any more."""
    for key, until in sorted(doubts.items(), key=lambda doubt: doubt[1]):
        await asyncio.sleep(max(0.0, until - clock.unix()))
        let(key)
