"""A row of the tree of sites: what it stands for, and whether its branch is open."""

from __future__ import annotations

import msgspec

from drconsole.console.inventories.inventory import GUEST, NETWORKS

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


def is_open(row: TreeRow, turned: set[str]) -> bool:
    """Whether a branch is open: as it begins, or the other way round once it was turned."""
    return row.opens and ((row.key in turned) != row.begins)
