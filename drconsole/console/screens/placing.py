"""Where the selected guests go, found in a thread a moment after an edit: many guests take a while."""

from __future__ import annotations

import asyncio

from textual.timer import Timer
from textual.worker import Worker

from drconsole.console.draft import MappingDraft, SelectionDraft
from drconsole.console.hearing.messages import Arrived
from drconsole.console.known.store import Store
from drconsole.console.screens.basing import Basing
from drconsole.console.style.look import Line
from drconsole.console.words import phrases
from drconsole.planning.placement import Placement, Placer

SETTLES_S = 0.2


class Placing(Basing):
    """A screen that tells where guests go."""

    _placer: tuple[object, Placer] | None = None
    _placing: object = None
    _place_timer: Timer | None = None

    def placement(self) -> Placement | None:
        """Returns where guests go, as far as it has been found: it follows the drafts by a moment."""
        mapping, selection = self.mapping, self.selection
        if mapping is None or selection is None or mapping.snapshot_id != selection.snapshot_id:
            return None
        wanted = (id(selection), selection.version, mapping.deployed_hosts())
        known = self.store.desk.placed.get(self.store.site)
        if known is not None and known[0] == wanted:
            return known[1]
        if self._placing != wanted:
            self._placing = wanted
            if self._place_timer is not None:
                self._place_timer.stop()
            pause = SETTLES_S if known is not None else 0.01
            self._place_timer = self.set_timer(pause, lambda: self._place(mapping, selection))
        return known[1] if known is not None and known[1] and self._same(known[0]) else None

    def _same(self, of: object) -> bool:
        """Whether what is known is of these guests at all, though of flags before the last edits."""
        return isinstance(of, tuple) and of[0] == id(self.selection)

    def _place(self, mapping: MappingDraft, selection: SelectionDraft) -> None:
        site, chosen, hosts = self.store.site, selection.chosen(), mapping.deployed_hosts()
        of = (id(selection), selection.version, hosts)
        self._placing = of
        kept = (id(selection.captured), hosts)
        if self._placer is None or self._placer[0] != kept:
            self._placer = (kept, Placer(selection.captured.snapshot, hosts))
        placer = self._placer[1]

        async def work() -> None:
            found = await asyncio.to_thread(placer.place, chosen)

            def put(store: Store) -> None:
                store.desk.placed[site] = (of, found)

            self.app.post_message(Arrived(put, now=True))

        self._place_worker: Worker[None] = self.run_worker(
            work, group="placing", exclusive=True, exit_on_error=False
        )

    def reach(self, placed: Placement | None, names: dict[str, str]) -> Line:
        """Returns whether each deployed guest finds a host that reaches all it needs, as a line."""
        if placed is None:
            return [("finding a host for each guest …", "work")]
        if placed.homeless:
            who = ", ".join(names.get(guest, guest) for guest in list(placed.homeless)[:4])
            return [
                (f"✗ no deployed host takes {phrases.count(len(placed.homeless), 'guest')}: {who}", "bad")
            ]
        if placed.crowded:
            crowded = ", ".join(f"{names.get(h, h)}: {why}" for h, why in placed.crowded.items())
            return [(f"! {crowded}", "warn")]
        return [("✓ every deployed guest's datastores and networks are reachable from its host", "ok")]
