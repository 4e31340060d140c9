"""Answers about walkthroughs: a presenter's console, and those who watch it."""

from __future__ import annotations

import contextlib

from drconsole.api import requests
from drconsole.journal import runs
from drconsole.service.caller import Caller
from drconsole.service.presenting import Presenter
from drconsole.service.state import State


async def present(state: State, request: requests.Present, caller: Caller) -> None:
    """Keeps what the presenter's console shows for a few seconds."""
    state.presenters.present(
        _run(state, request.run), Presenter(caller.actor, caller.pid), request.screen, request.cursor
    )


async def watch(state: State, request: requests.WatchPresenter, caller: Caller) -> None:
    """Where the presenter is, until the caller leaves."""
    async with contextlib.aclosing(state.presenters.watched(_run(state, request.run))) as places:
        async for place in places:
            await caller.send(place)


def _run(state: State, name: str) -> str:
    return state.journal.read(lambda c: runs.find(c, name)).id
