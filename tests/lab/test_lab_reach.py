"""A machine answers only over power, link and the right VLAN; faults come and go."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drconsole.lab.world import reach
from drconsole.lab.world.clock import VirtualClock
from drconsole.lab.world.faults import KINDS, UnknownFault
from drconsole.lab.world.linux import Linux
from drconsole.lab.world.machine import Machine
from drconsole.lab.world.power import cut, start_running
from drconsole.lab.world.system import Listening
from drconsole.lab.world.world import World
from tests.lab.bare_world import bare_world


def _server(world: World, name: str, address: str, *, vlan: int, nic: str = "vmnic0") -> Linux:
    machine = world.machines[name]
    system = Linux(
        hostname=name,
        address=address,
        prefix=22,
        nic=nic,
        uuid=machine.hardware.uuid,
        root_hash="",
        host_key=b"",
        authorised=(),
        product="rhel",
        version="9.4",
        vlan=vlan,
    )
    machine.system = system
    start_running(machine)
    return system


def _vlan(machine: Machine, nics: tuple[str, ...], vlan: int) -> int | None:
    return reach.effective_vlan(machine, Listening("10.0.0.1", 24, vlan, nics))


async def test_the_first_nic_with_link_is_used_even_where_its_vlan_is_wrong() -> None:
    world = bare_world(VirtualClock(), unlinked=0)
    machine = world.machines["D"]
    _server(world, "D", "10.10.0.9", vlan=10)
    assert _vlan(machine, ("vmnic0", "vmnic1"), 0) == 5
    assert _vlan(machine, ("vmnic0",), 1010) == 1010
    assert _vlan(machine, ("vmnic0",), 99) is None
    machine.nic("vmnic0").port.vlans = frozenset()
    assert _vlan(machine, ("vmnic0", "vmnic1"), 1010) is None
    world.set_link(machine, "vmnic0", link=False)
    assert _vlan(machine, ("vmnic0", "vmnic1"), 1010) == 1010
    assert _vlan(machine, (), 0) is None


async def test_a_machine_that_is_off_answers_nobody() -> None:
    world = bare_world(VirtualClock(), unlinked=0)
    server = _server(world, "D", "10.10.0.9", vlan=10)
    assert list(reach.live(world, server))
    cut(world.machines["D"])
    assert not list(reach.live(world, server))
    assert world.ledger.of("power-off", "machine/D")


async def test_two_systems_reach_each_other_on_one_vlan_and_subnet_only() -> None:
    world = bare_world(VirtualClock(), unlinked=0)
    asker = _server(world, "D", "10.10.0.9", vlan=1010)
    other = _server(world, "E", "10.10.0.21", vlan=1010)
    _server(world, "F", "10.10.0.22", vlan=10)
    _server(world, "G", "10.99.0.21", vlan=1010)
    assert reach.find(world, asker, "10.10.0.21") is other
    assert reach.find(world, asker, "10.10.0.22") is None
    assert reach.find(world, asker, "10.99.0.21") is None
    world.start_fault("uplink-down", machine="E", nic="vmnic0")
    assert reach.find(world, asker, "10.10.0.21") is None
    world.clear_fault("uplink-down")
    assert reach.find(world, asker, "10.10.0.21") is other


async def test_clearing_a_fault_plugs_in_only_what_it_pulled() -> None:
    world = bare_world(VirtualClock(), unlinked=1)
    world.start_fault("uplink-down", machine="D")
    assert [nic.link for nic in world.machines["D"].nics] == [False] * 4
    world.clear_fault()
    assert [nic.link for nic in world.machines["D"].nics] == [True, True, False, True]
    assert len(world.ledger.of("link-down")) == len(world.ledger.of("link-up")) == 3


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.25, 2), (1.0, 8)])
async def test_the_share_of_unlinked_management_uplinks(share: float, count: int) -> None:
    world = bare_world(VirtualClock(), unlinked=share)
    targets = [machine for machine in world.machines.values() if machine.side == "recovery"]
    assert sum(not machine.nic("vmnic2").link for machine in targets) == count
    assert all(any(nic.link for nic in machine.nics) for machine in targets)


async def test_a_site_that_is_gone_answers_nobody() -> None:
    world = bare_world(VirtualClock())
    database = world.machines["db-01"].system
    assert database is not None
    assert list(reach.live(world, database))
    world.start_fault("site-gone")
    assert not list(reach.live(world, database))
    assert not world.arrays["array1"].alive
    assert world.arrays["r1"].alive


async def test_guests_of_both_sides_on_one_vlan_are_a_leak() -> None:
    world = bare_world(VirtualClock())
    world.presence.join(120, "protected/web-01", "protected")
    world.presence.join(1120, "recovery/web-01", "recovery")
    assert world.ledger.of("leak") == []
    world.presence.join(120, "recovery/app-01", "recovery")
    assert [entry.object for entry in world.ledger.of("leak")] == ["recovery/app-01"]
    world.presence.leave("protected/web-01")
    world.presence.join(120, "recovery/app-02", "recovery")
    assert len(world.ledger.of("leak")) == 1


async def test_faults_match_what_they_name_and_expire() -> None:
    world = bare_world(VirtualClock())
    world.start_fault("install-fails", machine="D", times=2)
    assert world.faults.bite("install-fails", machine="E") is None
    assert world.faults.bite("install-fails", machine="D")
    assert world.faults.bite("install-fails", machine="D")
    assert world.faults.bite("install-fails", machine="D") is None
    for name, where in (("nonsense", ""), ("site-gone", "machine"), ("bmc-silent", "mode")):
        with pytest.raises(UnknownFault):
            world.faults.start(name, times=None, **({where: "x"} if where else {}))


def test_the_page_about_the_lab_lists_every_fault_with_its_arguments() -> None:
    page = (Path(__file__).parents[2] / "docs" / "lab.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    told = {row[1].strip(" `"): frozenset(re.findall(r"`([a-z]+)`", row[2])) for row in rows if len(row) == 5}
    assert {name: told.get(name) for name in KINDS} == dict(KINDS)


async def test_one_seed_one_world() -> None:
    first, second = (bare_world(VirtualClock()) for _ in range(2))
    assert [m.hardware for m in first.machines.values()] == [m.hardware for m in second.machines.values()]
    macs = [nic.mac for machine in first.machines.values() for nic in machine.nics]
    assert len(set(macs)) == len(macs)
    naas = [v.naa for a in first.arrays.values() for v in a.volumes.values() if v.naa]
    assert naas == [v.naa for a in second.arrays.values() for v in a.volumes.values() if v.naa]
