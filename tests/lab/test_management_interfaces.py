"""The recovered management server stands on both networks at once, each over a NIC that works (R60–R63)."""

from __future__ import annotations

from typing import Any

import pytest

from drconsole.lab.world import reach
from drconsole.lab.world.linux import Linux
from drconsole.lab.world.management import Management
from drconsole.lab.world.power import start_running
from drconsole.lab.world.world import World
from tests.lab.esxi_world import DRILL, management_server, recovery_world
from tests.lab.evidence import Evidence


def _judge(evidence: Evidence) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Returns the captured interface before, the same one now, and the one that came in addition."""
    (before,), (after,) = evidence.before["managementServer"], evidence.after["managementServer"]
    (mine,) = before["interfaces"]
    own = [nic for nic in after["interfaces"] if nic["ip"] == mine["ip"]]
    extra = [nic for nic in after["interfaces"] if nic["ip"] != mine["ip"]]
    assert (len(own), len(extra)) == (1, 1)
    return mine, own[0], extra[0]


def _linked_macs(evidence: Evidence) -> set[str]:
    (target,) = (t for t, became in evidence.roles.items() if became == "management")
    return {nic.mac for nic in evidence.setting.metal[target].values() if nic.link}


@pytest.mark.timeout(240)
def test_a_drill_s_server_is_on_the_drill_s_vlan_and_on_the_provisioning_network(drill: Evidence) -> None:
    mine, own, extra = _judge(drill)
    assert (own["prefix"], own["gateway"]) == (mine["prefix"], mine["gateway"])
    assert own["vlan"] == 1000 + mine["vlan"]
    assert drill.setting.provisions(extra["ip"])
    assert (extra["vlan"], extra["gateway"]) == (0, ""), "a second gateway would split its routes"
    assert {own["mac"], extra["mac"]} <= _linked_macs(drill)


@pytest.mark.timeout(240)
def test_a_disaster_s_server_is_on_the_real_vlan(disaster: Evidence) -> None:
    mine, own, extra = _judge(disaster)
    assert (own["vlan"], own["prefix"], own["gateway"]) == (mine["vlan"], mine["prefix"], mine["gateway"])
    assert disaster.setting.provisions(extra["ip"])
    assert {own["mac"], extra["mac"]} <= _linked_macs(disaster)


@pytest.fixture
def world() -> World:
    return recovery_world()


@pytest.fixture
def server(world: World) -> Management:
    """eth0, captured, on vmnic1; eth1, the additional one, on vmnic0."""
    return management_server(world, "D").management


@pytest.fixture
def peer(world: World) -> Linux:
    """A machine on the captured network."""
    machine = world.machines["E"]
    system = Linux("peer", "10.10.0.21", 22, "vmnic0", machine.hardware.uuid, "", b"", (), "rhel", "9.4")
    system.vlan = DRILL
    machine.system = system
    start_running(machine)
    return system


def _heard(world: World, server: Management, peer: Linux) -> tuple[bool, set[str]]:
    """Whether the server reaches the captured network, and at which of its own addresses it answers."""
    answers = {listening.address for listening, _ in reach.live(world, server)}
    return reach.find(world, server, peer.address) is peer, answers


async def test_each_network_lives_by_its_own_nic(world: World, server: Management, peer: Linux) -> None:
    machine = world.machines["D"]
    assert _heard(world, server, peer) == (True, {"10.10.0.5", "127.64.4.2"})
    world.set_link(machine, "vmnic1", link=False)
    assert _heard(world, server, peer) == (False, {"127.64.4.2"})
    world.set_link(machine, "vmnic1", link=True)
    world.set_link(machine, "vmnic0", link=False)
    assert _heard(world, server, peer) == (True, {"10.10.0.5"})
    await world.close()


async def test_a_port_without_the_vlan_carries_nothing(world: World, server: Management, peer: Linux) -> None:
    port = world.machines["D"].nic("vmnic1").port
    port.vlans = port.vlans - {DRILL}
    assert _heard(world, server, peer) == (False, {"127.64.4.2"})
    await world.close()


async def test_the_real_vlan_does_not_reach_the_drill_s(
    world: World, server: Management, peer: Linux
) -> None:
    peer.vlan = DRILL - 1000
    assert _heard(world, server, peer) == (False, {"10.10.0.5", "127.64.4.2"})
    await world.close()
