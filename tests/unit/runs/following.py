"""Runs looked at from outside while a runner carries them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drconsole.journal import runs, steps
from drconsole.journal.journal import Journal
from drconsole.model.run import StepState


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- the journal is asked, nothing tells
            await asyncio.sleep(0.01)


def states(journal: Journal, run: str = "R-1") -> dict[str, StepState]:
    return journal.read(lambda c: steps.states(c, run))


def run_state(journal: Journal, run: str = "R-1") -> str:
    return journal.read(lambda c: runs.find(c, run)).state


def cleanup_state(journal: Journal, run: str = "R-1") -> str | None:
    return journal.read(lambda c: runs.find(c, run)).cleanup_state
