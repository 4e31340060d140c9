"""What lies on the operator's desk beside the drafts: which snapshot they are of, and those put aside."""

from __future__ import annotations

import msgspec

from drconsole.console.draft.mapping import MappingDraft
from drconsole.console.draft.selection import SelectionDraft
from drconsole.model.plan import PlanReport
from drconsole.planning.placement import Placement

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
