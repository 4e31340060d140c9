"""What a larger world costs: work that grows with it, and not with its square."""

from __future__ import annotations

import pytest

from drconsole.lab.build.blueprint import Blueprint, Sizes
from drconsole.lab.build.default import build_world
from drconsole.lab.seams import new_hypervisor, new_vcenter
from drconsole.lab.world import reach
from drconsole.lab.world.clock import WallClock
from drconsole.lab.world.ledger import Ledger
from drconsole.lab.world.machine import Machine
from drconsole.lab.world.system import Listening
from drconsole.lab.world.world import Factories, World
from tests.lab.bare_world import BootFiles


async def _looks(monkeypatch: pytest.MonkeyPatch, hosts: int) -> int:
    """How often a world asks, while it is built, whether an address of a machine is heard."""
    count = 0
    asked = reach.effective_vlan

    def counted(machine: Machine, listening: Listening) -> int | None:
        nonlocal count
        count += 1
        return asked(machine, listening)

    monkeypatch.setattr(reach, "effective_vlan", counted)
    clock = WallClock(1000)
    world = World(clock, Ledger(clock), Factories(new_vcenter, new_hypervisor, BootFiles({}).fetch))
    build_world(world, Blueprint(1, Sizes(hosts=hosts, guests=2 * hosts, targets=2)))
    await world.close()
    monkeypatch.undo()
    return count


async def test_building_asks_each_host_as_often_in_a_large_world(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = await _looks(monkeypatch, 8), await _looks(monkeypatch, 32)
    assert 32 < large < 4.5 * small


async def test_a_turn_with_many_changes_is_told_once() -> None:
    clock = WallClock(1000)
    world = World(clock, Ledger(clock), Factories(new_vcenter, new_hypervisor, BootFiles({}).fetch))
    told: list[str] = []
    world.watch(lambda: told.append("changed"))
    for _ in range(100):
        world.changed()
    assert told == []
    await clock.sleep(1)
    assert told == ["changed"]
    await world.close()
