"""What lies on the operator's desk beside the drafts: which snapshot they are of, and those put aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from drconsole.console.draft.mapping import MappingDraft
from drconsole.console.draft.selection import SelectionDraft
from drconsole.model.plan import PlanReport
from drconsole.planning.placement import Placement

if TYPE_CHECKING:
    from drconsole.console.store import Store

Pair = tuple[MappingDraft | None, SelectionDraft | None]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What the service said of drafts as they were: its report, or why there is none.

    `of` tells drafts apart by their versions. Without report and trouble it is being asked.
    """

    of: object
    report: PlanReport | None = None
    trouble: str = ""


class Desk:
    """For each site. `bases` are snapshots that were chosen; a site without one follows its newest.

    `judged` is the service's verdict on the drafts, `placed` where their guests go, and of which drafts.
    """

    def __init__(self) -> None:
        self.bases: dict[str, str] = {}
        self.judged: dict[str, Judged] = {}
        self.placed: dict[str, tuple[object, Placement]] = {}
        self.mappings_to_carry: dict[str, MappingDraft] = {}
        self.selections_to_carry: dict[str, SelectionDraft] = {}
        self._aside: dict[tuple[str, str], Pair] = {}

    def put_aside(self, site: str, pair: Pair) -> None:
        """Keeps drafts that something was chosen in, for when their snapshot is chosen again."""
        mapping, selection = pair
        self.mappings_to_carry.pop(site, None)
        self.selections_to_carry.pop(site, None)
        if mapping is not None and mapping.touched:
            self.mappings_to_carry[site] = mapping
            self._aside[site, mapping.snapshot_id] = pair
        if selection is not None and selection.touched:
            self.selections_to_carry[site] = selection
            self._aside[site, selection.snapshot_id] = pair

    def take_up(self, site: str, snapshot: str) -> Pair | None:
        """Returns the drafts of a snapshot that were put aside, and does not keep them any more."""
        return self._aside.pop((site, snapshot), None)

    def unsaved(self) -> int:
        """How many changes of drafts that were put aside are not saved."""
        drafts = {id(draft): draft for pair in self._aside.values() for draft in pair if draft}
        return sum(draft.unsaved for draft in drafts.values())


def base_of(store: Store, site: str) -> str:
    """Returns the id of the snapshot that a site's drafts are (to be) of: the one that was chosen, else
    that of a draft that something was chosen in, else the newest; "" where there is none."""
    if chosen := store.desk.bases.get(site):
        return chosen
    for draft in (store.mappings.get(site), store.selections.get(site)):
        if draft is not None and draft.touched:
            return draft.snapshot_id
    return newest_of(store, site)


def newest_of(store: Store, site: str) -> str:
    """Returns the id of a site's newest snapshot, "" where there is none."""
    entry = store.sites.get(site)
    return entry.snapshot.id if entry and entry.snapshot else ""


def move_to(store: Store, site: str, snapshot: str) -> None:
    """Bases a site's drafts on another snapshot.

    Drafts of it that were put aside are taken up as they were; else new ones take over what was chosen.
    The newest snapshot is followed from then on.
    """
    pair = (store.mappings.get(site), store.selections.get(site))
    store.desk.bases.pop(site, None)
    if snapshot != newest_of(store, site):
        store.desk.bases[site] = snapshot
    if any(draft is not None and draft.snapshot_id == snapshot for draft in pair):
        return
    store.desk.put_aside(site, pair)
    mapping, selection = store.desk.take_up(site, snapshot) or (None, None)
    for kind in ("mapping", "selection"):
        store.refusals.pop(f"{kind} {site}", None)
    store.mappings.pop(site, None)
    store.selections.pop(site, None)
    for draft in (mapping, selection):
        if draft is not None:
            store.captured[snapshot] = draft.captured
    if mapping is not None:
        store.mappings[site] = mapping
        store.desk.mappings_to_carry.pop(site, None)
    if selection is not None:
        store.selections[site] = selection
        store.desk.selections_to_carry.pop(site, None)


def unsaved(store: Store) -> int:
    """Returns how many changes of all drafts are not saved."""
    mappings = sum(draft.unsaved for draft in store.mappings.values())
    return mappings + sum(draft.unsaved for draft in store.selections.values()) + store.desk.unsaved()
