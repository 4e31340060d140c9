"""What stands below a site, or below what a run has recovered of one: the rows of open branches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from drconsole.console.inventories.inventory import GUEST, Inventory, Node
from drconsole.console.screens.site_row import GROUPS, POOLS, ROOTS, TreeRow, is_open


class Branches:
    """The rows; only what is open is walked."""

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
