"""Differences between stored snapshots: how much changed in each, and what, against any other one."""

from __future__ import annotations

from drconsole.api import requests
from drconsole.api.values import SnapshotEntry
from drconsole.console.hearing.messages import Arrived
from drconsole.console.screens.snapshot_differing import Compared, Differing
from drconsole.console.screens.snapshot_rows import changed_words
from drconsole.console.style.look import Span
from drconsole.errors import DRConsoleError

_LARGE = 8_000_000
"""Bytes from which a snapshot is compared only where the cursor stands on it."""


class Comparing(Differing):
    """A screen that knows several snapshots and compares them."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.entries: dict[str, SnapshotEntry] = {}
        self.base = ""
        self._counted: dict[str, str] = {}
        self._seen: list[str] = []
        self._counting = ""

    # -- how much changed -----------------------------------------------------------------------------

    def before(self, identity: str) -> str:
        """Returns the snapshot of the same site before this one, "" for the first."""
        site = self.entries[identity].site
        mine = [entry.id for entry in self.entries.values() if entry.site == site]
        at = mine.index(identity)
        return mine[at - 1] if at else ""

    def changed_span(self, identity: str) -> Span:
        """Returns what the list says of it; what is not known yet is asked for, as it is seen."""
        if identity == self.base:
            return "● base", "changed"
        if not self.before(identity):
            return "the first", "dim"
        words = self._counted.get(identity)
        if words is None:
            self._seen.append(identity)
            return "…", "dim"
        return words, "dim" if words == "nothing" else "text"

    def changed_of(self, identity: str) -> str:
        """Returns what changed against the one before."""
        if identity not in self.entries or not self.before(identity):
            return ""
        return self._counted.get(identity, "…")

    def count_changes(self, cursor: str) -> None:
        """Asks for one of the snapshots in sight, the one under the cursor first; the rest follows."""
        client = self.console_app.client
        seen, self._seen = self._seen, []
        if self._counting or client is None:
            return
        wanted = [cursor, *reversed(seen)] if cursor in self.entries else list(reversed(seen))
        for identity in wanted:
            if identity in self._counted or not (before := self.before(identity)):
                continue
            if identity != cursor and self.entries[identity].size > _LARGE:
                continue
            self._counting = identity
            self.console_app.work(self._count(before, identity), "compare")
            return

    async def _count(self, before: str, identity: str) -> None:
        """Carried by a worker: posts what came of it."""
        client = self.console_app.client
        words = "?"
        try:
            if client is not None:
                changes = await client.ask(requests.DiffSnapshots(before=before, after=identity))
                words = changed_words(changes)
        except DRConsoleError:
            pass  # a damaged snapshot: the list says that it is not verified
        self.app.post_message(Arrived(lambda _: self._take_count(identity, words), now=True))

    def _take_count(self, identity: str, words: str) -> None:
        self._counting = ""
        self._counted[identity] = words

    # -- what changed --------------------------------------------------------------------------------

    def compare(self, before: str, after: str) -> None:
        """Shows what changed from one snapshot to another."""
        taken = (self.entries[before].taken, self.entries[after].taken)
        self.console_app.ask(
            "comparing",
            requests.DiffSnapshots(before=before, after=after),
            lambda changes: self.take_changes(changes, Compared(before, after, taken)),
        )

    def do_base(self) -> None:
        """Marks the base, or takes the mark away."""
        identity = self.cursor_entry()
        self.base = "" if identity == self.base else identity
        words = "move to another snapshot, enter compares" if self.base else "no base any more"
        self.console_app.say(words)

    def do_difference(self) -> None:
        """From the base, or from the snapshot before, to the one under the cursor."""
        identity = self.cursor_entry()
        if not identity:
            return
        before = self.base if self.base and self.base != identity else self.before(identity)
        if before:
            self.compare(before, identity)
        else:
            self.console_app.say(
                "the first snapshot of its site: b marks another one to compare with", "warn"
            )

    def cursor_entry(self) -> str:
        """Returns the snapshot that the list's cursor stands on, "" for none."""
        raise TypeError(f"{type(self).__name__} has no list")
