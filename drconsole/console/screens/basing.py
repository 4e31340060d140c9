"""Which snapshot a site's drafts are of: they are begun here, moved to another one, and taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from drconsole.api import requests
from drconsole.api.values import MatchReply, SelectionReply, SnapshotEntry
from drconsole.console.draft import MappingDraft, SelectionDraft
from drconsole.console.inventories.inventory import Captured
from drconsole.console.known.bases import base_of, move_to, newest_of
from drconsole.console.screens.dialogs import Choose, Option
from drconsole.console.screens.recovering import Recovering
from drconsole.console.style.look import Line
from drconsole.console.widgets.columns import Column
from drconsole.console.words import phrases
from drconsole.model.mapping import HostMapping

_SNAPSHOTS = (
    Column(name="taken", title="TAKEN", width=17),
    Column(name="id", title="ID", width=8),
    Column(name="holds", title="HOLDS", width=22, flex=1, rank=2),
    Column(name="is", title="", width=14),
)


class Basing(Recovering):
    """A screen with a draft of the site that is worked on."""

    document: ClassVar[str] = ""

    @property
    def mapping(self) -> MappingDraft | None:
        """The site's mapping, once there is one."""
        return self.store.mappings.get(self.store.site)

    @property
    def selection(self) -> SelectionDraft | None:
        """The site's selection, once there is one."""
        return self.store.selections.get(self.store.site)

    @property
    def draft(self) -> MappingDraft | SelectionDraft | None:
        """The draft that this screen edits."""
        return self.mapping if self.document == "mapping" else self.selection

    # -- beginning ----------------------------------------------------------------------------------

    def fetch(self) -> None:
        """Begins what is not there yet of the snapshot that is worked with."""
        self._fetch("mapping", self.mapping, self._begin_mapping)
        self._fetch("selection", self.selection, self._begin_selection)
        self._match_again()

    def _fetch(
        self, kind: str, draft: MappingDraft | SelectionDraft | None, begin: Callable[[str, str], None]
    ) -> None:
        """Each snapshot is asked about once: what was refused is refused again."""
        site, base = self.store.site, base_of(self.store, self.store.site)
        if not base or (draft is not None and draft.snapshot_id == base):
            return
        if base not in self.store.captured:
            self.console_app.want_snapshot(base)
            return
        asked = f"{kind} {site}"
        if self.store.refusals.get(asked) != base:
            self.store.refusals[asked] = base
            begin(site, base)

    def _begin_mapping(self, site: str, snapshot: str) -> None:
        """A match of the free targets; what is carried over stays as it was chosen."""
        draft = MappingDraft(snapshot, self.store.captured[snapshot])
        self.store.mappings[site] = draft
        given = None
        if old := self.store.desk.mappings_to_carry.pop(site, None):
            draft.carry(old)
            given = draft.mapping()
        self._match(site, draft, given)

    def _match(self, site: str, draft: MappingDraft, given: HostMapping | None) -> None:
        if self.console_app.read_only:
            return
        draft.matched_with = self._free()

        def take(reply: MatchReply) -> None:
            draft.take(reply)

        request = requests.Match(site=site, snapshot=draft.snapshot_id, mapping=given)
        self.console_app.ask(f"matching targets for {site}", request, take, quiet=True)

    def _match_again(self) -> None:
        """A mapping that nobody has touched and that lacks targets gets them once some are free."""
        draft, free = self.mapping, self._free()
        if draft is None or draft.touched or free is None or draft.matched_with == free:
            return
        known, draft.matched_with = draft.matched_with is not None, free
        if known and draft.bare():
            self._match(self.store.site, draft, None)

    def _free(self) -> int | None:
        """How many targets are free; None while that is not known."""
        targets = self.store.targets
        return None if targets is None else sum(target.state == "free" for target in targets)

    def _begin_selection(self, site: str, snapshot: str) -> None:
        """All guests that can be recovered, but for those that are carried over as they were."""
        captured = self.store.captured[snapshot]

        def take(reply: SelectionReply) -> None:
            draft = SelectionDraft(reply, captured)
            self.store.selections[site] = draft
            if old := self.store.desk.selections_to_carry.pop(site, None):
                changed = draft.carry(old)
                self.console_app.say(f"{phrases.count(changed, 'flag')} of guests carried over", "ok")

        self.console_app.ask(
            f"judging the guests of {site}", requests.Select(site=site, snapshot=snapshot), take
        )

    def rematch(self, draft: MappingDraft) -> None:
        """Asks for targets for all deployed roles anew."""

        def take(reply: MatchReply) -> None:
            changed = draft.take(reply, "the match of all roles")
            words = f"matched {phrases.count(len(reply.matches), 'role')}, {changed} changed"
            self.console_app.say(words, "ok")

        request = requests.Match(
            site=self.store.site, snapshot=draft.snapshot_id, mapping=draft.mapping(flags_only=True)
        )
        self.console_app.ask("matching all", request, take)

    # -- another snapshot -----------------------------------------------------------------------------

    def do_base(self) -> None:
        """Asks which snapshot the drafts are to be of."""
        site = self.store.site

        def choose(entries: tuple[SnapshotEntry, ...]) -> None:
            here, newest = base_of(self.store, site), newest_of(self.store, site)
            options = [_option(entry, here, newest) for entry in reversed(entries)]
            lines: list[Line] = [
                [("What was chosen here is carried over, by the ids of roles and guests.", "text")]
            ]
            self.app.push_screen(
                Choose(f"Drafts of {site} on which snapshot?", lines, _SNAPSHOTS, options),
                lambda chosen: self._move(site, chosen) if chosen else None,
            )

        self.console_app.ask("reading the snapshots", requests.ListSnapshots(site=site), choose)

    def _move(self, site: str, snapshot: str) -> None:
        move_to(self.store, site, snapshot)
        self.console_app.want_snapshot(snapshot)
        self.update()

    def older(self, captured: Captured) -> list[Line]:
        """Returns what there is to say of drafts that are not of the newest snapshot."""
        entry = self.store.sites.get(self.store.site)
        if entry is None or entry.snapshot is None or self.store.captured_of(self.store.site) is captured:
            return []
        newest = phrases.clock(entry.snapshot.taken)
        words = f"! older: there is a snapshot of {newest}; "
        return [[(words, "warn"), ("b", "key"), (" moves these drafts over, with their choices", "text")]]

    # -- taking back ----------------------------------------------------------------------------------

    def do_undo(self) -> None:
        """Takes the last edit of this screen back."""
        self._said("took back", self.draft.undo() if self.draft else "")

    def do_redo(self) -> None:
        """Does it again."""
        self._said("did again", self.draft.redo() if self.draft else "")

    def _said(self, verb: str, words: str) -> None:
        self.console_app.say(f"{verb}: {words}" if words else f"nothing to be {_DONE[verb]}", "text")


_DONE = {"took back": "taken back", "did again": "done again"}


def _option(entry: SnapshotEntry, here: str, newest: str) -> Option:
    marks = [word for word, is_so in (("in use", entry.id == here), ("newest", entry.id == newest)) if is_so]
    good = entry.verified
    holds = f"{phrases.count(entry.hosts, 'host')}, {phrases.count(entry.guests, 'guest')}"
    return Option(
        key=entry.id,
        cells=(
            (phrases.when(entry.taken), "text"),
            (phrases.short(entry.id), "dim"),
            (holds, "text"),
            (", ".join([*marks, *([] if good else ["! not verified"])]), "ok" if good else "warn"),
        ),
    )
