"""Answers about what stands, or stood, somewhere in the snapshots."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial

from drconsole.api import requests
from drconsole.api.values import SearchHit
from drconsole.errors import InvalidDocument
from drconsole.repository.choosing import chosen
from drconsole.repository.entry import Entry, Hit
from drconsole.service.caller import Caller
from drconsole.service.state import State, in_thread

MOST = 20_000
"""Hits of one answer, about: what an operator would never read costs no memory."""

_TELL_S = 5.0
"""How often a long search says how far it is."""


async def search(state: State, request: requests.SearchSnapshots, caller: Caller) -> tuple[SearchHit, ...]:
    """Objects that hold a text; one document at a time is read, the newest first.

    Says which snapshots cannot be read; of one that was named this is an error.
    """
    if request.id:
        entry = await in_thread(lambda: state.repository.find(request.id, request.site or None))
        return _told(await in_thread(partial(state.repository.look_in, entry, request.text)))
    found: list[tuple[Hit, ...]] = []
    entries = await in_thread(partial(_chosen, state, request))
    told = time.monotonic()
    for number, entry in enumerate(reversed(entries)):
        if time.monotonic() - told >= _TELL_S:
            told = time.monotonic()
            caller.say(f"searched {number} of {len(entries)} snapshots, back to {entry.taken}")
        if sum(map(len, found)) >= MOST:
            caller.say(f"more than {MOST} are found: {entry.taken} and before were not searched")
            break
        try:
            found.append(await in_thread(partial(state.repository.look_in, entry, request.text)))
        except InvalidDocument as damaged:
            caller.say(f"not searched, damaged: {entry.id} of {entry.site}, {entry.taken}: {damaged.message}")
    return _told(hit for hits in reversed(found) for hit in hits)


def _chosen(state: State, request: requests.SearchSnapshots) -> tuple[Entry, ...]:
    return chosen(
        state.repository.entries(request.site or None),
        every=request.every,
        since=request.since,
        until=request.until,
        on=request.on,
    )


def _told(hits: Iterable[Hit]) -> tuple[SearchHit, ...]:
    return tuple(
        SearchHit(
            snapshot=hit.entry.id,
            site=hit.entry.site,
            taken=hit.entry.taken,
            kind=hit.found.kind,
            id=hit.found.id,
            name=hit.found.name,
            field=hit.found.path,
            value=hit.found.value,
            where=hit.found.where,
        )
        for hit in hits
    )
