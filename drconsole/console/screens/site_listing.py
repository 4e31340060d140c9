"""Which objects the table of Sites shows for a row of its tree, and in which order."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

import msgspec

from drconsole.console.draft import disk_gib
from drconsole.console.inventories.inventory import Inventory, Node
from drconsole.console.inventories.listing import Listing
from drconsole.console.screens.site_known import Known
from drconsole.console.screens.site_objects import CELLS, COLUMNS, physical_cells
from drconsole.console.screens.site_row import GROUPS, POOLS, TreeRow
from drconsole.console.widgets.columns import Column
from drconsole.console.words.filtering import matcher

SORTED_S = 5.0
"""Values change all the time: rows are put into another order no oftener, but for rows that come or go."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


class Sort(msgspec.Struct, frozen=True):
    """By which column, and whether the largest stands first."""

    column: str = "name"
    down: bool = False

    def columns(self, table: str) -> tuple[Column, ...]:
        """Returns a table's columns. The one that it is sorted by has a mark in its head, and stays where
        others give way to a narrow terminal."""
        return tuple(self._marked(c) if c.name == self.column else c for c in COLUMNS[table])

    def _marked(self, column: Column) -> Column:
        title = f"{column.title} {self.arrow}"
        return msgspec.structs.replace(column, title=title, width=max(column.width, len(title)), rank=0)

    @property
    def arrow(self) -> str:
        """The mark of the direction."""
        return "↓" if self.down else "↑"

    def word(self, table: str) -> str:
        """Returns what the table is sorted by, as its border says it."""
        title = next((c.title for c in COLUMNS[table] if c.name == self.column), "NAME")
        return f"sort {title} {self.arrow}"

    def next(self, table: str) -> Sort:
        """Returns the sort by the next column of a table."""
        names = [column.name for column in COLUMNS[table] if column.name != "sign"]
        at = names.index(self.column) if self.column in names else -1
        return Sort(names[(at + 1) % len(names)])


def listing_of(row: TreeRow, inventory: Inventory) -> Listing | None:
    """Returns the list that stands behind a row, by name and kept right; None for one that is made."""
    kinds = GROUPS.get(row.shows)
    if kinds is None or row.pool:
        return None
    if row.folder:
        return inventory.below(row.folder, *kinds)
    return inventory.listing(*kinds, datacenter=row.datacenter, cluster=row.cluster)


class Objects:
    """The ids that the table shows. The same tuple as long as nothing of it has changed."""

    def __init__(self) -> None:
        self.keys: tuple[str, ...] = ()
        self._of: object = None
        self._sorted = 0.0

    def forget(self) -> None:
        """What was listed is void."""
        self._of = None

    def list(
        self, row: TreeRow, inventory: Inventory | None, known: Known, wanted: str, sort: Sort
    ) -> tuple[str, ...]:
        """Returns the objects of a row whose names pass a filter."""
        listing = listing_of(row, inventory) if inventory is not None else None
        version = listing.version if listing is not None else inventory.version if inventory else 0
        of = (row.key, row.shows, id(listing), version, id(known), wanted, sort)
        if of == self._of and (sort.column == "name" or time.monotonic() - self._sorted < SORTED_S):
            return self.keys
        found = _found(row, inventory, known, listing, wanted)
        if sort.column != "name":
            found = _sorted(found, row.shows, inventory, known, sort.column)
        keys = tuple(found[::-1]) if sort.down else tuple(found)
        self._of, self._sorted = of, time.monotonic()
        self.keys = self.keys if keys == self.keys else keys
        return self.keys


def _found(
    row: TreeRow, inventory: Inventory | None, known: Known, listing: Listing | None, wanted: str
) -> Sequence[str]:
    if row.shows == "physical":
        return sorted(filter(matcher(wanted), known.servers))
    if inventory is None:
        return ()
    if listing is not None:
        return listing.passing(wanted)
    inside, passes = inventory.pools_below(row.pool), matcher(wanted)
    ids = known.in_pools(inside) if row.shows == "guests" else inside - {row.pool}
    nodes = [inventory.nodes[identity] for identity in ids if identity in inventory.nodes]
    kinds = POOLS if row.shows == "pools" else GROUPS[row.shows]
    named = sorted((n.name, n.id) for n in nodes if n.kind in kinds and passes(n.name))
    return [identity for _, identity in named]


def _sorted(
    ids: Sequence[str], table: str, inventory: Inventory | None, known: Known, column: str
) -> Sequence[str]:
    """By what the column shows: figures by size, words by letters, nothing at the end; then by name."""
    at = next(i for i, c in enumerate(COLUMNS[table]) if c.name == column)
    if table == "physical" or inventory is None:
        return sorted(ids, key=lambda name: _weight(physical_cells(known.servers.get(name))[at][0]))
    nodes, quick = inventory.nodes, _GUESTS.get(column) if table == "guests" else None
    if quick is not None:
        return sorted(ids, key=lambda identity: quick(nodes[identity], inventory, known))
    return sorted(ids, key=lambda identity: _weight(CELLS[table](nodes[identity], inventory, known)[at][0]))


def _weight(text: str) -> tuple[int, float, str]:
    number = _NUMBER.match(text)
    if text == "–":
        return (2, 0.0, "")
    return (0, float(number[0]), text.lower()) if number else (1, 0.0, text.lower())


_Weight = Callable[[Node, Inventory, Known], tuple[int, float, str]]


def _captured(node: Node, _inventory: Inventory, known: Known) -> tuple[int, float, str]:
    """What has changed since the snapshot stands first: that is what one looks for."""
    seen = known.seen(node)
    return ({"not yet": 0, "changed": 1}.get(seen, 2), 0.0, "")


def _size(node: Node, _inventory: Inventory, known: Known) -> tuple[int, float, str]:
    guest = known.guest(node)
    return (0, disk_gib(guest), "") if guest else (2, 0.0, "")


def _networks(node: Node, _inventory: Inventory, known: Known) -> tuple[int, float, str]:
    guest = known.guest(node)
    return (1, 0.0, known.networks(guest).lower()) if guest else (2, 0.0, "")


def _system(node: Node, _inventory: Inventory, known: Known) -> tuple[int, float, str]:
    guest = known.guest(node)
    return (1, 0.0, guest.guest_os.lower()) if guest else (2, 0.0, "")


_GUESTS: dict[str, _Weight] = {
    "power": lambda node, _inventory, _known: (
        node.facts.get("template") == "true",
        0.0,
        node.facts.get("power", ""),
    ),
    "host": lambda node, inventory, _known: (1, 0.0, inventory.name_of(node.facts.get("host", ""))),
    "network": _networks,
    "gib": _size,
    "os": _system,
    "captured": _captured,
}
"""The columns of guests that are sorted without drawing them: there are thousands."""
