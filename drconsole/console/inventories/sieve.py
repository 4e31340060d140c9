"""Names that are filtered while one types: what is searched is what passed one letter before."""

from __future__ import annotations

from collections.abc import Iterable

from drconsole.console.words.filtering import matcher

_KEPT = 24


class Sieve:
    """Ids in their order with the names that are looked at. A list of names never changes: make another."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        self._all = [(identity, name.lower()) for identity, name in names]
        self.ids = tuple(identity for identity, _ in self._all)
        self._found: dict[str, list[tuple[str, str]]] = {}
        self._passed: dict[str, tuple[str, ...]] = {}

    def passing(self, wanted: str) -> tuple[str, ...]:
        """Returns the ids whose names pass a filter, in their order; the same tuple for the same filter."""
        wanted = wanted.lower()
        if not wanted:
            return self.ids
        if wanted not in self._passed:
            if len(self._passed) > _KEPT:
                self._found.clear()
                self._passed.clear()
            self._passed[wanted] = tuple(identity for identity, _ in self._sieved(wanted))
        return self._passed[wanted]

    def _sieved(self, wanted: str) -> list[tuple[str, str]]:
        """Looks among what passed a beginning of the filter, where that is known.

        Not with `!`: what lacks a longer text is more, not less.
        """
        if "!" in wanted:
            passes = matcher(wanted)
            return [entry for entry in self._all if passes(entry[1])]
        begun = (self._found.get(wanted[:length]) for length in range(len(wanted) - 1, 0, -1))
        found = next((found for found in begun if found is not None), self._all)
        for word in wanted.split():
            found = [entry for entry in found if word in entry[1]]
        self._found[wanted] = found
        return found
