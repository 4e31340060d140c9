"""A service that keeps several snapshots of the small site, and answers about them as the real one does."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from drconsole.api import requests
from drconsole.api.changes import changes
from drconsole.api.values import SearchHit, SiteEntry, SnapshotDocument, SnapshotEntry
from drconsole.documents import read_snapshot, write_snapshot
from drconsole.documents.search import search
from drconsole.errors import UnknownName
from drconsole.model.inventory import Snapshot
from tests.console.scripted_service import ScriptedService
from tests.console.small_world import POOL, Named, in_xml, renamed, world

MONDAY, TUESDAY, SUNDAY = "2026-11-16T08:00:00Z", "2026-11-17T08:00:00Z", "2026-11-22T08:00:00Z"


class Kept(NamedTuple):
    """A stored snapshot, three ways."""

    entry: SnapshotEntry
    data: bytes
    value: Snapshot


def keep(snapshot: Snapshot, *, verified: bool = True) -> Kept:
    """Returns a snapshot as it is stored."""
    data = write_snapshot(snapshot)
    entry = SnapshotEntry(
        id=f"sha256:{hashlib.sha256(data).hexdigest()}",
        site=snapshot.site,
        taken=snapshot.taken,
        profile=snapshot.profile,
        size=len(data),
        hosts=len(snapshot.hosts),
        guests=len(snapshot.virtual_machines),
        verified=verified,
    )
    return Kept(entry, data, snapshot)


def history(named: Named = lambda name: name, site: Snapshot | None = None) -> tuple[Kept, ...]:
    """Monday, Tuesday with web-02 on another host, Sunday with more memory and a guest more."""
    replace = msgspec.structs.replace
    site = renamed(lambda name: in_xml(named(name)), site)
    guests = site.virtual_machines
    moved = tuple(replace(g, host="host-2") if g.id == "vm-2" else g for g in guests)
    grown = tuple(replace(g, memory_mib=16384) if g.id == "vm-2" else g for g in moved)
    more = replace(guests[0], id="vm-99", name=in_xml(named("new-01")), instance_uuid="")
    return (
        keep(replace(site, taken=MONDAY), verified=False),
        keep(replace(site, taken=TUESDAY, virtual_machines=moved)),
        keep(replace(site, taken=SUNDAY, virtual_machines=(*grown, more))),
    )


def archive(
    folder: Path,
    *,
    named: Named = lambda name: name,
    live: bool = True,
    site: Snapshot | None = None,
    pool: Sequence[str] = POOL,
) -> ScriptedService:
    """Returns the service. Without `live` the site has never answered: its management server is gone.

    `site` and `pool` stand in the place of the small site and its targets.
    """
    service = world(folder, named=named, run=False, site=site, pool=pool)
    kept = {each.entry.id: each for each in history(named, site)}
    newest = list(kept.values())[-1].entry
    entry = SiteEntry(
        name=newest.site, platform="vsphere", address="127.0.0.1:443", profile="recovery", snapshot=newest
    )
    if not live:
        service.batches = []

    def of(identity: str) -> Kept:
        if identity not in kept:
            raise UnknownName("no such snapshot", about=identity)
        return kept[identity]

    service.answers |= {
        requests.ListSites: lambda _: (entry,),
        requests.ListSnapshots: lambda _: tuple(
            sorted((each.entry for each in kept.values()), key=lambda entry: entry.taken)
        ),
        requests.GetSnapshot: lambda asked: SnapshotDocument(
            entry=of(asked.id).entry, document=of(asked.id).data
        ),
        requests.DiffSnapshots: lambda asked: changes(of(asked.before).value, of(asked.after).value),
        requests.SearchSnapshots: lambda asked: _hits(list(kept.values()), asked),
        requests.ImportSnapshot: lambda asked: _stored(kept, asked.document),
    }
    return service


def _hits(kept: list[Kept], asked: requests.SearchSnapshots) -> tuple[SearchHit, ...]:
    if asked.on:
        kept = [each for each in kept if each.value.taken[:10] <= asked.on][-1:]
    elif not asked.every:
        kept = kept[-1:]
    return tuple(
        SearchHit(
            snapshot=each.entry.id,
            site=each.entry.site,
            taken=each.entry.taken,
            kind=found.kind,
            id=found.id,
            name=found.name,
            field=found.path,
            value=found.value,
            where=found.where,
        )
        for each in kept
        for found in search(each.value, asked.text)
    )


def _stored(kept: dict[str, Kept], data: bytes) -> SnapshotEntry:
    found = keep(read_snapshot(data, "imported document"))
    kept[found.entry.id] = found
    return found.entry
