"""vCenter: the inventory's semantics, from folders to guests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drconsole.lab.world.vim.vcenter.folders import Folder
from drconsole.lab.world.vim.vcenter.server import VCenter

if TYPE_CHECKING:
    from drconsole.lab.world.management import Management
    from drconsole.lab.world.world import World


def new_vcenter(world: World, management: Management) -> VCenter:
    """Makes a vCenter with nothing in it but its root folder."""
    vcenter = VCenter(world, management)
    vcenter.serve(Folder(vcenter, "group-d1", name="Datacenters", holds="d"))
    return vcenter
