"""Answers about snapshots."""

from __future__ import annotations

from drconsole.api import requests
from drconsole.api.values import Change, SnapshotCheck, SnapshotDocument, SnapshotEntry
from drconsole.errors import DRConsoleError
from drconsole.repository.entry import Entry
from drconsole.service.caller import Caller
from drconsole.service.state import State, in_thread


def shown(entry: Entry) -> SnapshotEntry:
    """Returns a repository's entry as messages carry it."""
    return SnapshotEntry(
        id=entry.id,
        site=entry.site,
        taken=entry.taken,
        profile=entry.profile,
        size=entry.size,
        hosts=entry.hosts,
        guests=entry.guests,
        consistent=entry.consistent,
        verified=bool(entry.verified),
    )


async def capture(state: State, request: requests.Capture, caller: Caller) -> SnapshotEntry:
    """Captures a site now."""
    site = state.site(request.site)
    return shown(await state.captures.capture(site, request.profile, caller.say))


async def list_snapshots(
    state: State, request: requests.ListSnapshots, caller: Caller
) -> tuple[SnapshotEntry, ...]:
    """Oldest first."""
    entries = await in_thread(lambda: state.repository.entries(request.site or None))
    return tuple(shown(entry) for entry in entries)


async def get(state: State, request: requests.GetSnapshot, caller: Caller) -> SnapshotDocument:
    """A snapshot's exact bytes."""
    stored = await in_thread(lambda: state.repository.get(request.id, request.site or None))
    return SnapshotDocument(entry=shown(stored.entry), document=stored.data)


async def import_document(state: State, request: requests.ImportSnapshot, caller: Caller) -> SnapshotEntry:
    """Stores a document after every check."""
    return shown(await in_thread(lambda: state.repository.add(request.document, "imported document")))


async def diff(state: State, request: requests.DiffSnapshots, caller: Caller) -> tuple[Change, ...]:
    """What differs, by meaning."""
    return await in_thread(lambda: _differences(state, request))


def _differences(state: State, request: requests.DiffSnapshots) -> tuple[Change, ...]:
    from drconsole.api.changes import changes
    from drconsole.documents import read_snapshot

    site = request.site or None
    before = state.repository.get(request.before, site)
    after = state.repository.get(request.after, site or before.entry.site)
    old, new = (read_snapshot(stored.data, stored.entry.id) for stored in (before, after))
    return changes(old, new)


async def check(state: State, request: requests.CheckSnapshots, caller: Caller) -> tuple[SnapshotCheck, ...]:
    """Reads snapshots back, one after the other."""
    if request.id:
        found = await in_thread(lambda: state.repository.find(request.id, request.site or None))
        entries: tuple[Entry, ...] = (found,)
    else:
        entries = await in_thread(lambda: state.repository.entries(request.site or None))
    return tuple([await _checked(state, entry, caller) for entry in entries])


async def _checked(state: State, entry: Entry, caller: Caller) -> SnapshotCheck:
    caller.say(f"reading {entry.id} of {entry.site}")
    problem = ""
    try:
        verified = await in_thread(lambda: state.repository.verify(entry.id))
        problem = "" if verified.verified else "it is inconsistent: references dangle"
    except DRConsoleError as error:
        problem = str(error)
    return SnapshotCheck(id=entry.id, site=entry.site, taken=entry.taken, ok=not problem, problem=problem)
