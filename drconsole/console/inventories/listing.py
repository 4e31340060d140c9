"""Objects in the order of their names, kept in order while some come and others go."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from drconsole.console.inventories.sieve import Sieve


class Listing:
    """The objects of some kinds below one place, by name. `version` grows when another set is listed."""

    def __init__(self, entries: Iterable[tuple[str, str]] = ()) -> None:
        """Takes (name, id) of each object."""
        self._entries = sorted(entries)
        self._sieve: Sieve | None = None
        self.version = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids, in order."""
        return self.sieve.ids

    @property
    def sieve(self) -> Sieve:
        """The names as they are now, to be filtered."""
        if self._sieve is None:
            self._sieve = Sieve((identity, name) for name, identity in self._entries)
        return self._sieve

    def passing(self, wanted: str) -> tuple[str, ...]:
        """Returns the ids whose names pass a filter; the same tuple as long as nothing changed."""
        return self.sieve.passing(wanted)

    def add(self, name: str, identity: str) -> None:
        """Takes an object in, at its place."""
        insort(self._entries, (name, identity))
        self._changed()

    def discard(self, name: str, identity: str) -> None:
        """Drops an object, where it is listed."""
        index = bisect_left(self._entries, (name, identity))
        if self._entries[index : index + 1] == [(name, identity)]:
            del self._entries[index]
            self._changed()

    def _changed(self) -> None:
        self._sieve = None
        self.version += 1
