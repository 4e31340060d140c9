"""The tree of sites: which rows it has, and what each stands for. Only branches that are open are walked."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import msgspec

from drconsole.console import phrases
from drconsole.console.following import AT_REST
from drconsole.console.inventory import GUEST, NETWORKS, Inventory, Node
from drconsole.console.look import Look, mark
from drconsole.console.store import Store
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import Span, cells_of, fitted
from drconsole.model.run import RunSummary

TREE_COLUMNS = (Column(name="name", title="", width=18, flex=1),)
POOLS = ("resourcePool", "vApp")
GROUPS = {
    "guests": (GUEST,),
    "hosts": ("host",),
    "networks": NETWORKS,
    "datastores": ("datastore",),
    "pools": POOLS,
}
ROOTS = {"vm": "guests", "network": "networks", "datastore": "datastores"}
"""The root folders of a datacenter's trees, by the names that they always have, and their groups."""

_GONE = frozenset({"done", "failed", "cancelled"})


class TreeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row: a site, what a run has recovered of it, a datacenter, a folder, a cluster, or a group.

    `shows` is the group that the table beside shows when the cursor stands here, of the objects in
    `folder` or `pool`, `cluster` or `datacenter`, the first that is given. `run` is whose recovered side
    it is, "" for the protected one. `begins` says whether the branch is open at first.
    """

    key: str
    depth: int
    label: str
    count: str
    site: str
    run: str = ""
    shows: str = "guests"
    datacenter: str = ""
    cluster: str = ""
    folder: str = ""
    pool: str = ""
    opens: bool = False
    begins: bool = False
    role: str = "text"

    @property
    def name(self) -> str:
        """What the row stands for is called."""
        if self.depth == 0:
            return self.site
        return self.run if self.key.endswith(f"/recovered/{self.run}") else self.label.removesuffix("/")


def inventory_of(store: Store, site: str, run: str = "") -> Inventory | None:
    """Returns what a site has: live where it ever answered, else as it was captured; or what a run has
    recovered of it."""
    if run:
        return store.recovered.get(run)
    live = store.inventories.get(site)
    if live is not None and live.nodes:
        return live
    captured = store.captured_of(site)
    return captured.inventory if captured else None


def recovered_runs(store: Store, site: str) -> list[RunSummary]:
    """Returns the runs that have, or are about to have, something recovered of a site, newest first."""
    mine = [run for run in reversed(store.runs) if run.site == site]
    return [run for run in mine if run.state not in _GONE or (run.mode != "drill" and run.state == "done")][
        :2
    ]


def is_open(row: TreeRow, turned: set[str]) -> bool:
    """Whether a branch is open: as it begins, or the other way round once it was turned."""
    return row.opens and ((row.key in turned) != row.begins)


def tree_rows(store: Store, turned: set[str]) -> Iterator[TreeRow]:
    """Yields the rows that are to be seen, from the top."""
    for site in store.sites:
        row = _site_row(store, site)
        yield row
        if is_open(row, turned):
            inventory = inventory_of(store, site)
            if inventory is not None:
                yield from Branches(inventory, turned).site(row)
            yield from _physical(store, site)
            yield from _recovered(store, site, turned)


def _site_row(store: Store, site: str) -> TreeRow:
    live, now = store.inventories.get(site), time.monotonic()
    state = live.state(now) if live else "unwatched"
    entry = store.sites[site].snapshot
    error = (live.error if live else "") or store.sites[site].error
    if state == "live" and live is not None:
        words = f"live {phrases.age(live.age(now))}"
    elif trouble := trouble_word(error):
        words = trouble
    else:
        words = f"STALE {phrases.clock(entry.taken)}" if entry else "no answer"
    glyph, role = mark(state) if not trouble_word(error) or state == "live" else ("✗", "bad")
    return TreeRow(
        key=f"site/{site}",
        depth=0,
        label=f"{glyph} {site}",
        count=words,
        site=site,
        opens=True,
        begins=True,
        role=role,
    )


def trouble_word(error: str) -> str:
    """Returns what stands in the tree where only an operator can help: the login, or the certificate."""
    if "certificate" in error and "pinned" in error:
        return "WRONG PIN"
    return "LOGIN REFUSED" if "the credentials of" in error else ""


def _physical(store: Store, site: str) -> Iterator[TreeRow]:
    captured = store.captured_of(site)
    if captured and captured.snapshot.physical_servers:
        number = len(captured.snapshot.physical_servers)
        yield TreeRow(
            key=f"{site}/physical",
            depth=1,
            label="physical servers",
            count=str(number),
            site=site,
            shows="physical",
        )


def _recovered(store: Store, site: str, turned: set[str]) -> Iterator[TreeRow]:
    runs = recovered_runs(store, site)
    if not runs:
        return
    row = TreeRow(
        key=f"{site}/recovered",
        depth=1,
        label="recovered",
        count=phrases.count(len(runs), "run"),
        site=site,
        run=runs[0].run,
        opens=True,
        begins=True,
    )
    yield row
    if is_open(row, turned):
        for run in runs:
            yield from _recovered_by(store, site, run, turned)


def _recovered_by(store: Store, site: str, run: RunSummary, turned: set[str]) -> Iterator[TreeRow]:
    inventory, now = store.recovered.get(run.run), time.monotonic()
    state = inventory.state(now) if inventory else "unwatched"
    words = "not yet" if run.state not in AT_REST else "no answer"
    if inventory is not None and inventory.nodes:
        age = phrases.age(inventory.age(now))
        words = f"live {age}" if state == "live" else f"STALE {age}"
    glyph, role = mark(state)
    row = TreeRow(
        key=f"{site}/recovered/{run.run}",
        depth=2,
        label=f"{glyph} {run.run}",
        count=words,
        site=site,
        run=run.run,
        opens=True,
        begins=True,
        role=role,
    )
    yield row
    if inventory is not None and is_open(row, turned):
        yield from Branches(inventory, turned).site(row)


class Branches:
    """The rows below a site, or below what a run has recovered of one."""

    def __init__(self, inventory: Inventory, turned: set[str]) -> None:
        self._inventory = inventory
        self._turned = turned

    def site(self, above: TreeRow) -> Iterator[TreeRow]:
        """Datacenters, in their folders; the inventory's own root folder has no row."""
        tops = self._inventory.inside("", "folder", "datacenter")
        inner = [
            found
            for top in tops
            for found in (
                self._inventory.inside(top.id, "folder", "datacenter") if top.kind == "folder" else [top]
            )
        ]
        for node in sorted(inner, key=lambda node: (node.name, node.id)):
            yield from self._place(above, node)

    def _place(self, above: TreeRow, node: Node) -> Iterator[TreeRow]:
        """A datacenter, or a folder of some."""
        is_folder = node.kind == "folder"
        row = msgspec.structs.replace(
            above,
            key=f"{_stem(above)}/{node.id}",
            depth=above.depth + 1,
            label=f"{node.name}/" if is_folder else node.name,
            count="",
            datacenter="" if is_folder else node.id,
            folder=node.id if is_folder else "",
            role="text",
        )
        yield row
        if not is_open(row, self._turned):
            return
        if is_folder:
            for inner in self._inventory.inside(node.id, "folder", "datacenter"):
                yield from self._place(row, inner)
        else:
            yield from self._datacenter(row)

    def _datacenter(self, row: TreeRow) -> Iterator[TreeRow]:
        roots = {root.name: root.id for root in self._inventory.inside(row.datacenter, "folder")}
        yield from self._computing(row, roots.get("host", row.datacenter))
        for group in ("guests", "hosts", "networks", "datastores"):
            root = next((roots[name] for name, of in ROOTS.items() if of == group and name in roots), "")
            yield from self._group(row, group, root)

    def _computing(self, above: TreeRow, folder: str) -> Iterator[TreeRow]:
        """Clusters, and folders of them."""
        for inner in self._inventory.inside(folder, "folder"):
            row = msgspec.structs.replace(
                above,
                key=f"{above.key}/{inner.id}",
                depth=above.depth + 1,
                label=f"{inner.name}/",
                count=f"{self._inventory.count_below(inner.id, 'host')} h",
                shows="hosts",
                folder=inner.id,
                begins=True,
            )
            yield row
            if is_open(row, self._turned):
                yield from self._computing(row, inner.id)
        for cluster in self._inventory.inside(folder, "cluster"):
            yield from self._cluster(above, cluster)

    def _cluster(self, above: TreeRow, cluster: Node) -> Iterator[TreeRow]:
        hosts = len(self._inventory.listing("host", cluster=cluster.id))
        guests = len(self._inventory.listing(GUEST, cluster=cluster.id))
        row = msgspec.structs.replace(
            above,
            key=f"{above.key}/{cluster.id}",
            depth=above.depth + 1,
            label=cluster.name,
            count=f"{hosts} h  {guests} vm",
            shows="guests",
            cluster=cluster.id,
            folder="",
            begins=True,
        )
        yield row
        if is_open(row, self._turned):
            yield from self._group(row, "hosts", "")
            yield from self._group(row, "guests", "")
            yield from self._pools(row)

    def _pools(self, above: TreeRow) -> Iterator[TreeRow]:
        """Pools and vApps; a cluster's own root pool has no row."""
        roots = self._inventory.inside(above.cluster, "resourcePool")
        inner = [pool for root in roots for pool in self._inventory.inside(root.id, *POOLS)]
        if not inner:
            return
        row = self._grouped(above, "pools", len(inner))
        row = msgspec.structs.replace(row, opens=True, pool=roots[0].id)
        yield row
        if is_open(row, self._turned):
            for pool in inner:
                yield from self._pool(row, pool)

    def _pool(self, above: TreeRow, pool: Node) -> Iterator[TreeRow]:
        inner = self._inventory.inside(pool.id, *POOLS)
        row = msgspec.structs.replace(
            above,
            key=f"{above.key}/{pool.id}",
            depth=above.depth + 1,
            label=pool.name,
            count="vApp" if pool.kind == "vApp" else "pool",
            shows="guests",
            pool=pool.id,
            opens=bool(inner),
            begins=False,
        )
        yield row
        if is_open(row, self._turned):
            for each in inner:
                yield from self._pool(row, each)

    def _group(self, above: TreeRow, group: str, root: str) -> Iterator[TreeRow]:
        """A group, which opens into its folders where it has any."""
        kinds = GROUPS[group]
        found = self._inventory.listing(*kinds, datacenter=above.datacenter, cluster=above.cluster)
        folders = self._inventory.inside(root, "folder") if root else []
        row = msgspec.structs.replace(self._grouped(above, group, len(found)), opens=bool(folders))
        yield row
        if is_open(row, self._turned):
            yield from self._folders(row, folders, kinds)

    def _grouped(self, above: TreeRow, group: str, number: int) -> TreeRow:
        return msgspec.structs.replace(
            above,
            key=f"{above.key}/{group}",
            depth=above.depth + 1,
            label="pools, vApps" if group == "pools" else group,
            count=f"{number:,}",
            shows=group,
            folder="",
            opens=False,
            begins=False,
        )

    def _folders(self, above: TreeRow, folders: Sequence[Node], kinds: tuple[str, ...]) -> Iterator[TreeRow]:
        for folder in folders:
            inner = self._inventory.inside(folder.id, "folder")
            row = msgspec.structs.replace(
                above,
                key=f"{above.key}/{folder.id}",
                depth=above.depth + 1,
                label=f"{folder.name}/",
                count=f"{self._inventory.count_below(folder.id, *kinds):,}",
                folder=folder.id,
                opens=bool(inner),
            )
            yield row
            if is_open(row, self._turned):
                yield from self._folders(row, inner, kinds)


def _stem(row: TreeRow) -> str:
    """The key that rows below a site begin with: `SITE` alone, as its row's key is `site/SITE`."""
    return row.site if row.depth == 0 else row.key


def tree_cells(row: TreeRow, turned: set[str], width: int, look: Look) -> tuple[list[Span]]:
    """Returns a row's only cell, `width` cells wide: its name at the left, and what it holds at the right.

    What it holds is short, and never cut.
    """
    sign = ("▾ " if is_open(row, turned) else "▸ ") if row.opens else "  "
    role = "bad" if row.role == "bad" else "warn" if row.count.startswith("STALE") else "dim"
    label, room = f"{'  ' * row.depth}{sign}{row.label}", width - cells_of(row.count) - 1
    return ([(fitted(label, max(1, room), look), row.role), (f" {row.count}", role)],)
