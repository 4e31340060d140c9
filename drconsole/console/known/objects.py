"""Every object by its name: guests, hosts, networks, datastores, targets, runs, snapshots, sites."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from drconsole.api.values import SnapshotEntry
from drconsole.console.inventories.inventory import GUEST, NETWORKS, Node
from drconsole.console.known.store import Store
from drconsole.console.words import phrases

KINDS = ("guest", "host", "network", "datastore", "physical", "target", "run", "snapshot", "site")
_KIND_OF = {GUEST: "guest", "host": "host", "datastore": "datastore"} | dict.fromkeys(NETWORKS, "network")
_CAP = 400
"""How many of each kind of match are looked at: more nobody reads."""


class Found(msgspec.Struct, frozen=True):
    """An object: what it is, its name, its site, and the key of its row where it is shown."""

    kind: str
    name: str
    site: str
    key: str


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What an index is made of, taken in a moment; the index may then be made in a thread."""

    nodes: tuple[tuple[str, tuple[Node, ...]], ...]
    others: tuple[Found, ...]


def gather(store: Store, snapshots: Iterable[SnapshotEntry] = ()) -> Gathered:
    """Takes what the store knows now."""
    nodes = []
    others = [Found("target", target.name, "", target.name) for target in store.targets or ()]
    others += [Found("run", run.run, run.site, run.run) for run in store.runs]
    for entry in snapshots:
        name = f"{entry.site} {phrases.when(entry.taken)} {phrases.short(entry.id)}"
        others.append(Found("snapshot", name, entry.site, entry.id))
    for site in store.sites:
        others.append(Found("site", site, site, site))
        if inventory := store.inventory_of(site):
            nodes.append((site, tuple(inventory.nodes.values())))
        if captured := store.captured_of(site):
            servers = captured.snapshot.physical_servers
            others += [Found("physical", server.name, site, server.name) for server in servers]
    return Gathered(nodes=tuple(nodes), others=tuple(others))


class Index:
    """The names, to be searched at each key. 50,000 of them are searched in milliseconds."""

    def __init__(self, gathered: Gathered) -> None:
        found = list(gathered.others)
        for site, nodes in gathered.nodes:
            found += [Found(_KIND_OF[n.kind], n.name, site, n.id) for n in nodes if n.kind in _KIND_OF]
        named = sorted(((each.name.lower().replace("\n", " "), at) for at, each in enumerate(found)))
        self._found = [found[at] for _, at in named]
        self._names = [name for name, _ in named]
        self._text = "\n".join(self._names)
        starts, at = [], 0
        for name in self._names:
            starts.append(at)
            at += len(name) + 1
        self._starts = starts

    def __len__(self) -> int:
        return len(self._found)

    def called(self, name: str, kind: str = "") -> list[Found]:
        """Returns the objects of exactly this name; case does not matter."""
        low = name.lower()
        at = range(bisect_left(self._names, low), bisect_right(self._names, low))
        return [self._found[i] for i in at if not kind or self._found[i].kind == kind]

    def beginning(self, text: str, kind: str, limit: int = 50) -> list[str]:
        """Returns the names of a kind that begin so, in order."""
        low = text.lower()
        first = bisect_left(self._names, low)
        names = (
            self._found[at].name
            for at in range(first, len(self._names))
            if self._found[at].kind == kind and self._names[at].startswith(low)
        )
        last = bisect_right(self._names, f"{low}\U0010ffff")
        return list(dict.fromkeys(islice((n for n in islice(names, last - first)), limit)))

    def search(self, text: str, limit: int = 100) -> list[Found]:
        """Returns what matches, best first: names that begin so, that contain it, that have its letters.

        Of several words one is looked for so; the others stand in name, kind or site.
        """
        words = sorted(text.lower().split(), key=len, reverse=True)
        for word in words:
            rest = [other for other in words if other is not word]
            hits = (at for at in self._matching(word) if all(other in self._told(at) for other in rest))
            if found := [self._found[at] for at in islice(hits, limit)]:
                return found
        return []

    def _told(self, at: int) -> str:
        found = self._found[at]
        return f"{self._names[at]} {found.kind} {found.site.lower()}"

    def _matching(self, word: str) -> Iterator[int]:
        """Yields rows, each once, the best first."""
        seen: set[int] = set()
        for tier in (self._begin, self._contain, self._resemble):
            fresh = [at for at in tier(word) if at not in seen]
            seen.update(fresh)
            yield from fresh

    def _begin(self, word: str) -> list[int]:
        first, last = bisect_left(self._names, word), bisect_right(self._names, f"{word}\U0010ffff")
        return sorted(range(first, min(last, first + _CAP)), key=lambda at: (len(self._names[at]), at))

    def _contain(self, word: str) -> list[int]:
        found: list[tuple[bool, int, int]] = []
        at = self._text.find(word)
        while at >= 0 and len(found) < _CAP:
            row = bisect_right(self._starts, at) - 1
            inside = at > self._starts[row] and self._text[at - 1].isalnum()
            found.append((inside, len(self._names[row]), row))
            at = self._text.find(word, self._starts[row] + len(self._names[row]) + 1)
        return [row for *_, row in sorted(found)]

    def _resemble(self, word: str) -> list[int]:
        """The letters in their order. Each gap excludes the letter after it: nothing is tried twice."""
        if len(word) < 2:
            return []
        steps = "".join(rf"[^\n{re.escape(c)}]*{re.escape(c)}" for c in word[1:])
        letters = re.compile(re.escape(word[0]) + steps)
        found: list[tuple[int, int, int]] = []
        match = letters.search(self._text)
        while match and len(found) < _CAP:
            row = bisect_right(self._starts, match.start()) - 1
            found.append((match.end() - match.start(), len(self._names[row]), row))
            match = letters.search(self._text, self._starts[row] + len(self._names[row]) + 1)
        return [row for *_, row in sorted(found)]
