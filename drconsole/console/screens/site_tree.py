"""The tree of sites: which rows it has, and what each stands for."""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec

from drconsole.console import phrases
from drconsole.console.inventory import NETWORKS, Inventory
from drconsole.console.look import mark
from drconsole.console.store import Store
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import Span

TREE_COLUMNS = (
    Column(name="name", title="", width=18, flex=1),
    Column(name="count", title="", width=12, right=True),
)
GROUPS = {
    "guests": ("virtualMachine",),
    "hosts": ("host",),
    "networks": NETWORKS,
    "datastores": ("datastore",),
}


class TreeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row: a site, a datacenter, a cluster, or a group of objects in one of them.

    `shows` is the group that the table beside shows when the cursor stands here.
    """

    key: str
    depth: int
    label: str
    count: str
    site: str
    shows: str = "guests"
    datacenter: str = ""
    cluster: str = ""
    opens: bool = False
    role: str = "text"


def inventory_of(store: Store, site: str) -> Inventory | None:
    """Returns what a site has: live where it ever answered, else as it was captured."""
    live = store.inventories.get(site)
    if live is not None and live.nodes:
        return live
    captured = store.captured_of(site)
    return captured.inventory if captured else None


def tree_rows(store: Store, closed: set[str]) -> Iterator[TreeRow]:
    """Yields the rows that are open, from the top."""
    for site in store.sites:
        row = _site_row(store, site)
        yield row
        if row.key not in closed:
            yield from _in_site(store, site, closed)


def _site_row(store: Store, site: str) -> TreeRow:
    live, now = store.inventories.get(site), time.monotonic()
    state = live.state(now) if live else "unwatched"
    entry = store.sites[site].snapshot
    if state == "live" and live is not None:
        words = f"live {phrases.age(live.age(now))}"
    else:
        words = f"STALE {phrases.clock(entry.taken)}" if entry else "no answer"
    glyph, role = mark(state)
    return TreeRow(
        key=f"site/{site}", depth=0, label=f"{glyph} {site}", count=words, site=site, opens=True, role=role
    )


def _in_site(store: Store, site: str, closed: set[str]) -> Iterator[TreeRow]:
    inventory = inventory_of(store, site)
    if inventory is None:
        return
    for datacenter in inventory.of("datacenter"):
        row = TreeRow(
            key=f"{site}/{datacenter.id}",
            depth=1,
            label=datacenter.name,
            count="",
            site=site,
            datacenter=datacenter.id,
            opens=True,
        )
        yield row
        if row.key not in closed:
            yield from _in_datacenter(inventory, row, closed)
    captured = store.captured_of(site)
    if captured and captured.snapshot.physical_servers:
        number = len(captured.snapshot.physical_servers)
        yield TreeRow(
            key=f"{site}/physical",
            depth=1,
            label="physical",
            count=str(number),
            site=site,
            shows="physical",
        )


def _in_datacenter(inventory: Inventory, above: TreeRow, closed: set[str]) -> Iterator[TreeRow]:
    for cluster in inventory.of("cluster", datacenter=above.datacenter):
        guests = len(inventory.of("virtualMachine", cluster=cluster.id))
        row = msgspec.structs.replace(
            above,
            key=f"{above.key}/{cluster.id}",
            depth=2,
            label=cluster.name,
            count=f"{guests} vm",
            cluster=cluster.id,
        )
        yield row
        if row.key not in closed:
            yield from _groups(inventory, row, ("hosts", "guests"))
    yield from _groups(inventory, above, tuple(GROUPS))


def _groups(inventory: Inventory, above: TreeRow, groups: tuple[str, ...]) -> Iterator[TreeRow]:
    for group in groups:
        found = inventory.of(*GROUPS[group], datacenter=above.datacenter, cluster=above.cluster)
        yield msgspec.structs.replace(
            above,
            key=f"{above.key}/{group}",
            depth=above.depth + 1,
            label=group,
            count=str(len(found)),
            shows=group,
            opens=False,
        )


def tree_cells(row: TreeRow, closed: set[str]) -> tuple[Span, Span]:
    """Returns a row's two cells."""
    sign = ("▸ " if row.key in closed else "▾ ") if row.opens else "  "
    return (f"{'  ' * row.depth}{sign}{row.label}", row.role), (row.count, "dim")
