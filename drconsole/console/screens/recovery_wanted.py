"""What an operator wants of a recovery before it is started, and the requests that it becomes. Pure."""

from __future__ import annotations

import msgspec

from drconsole.api import requests
from drconsole.api.values import SiteEntry
from drconsole.console.draft import MappingDraft, SelectionDraft
from drconsole.console.known.bases import base_of
from drconsole.console.known.store import Store
from drconsole.console.style.look import Line, Span
from drconsole.console.words import durations, phrases
from drconsole.model.mapping import HostMapping, VmSelection
from drconsole.model.step import Mode

LATEST = "latest"
MODES: dict[Mode, str] = {
    "drill": "isolated copies, while replication goes on",
    "disaster": "the site is gone: its machines become production here",
    "planned": "guests are shut down there and start here: nothing is lost",
}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A recovery as it is asked for. Objectives of None are the site's; `snapshot` is an id or `latest`.

    `own_mapping` and `own_selection`: as on screens 3 and 4, else the service decides. `taken` is when
    the snapshot was taken, "" for the latest.
    """

    site: str
    mode: Mode = "drill"
    snapshot: str = LATEST
    taken: str = ""
    own_mapping: bool = False
    own_selection: bool = False
    rto_s: float | None = None
    rpo_s: float | None = None
    review_uplinks: bool = False
    cleanup: bool = False


def wanted_of(store: Store, site: str, snapshot: str = "") -> Wanted:
    """Returns what is wanted at first: a drill with the drafts that something was chosen in.

    With `snapshot` it is of that one, and drafts of another one are not used.
    """
    mapping, selection = store.mappings.get(site), store.selections.get(site)
    own = [draft for draft in (mapping, selection) if draft is not None and draft.touched]
    chosen = snapshot or (own[0].snapshot_id if own else store.desk.bases.get(site, LATEST))
    return of_snapshot(store, Wanted(site=site), chosen)


def of_snapshot(store: Store, wanted: Wanted, snapshot: str, taken: str = "") -> Wanted:
    """Returns the same of another snapshot; drafts are used where they are of it and were touched."""
    known = store.captured.get(snapshot)
    identity = base_of(store, wanted.site) if snapshot == LATEST else snapshot
    mapping, selection = drafts_of(store, wanted.site, identity)
    own_mapping, own_selection = mapping is not None, selection is not None
    return msgspec.structs.replace(
        wanted,
        snapshot=identity if own_mapping or own_selection else snapshot,
        taken=taken or (known.snapshot.taken if known else ""),
        own_mapping=own_mapping,
        own_selection=own_selection,
    )


def drafts_of(store: Store, site: str, snapshot: str) -> tuple[MappingDraft | None, SelectionDraft | None]:
    """Returns the drafts of a snapshot that the operator has chosen something in."""
    mapping, selection = store.mappings.get(site), store.selections.get(site)
    mine = mapping if mapping and mapping.touched and mapping.snapshot_id == snapshot else None
    guests = selection if selection and selection.touched and selection.snapshot_id == snapshot else None
    return mine, guests


def documents(store: Store, wanted: Wanted) -> tuple[HostMapping | None, VmSelection | None]:
    """Returns the two documents that a run is started with; None for what the service decides."""
    mapping, selection = drafts_of(store, wanted.site, wanted.snapshot)
    return (
        mapping.mapping() if mapping is not None and wanted.own_mapping else None,
        selection.selection() if selection is not None and wanted.own_selection else None,
    )


def plan_of(store: Store, wanted: Wanted) -> requests.PlanRun:
    """Returns the question what such a run would do."""
    mapping, selection = documents(store, wanted)
    return requests.PlanRun(
        site=wanted.site, mode=wanted.mode, snapshot=wanted.snapshot, mapping=mapping, selection=selection
    )


def recover_of(store: Store, wanted: Wanted, confirm: str) -> requests.Recover:
    """Returns the request that starts it."""
    mapping, selection = documents(store, wanted)
    return requests.Recover(
        site=wanted.site,
        mode=wanted.mode,
        snapshot=wanted.snapshot,
        mapping=mapping,
        selection=selection,
        cleanup=wanted.cleanup and wanted.mode == "drill",
        confirm=confirm,
        rto_s=wanted.rto_s,
        rpo_s=wanted.rpo_s,
        review_uplinks=wanted.review_uplinks,
    )


def told(store: Store, wanted: Wanted) -> list[tuple[str, str, Span]]:
    """Returns what is wanted beside the mode, a row each: its key, its name, its value."""
    entry = store.sites.get(wanted.site)
    mapping, selection = drafts_of(store, wanted.site, wanted.snapshot)
    rows: list[tuple[str, str, Span]] = [
        ("s", "snapshot", _snapshot(entry, wanted)),
        ("m", "mapping", _own(wanted.own_mapping, "as on screen 3 Map", "matched automatically", mapping)),
        ("g", "guests", _own(wanted.own_selection, "as on screen 4 VMs", "all that can be", selection)),
        ("o", "RTO", _objective(wanted.rto_s, entry.rto_s if entry else None)),
        ("p", "RPO", _objective(wanted.rpo_s, entry.rpo_s if entry else None)),
        (
            "u",
            "uplinks",
            _box(
                wanted.review_uplinks, "each host asks before it moves", "no review: they move by themselves"
            ),
        ),
    ]
    if wanted.mode == "drill":
        done = "cleaned up as soon as it is verified"
        rows.append(("c", "cleanup", _box(wanted.cleanup, done, "held until you clean it up")))
    return rows


def summary(store: Store, wanted: Wanted) -> list[Line]:
    """Returns the same without keys, for the confirmation."""
    return [
        [(f"{name:<10} ", "dim"), (text.lstrip("[x ]"), role)]
        for _, name, (text, role) in told(store, wanted)
    ]


def _snapshot(entry: SiteEntry | None, wanted: Wanted) -> Span:
    newest = entry.snapshot if entry else None
    if wanted.snapshot == LATEST:
        known = f" ({phrases.when(newest.taken)})" if newest and newest.verified else ""
        return f"latest verified{known}", "text"
    older = newest is not None and newest.id != wanted.snapshot
    when = f"{phrases.when(wanted.taken)} " if wanted.taken else ""
    return f"{when}{phrases.short(wanted.snapshot)}{', not the newest' if older else ''}", (
        "warn" if older else "text"
    )


def _own(own: bool, mine: str, automatic: str, draft: MappingDraft | SelectionDraft | None) -> Span:
    if own:
        changes = (
            f", {phrases.count(draft.unsaved, 'change')} not in a file" if draft and draft.unsaved else ""
        )
        return f"{mine}{changes}", "changed"
    return automatic + (f"; {mine} is left out" if draft is not None else ""), "text"


def _objective(own: float | None, sites: float | None) -> Span:
    if own is not None:
        return f"{durations.written(own)}, for this run", "changed"
    return (f"{durations.written(sites)}, the site's", "text") if sites is not None else ("none", "dim")


def _box(on: bool, yes: str, no: str) -> Span:
    return (f"[x] {yes}", "changed") if on else (f"[ ] {no}", "text")
