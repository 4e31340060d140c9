"""A run changes its runner: who may take it, and what its predecessor may still be at.

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
from drconsole.recovery.carry import limit_of
from drconsole.recovery.process import known_dead, myself


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


async def clear(doubts: Mapping[str, float], let: Callable[[str], None]) -> None:
    """Calls `let` with each step's key when nobody else can be at it any more."""
    for key, until in sorted(doubts.items(), key=lambda doubt: doubt[1]):
        await asyncio.sleep(max(0.0, until - clock.unix()))
        let(key)
