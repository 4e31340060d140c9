"""All that the console knows, in one place, with a dirty set: screens look at it at each tick."""

from __future__ import annotations

from drconsole.api.overview import Overview
from drconsole.api.values import InventoryBatch, ServiceStatus, SiteEntry
from drconsole.console.draft import Desk, MappingDraft, SelectionDraft
from drconsole.console.inventories.inventory import Captured, Inventory
from drconsole.console.known.following import AT_REST, Following
from drconsole.console.style.look import Span
from drconsole.model.run import RunSummary
from drconsole.model.target import Target

NOTE_S = 12.0
SILENT_S = 6.0
"""The service gives a sign of life each two seconds: after so long without one all is stale."""


class Store:
    """What was heard. Only the handlers of the app write to it; times are monotonic."""

    def __init__(self) -> None:
        self.status: ServiceStatus | None = None
        self.lost = ""
        self.heard = 0.0
        self.alone = False  # no service is asked: a snapshot file is read
        self.sites: dict[str, SiteEntry] = {}
        self.site = ""
        self.inventories: dict[str, Inventory] = {}
        self.recovered: dict[str, Inventory] = {}
        """What runs have recovered, by run, of those that somebody looks at."""
        self.captured: dict[str, Captured] = {}
        self.targets: tuple[Target, ...] | None = None
        self.targets_at = 0.0
        self.runs: tuple[RunSummary, ...] = ()
        self.following: Following | None = None
        self.presenting = ""
        self.mappings: dict[str, MappingDraft] = {}
        self.selections: dict[str, SelectionDraft] = {}
        self.desk = Desk()
        self.refusals: dict[str, str] = {}
        self.doing: dict[int, str] = {}
        self.note = ("", "text", 0.0)
        self.dirty: set[str] = set()
        self.badges: dict[str, Span] = {}
        """What else hangs beside the mode, such as ` OBSERVER `: name → its words and role."""

    def set_overview(self, item: Overview, now: float) -> None:
        """What the service pushes: the parts that changed, or only a sign of life."""
        if self.lost:
            self.dirty.add("status")
        self.lost, self.heard = "", now
        if item.status is not None:
            self.set_status(item.status)
        if item.sites is not None:
            self.set_sites(item.sites)
        if item.targets is not None:
            self.set_targets(item.targets, now)
        if item.runs is not None:
            self.set_runs(item.runs)
        if self.targets is not None:
            self.targets_at = now

    def lose(self, why: str) -> None:
        """The service is gone or silent: what is known stays, and is stale from now on."""
        self.lost = why
        for inventory in (*self.inventories.values(), *self.recovered.values()):
            inventory.lose()
        self.dirty.add("status")

    def stale(self, now: float) -> bool:
        """Whether nothing of what is known can be called live: the service is gone, or says nothing."""
        return bool(self.lost) or now - self.heard > SILENT_S

    def set_status(self, status: ServiceStatus) -> None:
        """Who answers."""
        self.status, self.lost = status, ""
        self.dirty.add("status")

    def set_sites(self, entries: tuple[SiteEntry, ...]) -> None:
        """The configured sites; the first one is worked on until another is chosen."""
        self.sites = {entry.name: entry for entry in entries}
        if self.site not in self.sites:
            self.site = entries[0].name if entries else ""
        self.dirty.add("sites")

    def set_batch(self, batch: InventoryBatch, now: float) -> None:
        """What changed in a live inventory."""
        if self.inventories.setdefault(batch.site, Inventory()).apply(batch, now):
            self.dirty.add("inventory")

    def set_recovered(self, run: str, batch: InventoryBatch, now: float) -> None:
        """What changed in the inventory that a run has recovered."""
        if self.recovered.setdefault(run, Inventory()).apply(batch, now):
            self.dirty.add("recovered")

    def set_captured(self, identity: str, captured: Captured) -> None:
        """A snapshot's contents; older ones that nobody works with are forgotten."""
        kept = {e.snapshot.id for e in self.sites.values() if e.snapshot} | {identity}
        kept |= {draft.snapshot_id for draft in self.mappings.values()}
        kept |= {draft.snapshot_id for draft in self.selections.values()} | set(self.desk.bases.values())
        self.captured = {key: value for key, value in self.captured.items() if key in kept}
        self.captured[identity] = captured
        self.dirty.add("sites")

    def set_targets(self, targets: tuple[Target, ...], now: float) -> None:
        """The pool."""
        self.targets, self.targets_at = targets, now
        self.dirty.add("targets")

    def set_runs(self, runs: tuple[RunSummary, ...]) -> None:
        """All runs, oldest first."""
        self.runs = runs
        self.dirty.add("runs")

    def captured_of(self, site: str) -> Captured | None:
        """Returns what the newest snapshot of a site says, once it has been read."""
        entry = self.sites.get(site)
        return self.captured.get(entry.snapshot.id) if entry and entry.snapshot else None

    def inventory_of(self, site: str, run: str = "") -> Inventory | None:
        """Returns what a site has: live where it ever answered, else as it was captured; or what a run has
        recovered of it."""
        if run:
            return self.recovered.get(run)
        live = self.inventories.get(site)
        if live is not None and live.nodes:
            return live
        captured = self.captured_of(site)
        return captured.inventory if captured else None

    def pool(self) -> dict[str, Target]:
        """Returns the targets by name."""
        return {target.name: target for target in self.targets or ()}

    def live_runs(self) -> list[RunSummary]:
        """Returns the runs that go on."""
        return [run for run in self.runs if run.state not in AT_REST]

    def open_runs(self) -> list[RunSummary]:
        """Returns the runs that go on, and those that are held for their audience."""
        return [run for run in self.runs if run.state not in ("done", "failed", "cancelled")]

    def mode(self) -> str:
        """Returns what this console stands in: `drill`, `real`, or "" where nothing runs or is held."""
        open_runs = self.open_runs()
        if any(run.mode != "drill" and run.state not in AT_REST for run in open_runs):
            return "real"
        return "drill" if any(run.mode == "drill" for run in open_runs) else ""

    def say(self, text: str, role: str, now: float) -> None:
        """Puts a line before the operator, for a while."""
        self.note = (text, role, now + NOTE_S)
        self.dirty.add("note")
