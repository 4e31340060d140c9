"""Answers for consoles that stay: what all of them show, pushed as it changes."""

from __future__ import annotations

import contextlib
from functools import partial

from sqlalchemy import Connection

from drconsole.api import requests
from drconsole.api.overview import Overview
from drconsole.journal import runs
from drconsole.journal.clock import now
from drconsole.model.run import RunSummary
from drconsole.service.answers.pool import targets
from drconsole.service.answers.sites import entries_of, status_of
from drconsole.service.caller import Caller
from drconsole.service.state import State, in_thread


async def watch(state: State, request: requests.WatchOverview, caller: Caller) -> None:
    """Service, sites, pool and runs, until the caller leaves."""
    async with contextlib.aclosing(state.overviews.listened_to(partial(_look, state))) as items:
        async for item in items:
            await caller.send(item)


async def _look(state: State) -> Overview:
    at = now()
    newest = await in_thread(state.repository.newest)
    pool = await in_thread(partial(targets, state))
    listed = await state.journal.query(_runs)
    return Overview(
        at=at,
        status=status_of(state),
        sites=entries_of(state, newest),
        targets=tuple(pool.values()),
        runs=listed,
    )


def _runs(connection: Connection) -> tuple[RunSummary, ...]:
    return tuple(runs.summary(row) for row in runs.listing(connection))
