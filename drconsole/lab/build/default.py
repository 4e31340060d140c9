"""The default world, in one call: hardware, then the protected site's software, then its copies."""

from __future__ import annotations

from drconsole.lab.build.blueprint import Blueprint
from drconsole.lab.build.inventory import populate
from drconsole.lab.build.physical import build_physical, finish_storage
from drconsole.lab.world.world import World


def build_world(world: World, blueprint: Blueprint) -> None:
    """Builds everything that stands before a lab opens its doors.

    `populate` sets `world.protected_management`, installs the protected hosts, writes the guests'
    files on the protected volumes and joins running guests to their VLANs. None of it is in the
    ledger.
    """
    world.ledger.recording = False
    build_physical(world, blueprint)
    populate(world, blueprint)
    finish_storage(world)
    _only_guests_write(world)
    world.ledger.recording = True


def _only_guests_write(world: World) -> None:
    """All hosts of the protected volumes are in this world: what no guest works on lies still."""
    for array in world.arrays.values():
        for volume in array.volumes.values() if array.side == "protected" else ():
            volume.writers = volume.writers or set()
