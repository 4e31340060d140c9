"""A snapshot as a tree: what stands in what, opened branch by branch down to the single value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from drconsole.console.archive.values import Held, held_in, summary
from drconsole.console.words.filtering import matcher
from drconsole.documents.difference import kind_words
from drconsole.documents.whereabouts import Whereabouts
from drconsole.model.inventory import COLLECTIONS, Snapshot
from drconsole.model.inventory.base import Element, Object

_ORDER = {kind.kind: number for number, kind in enumerate(COLLECTIONS.values())}
_SPARE = "~"
"""Where keys of matches begin: no branch's key does."""


class Row(NamedTuple):
    """A row of the tree. `thing` is the object that it is or is inside of; `opens` what it opens into:
    the object itself, a part of it, several parts, or nothing where it is a value."""

    key: str
    depth: int
    label: str
    thing: Object
    opens: Element | tuple[Held, ...] | None = None
    words: str = ""


class Tree:
    """The objects of a snapshot, each below what it stands in; a guest stands below its host, its pool
    and its folder. Make it in a thread: a large site takes a moment."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.objects: tuple[Object, ...] = tuple(snapshot.objects())
        self._whereabouts = Whereabouts(snapshot)
        self._by_id = self._whereabouts.by_id
        self._inside: dict[str, list[Object]] = defaultdict(list)
        tops = [thing for thing in self.objects if not self._place(thing)]
        for inside in self._inside.values():
            inside.sort(key=_rank)
        self._tops = sorted([*tops, *self._unreached(tops)], key=_rank)

    def _place(self, thing: Object) -> bool:
        homes = self._whereabouts.homes(thing)
        for home in homes:
            self._inside[home].append(thing)
        return bool(homes)

    def _unreached(self, tops: Sequence[Object]) -> list[Object]:
        """Returns what stands in a circle: a document of others may hold one."""
        seen = {thing.id for thing in tops}
        ahead = list(seen)
        while ahead:
            new = [thing.id for thing in self._inside.get(ahead.pop(), ()) if thing.id not in seen]
            seen.update(new)
            ahead += new
        return [thing for thing in self.objects if thing.id not in seen]

    # -- rows ---------------------------------------------------------------------------------------

    def rows(self, opened: set[str]) -> dict[str, Row]:
        """Returns the rows that are to be seen, by key, from the top."""
        return {row.key: row for row in self._objects(self._tops, "", 0, opened)}

    def _objects(self, things: Sequence[Object], above: str, depth: int, opened: set[str]) -> Iterator[Row]:
        for number, thing in enumerate(things):
            key = f"{above}/{number}"
            yield Row(key, depth, thing.name, thing, thing)
            if key in opened:
                inside = self._inside.get(thing.id, ())
                yield from self._parts(self._values(thing, inside), thing, key, depth + 1, opened)
                yield from self._objects(inside, key, depth + 1, opened)

    def _values(self, thing: Object, inside: Sequence[Object]) -> tuple[Held, ...]:
        """Where other objects stand inside, an object's own values are a branch beside them."""
        held = held_in(thing, self.name_of)
        return (Held("values", str(len(held)), held),) if inside else held

    def _parts(
        self, held: Sequence[Held], thing: Object, above: str, depth: int, opened: set[str]
    ) -> Iterator[Row]:
        for number, each in enumerate(held):
            key = f"{above}.{number}"
            yield Row(key, depth, each.label, thing, each.opens, each.words)
            if key in opened and each.opens is not None:
                inner = each.opens if isinstance(each.opens, tuple) else held_in(each.opens, self.name_of)
                yield from self._parts(inner, thing, key, depth + 1, opened)

    def words(self, row: Row) -> str:
        """Returns what stands beside a row's label; asked for rows that are drawn only."""
        if row.words or not isinstance(row.opens, Object):
            return row.words
        if row.key.startswith(_SPARE):
            return f"{kind_words(row.thing.kind)} in {self.where(row.thing)}"
        return summary(row.thing, [inner.kind for inner in self._inside.get(row.thing.id, ())])

    def name_of(self, identity: str) -> str:
        """Returns an object's name, its id where there is none of it."""
        found = self._by_id.get(identity)
        return found.name if found is not None else identity

    # -- finding ------------------------------------------------------------------------------------

    def matching(self, text: str) -> dict[str, Row]:
        """Returns a row for each object whose name passes a filter."""
        passes = matcher(text)
        return {
            key: Row(key, 0, thing.name, thing, thing)
            for number, thing in enumerate(self.objects)
            if passes(thing.name)
            for key in (f"{_SPARE}{number}",)
        }

    def where(self, thing: Object) -> str:
        """Returns the names of what an object stands in, the nearest first."""
        return self._whereabouts.words(thing) or "the site"

    def find(self, kind: str, identity: str) -> Object | None:
        """Returns an object, None where the snapshot has none of that kind and id."""
        found = self._by_id.get(identity)
        return found if found is not None and found.kind == kind else None

    def key_of(self, thing: Object) -> tuple[str, set[str]]:
        """Returns an object's key, and the keys of what has to be open to see it."""
        key, opened = "", set[str]()
        inside: Sequence[Object] = self._tops
        for each in self._way(thing):
            if key:
                opened.add(key)
            key = f"{key}/{next(n for n, other in enumerate(inside) if other is each)}"
            inside = self._inside.get(each.id, ())
        return key, opened

    def _way(self, thing: Object) -> list[Object]:
        """Returns what leads to an object from a top row, itself last."""
        way = self._whereabouts.way(thing)
        tops = {top.id for top in self._tops}
        first = max((n for n, each in enumerate(way) if each.id in tops), default=len(way) - 1)
        return way[first:]


def _rank(thing: Object) -> tuple[int, str, str]:
    return _ORDER.get(thing.kind, -1), thing.name.casefold(), thing.id
