"""Looking after the pool: an operator who opens it finds what each machine is, and how long ago."""

from __future__ import annotations

import asyncio

from drconsole.journal.clock import now, seconds_between
from drconsole.model.target import Target
from drconsole.service.answers.pool import probe, targets
from drconsole.service.state import State

EVERY_S = 600.0
"""How old the last look at an idle machine may be."""

_LOOK_S = 30.0


async def keep_seen(state: State) -> None:
    """Probes machines that were not looked at for long; those that a run has are left to it.

    A machine that does not answer is told of by its state. Nothing is sent twice to one that refused
    the password: its client remembers.
    """
    while True:
        known = await asyncio.to_thread(targets, state)
        await probe(state, tuple(name for name, target in known.items() if _is_due(target)), _hears_nothing)
        await asyncio.sleep(_LOOK_S)


def _is_due(target: Target) -> bool:
    if target.state not in ("free", "unreachable"):
        return False
    return not target.checked or seconds_between(target.checked, now()) >= EVERY_S


def _hears_nothing(_text: str) -> None:
    """Nobody asked: the pool's list shows it."""
