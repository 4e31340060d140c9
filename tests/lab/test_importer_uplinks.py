"""Uplinks of a fresh host: tried beside the provisioning address, rolled back, moved for good."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import msgspec

from drconsole.errors import DeviceError, Question
from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.machine import Machine
from drconsole.model.inventory import (
    DistributedPortGroup,
    Host,
    PortGroup,
    Snapshot,
    SwitchMember,
    VirtualNic,
    VirtualSwitch,
)
from drconsole.model.mapping import HostMapping
from drconsole.model.step import step_key
from drconsole.planning import keys
from tests.lab.importing import Change, Recovery, open_recovery

HOST = "esx-01.pittsburgh.example"
MANAGEMENT_VLAN = 1010
TRY, APPLY = keys.uplinks_tried(HOST), keys.uplinks_applied(HOST)


def one_host(mapping: HostMapping) -> HostMapping:
    hosts = tuple(msgspec.structs.replace(h, deploy=h.name == HOST) for h in mapping.hosts)
    physical = tuple(msgspec.structs.replace(p, deploy=False) for p in mapping.physical_servers)
    return msgspec.structs.replace(mapping, hosts=hosts, physical_servers=physical)


def small_lab(directory: Path, change: Change | None = None) -> AbstractAsyncContextManager[Recovery]:
    return open_recovery(directory, mapping=one_host, change=change, hosts=2, guests=6)


def machine_of(recovery: Recovery) -> Machine:
    return recovery.host(HOST).machine


def drop_vlan(machine: Machine, *nics: str) -> None:
    """The switch's ports keep their link and lose the management VLAN."""
    for nic in nics:
        port = machine.nic(nic).port
        port.vlans = port.vlans - {MANAGEMENT_VLAN}


def switches(host: Hypervisor) -> dict[str, list[str]]:
    return {name: list(switch.nics) for name, switch in host.network.vswitches.items()}


async def proved(recovery: Recovery) -> dict[str, str]:
    await recovery.run(keys.proved(HOST))
    if recovery.failed:
        raise next(iter(recovery.failed.values()))
    found: dict[str, str] = recovery.results[keys.proved(HOST)]["nics"]
    return found


async def test_management_moves_to_its_captured_uplink_and_the_trial_leaves_nothing(tmp_path: Path) -> None:
    async with small_lab(tmp_path) as recovery:
        nics = await proved(recovery)
        host = recovery.host(HOST)
        assert nics["vmnic2"] == "vmnic2"
        assert switches(host) == {"vSwitch0": ["vmnic2"]}
        assert host.network.vmks["vmk0"].ip == recovery.captured(HOST).virtual_nics[0].ip
        assert set(host.network.vmks) == {"vmk0"}
        assert not [name for name in host.network.portgroups if name.startswith("drconsole")]


async def test_a_cable_pulled_after_the_plan_is_seen_and_another_port_is_used(tmp_path: Path) -> None:
    async with small_lab(tmp_path) as recovery:
        await recovery.run(step_key("uplinks", HOST, "plan"))
        planned = recovery.results[step_key("uplinks", HOST, "plan")]["nics"]["vmnic2"]
        recovery.lab.world.start_fault("uplink-down", machine=machine_of(recovery).name, nic=planned)
        nics = await proved(recovery)
        assert nics["vmnic2"] != planned
        assert machine_of(recovery).nic(nics["vmnic2"]).link
        assert any("vmnic2 has no link here" in line for line in recovery.said)


async def test_link_is_necessary_and_not_sufficient_the_next_port_is_tried(tmp_path: Path) -> None:
    async with small_lab(tmp_path) as recovery:
        drop_vlan(machine_of(recovery), "vmnic2")
        nics = await proved(recovery)
        assert nics["vmnic2"] != "vmnic2"
        assert any("does not reach the host on vmnic2; rolled back" in line for line in recovery.said)
        assert any("vmnic2 did not carry the management network on trial" in line for line in recovery.said)
        assert "vmnic2" not in switches(recovery.host(HOST))["vSwitch0"]


async def test_all_arrangements_fail_are_rolled_back_and_a_retry_after_the_repair_succeeds(
    tmp_path: Path,
) -> None:
    async with small_lab(tmp_path) as recovery:
        machine, host = machine_of(recovery), recovery.host(HOST)
        fresh = switches(host), set(host.network.portgroups), set(host.network.vmks)
        before = {nic.name: nic.port.vlans for nic in machine.nics}
        drop_vlan(machine, *before)
        await recovery.run(keys.proved(HOST))
        failure = recovery.failed[step_key("uplinks", HOST, "try")]
        assert isinstance(failure, DeviceError)
        assert failure.message.count("vmnic") == 3
        assert "rolled back" in failure.message
        assert "VLANs at the switch" in failure.remedy
        assert (switches(host), set(host.network.portgroups), set(host.network.vmks)) == fresh
        for nic in machine.nics:
            nic.port.vlans = before[nic.name]
        recovery.failed.clear()
        assert (await proved(recovery))["vmnic2"] == "vmnic2"


async def test_without_any_link_it_says_so_and_a_plugged_cable_mends_it(tmp_path: Path) -> None:
    async with small_lab(tmp_path) as recovery:
        machine = machine_of(recovery)
        await recovery.run(step_key("uplinks", HOST, "plan"))
        booted = recovery.results[step_key("uplinks", HOST, "read")]["booted"]
        for nic in machine.nics:
            if nic.name != booted:
                recovery.lab.world.start_fault("uplink-down", machine=machine.name, nic=nic.name)
        drop_vlan(machine, booted)
        await recovery.run(keys.proved(HOST))
        failure = recovery.failed.pop(step_key("uplinks", HOST, "try"))
        assert str(failure).startswith(f"{HOST}: the management server does not reach the host on {booted}")
        recovery.lab.world.clear_fault("uplink-down")
        assert (await proved(recovery))["vmnic2"] == "vmnic2"


def on_other_switch(snapshot: Snapshot) -> Snapshot:
    """Management is captured on a second switch, under the installer's own name for its group."""
    return _hosts(
        snapshot,
        virtual_switches=(
            VirtualSwitch(name="vSwitch0", nics=("vmnic0",)),
            VirtualSwitch(name="vSwitchM", nics=("vmnic2", "vmnic3")),
        ),
        port_groups=(
            PortGroup(name="VM Network", virtual_switch="vSwitch0", vlan=11),
            PortGroup(name="Management Network", virtual_switch="vSwitchM", vlan=10),
        ),
        virtual_nics=(_management(snapshot, port_group="Management Network"),),
    )


async def test_management_that_belongs_on_another_switch_goes_there(tmp_path: Path) -> None:
    async with small_lab(tmp_path, change=on_other_switch) as recovery:
        await proved(recovery)
        host = recovery.host(HOST)
        group = host.network.portgroups["Management Network"]
        assert (group.vswitch, group.vlan) == ("vSwitchM", MANAGEMENT_VLAN)
        assert host.network.vmks["vmk0"].portgroup == "Management Network"
        assert switches(host)["vSwitchM"] == ["vmnic2", "vmnic3"]
        assert not [name for name in host.network.portgroups if name.startswith("drconsole")]


def on_distributed(snapshot: Snapshot) -> Snapshot:
    """Management is captured on the distributed switch, on both NICs that are the switch's."""
    switch = snapshot.distributed_switches[0]
    group = DistributedPortGroup(
        id="dvportgroup-mgmt",
        name="Management Network",
        switch=switch.id,
        parent=switch.parent,
        vlan=10,
        ports=8,
    )
    members = tuple(SwitchMember(host=m.host, nics=("vmnic2", "vmnic3")) for m in switch.members)
    changed = _hosts(
        snapshot,
        virtual_switches=(VirtualSwitch(name="vSwitch1", nics=("vmnic0", "vmnic1")),),
        port_groups=(
            PortGroup(name="vMotion", virtual_switch="vSwitch1", vlan=20),
            PortGroup(name="Storage-NFS", virtual_switch="vSwitch1", vlan=30),
        ),
        virtual_nics=(
            _management(snapshot, port_group="", distributed_port_group=group.id),
            *(nic for nic in snapshot.hosts[0].virtual_nics if "management" not in nic.services),
        ),
    )
    return msgspec.structs.replace(
        changed,
        distributed_switches=(msgspec.structs.replace(switch, members=members),),
        distributed_port_groups=(*snapshot.distributed_port_groups, group),
    )


async def test_management_of_a_distributed_switch_waits_and_moves_with_its_port(tmp_path: Path) -> None:
    async with small_lab(tmp_path, change=on_distributed) as recovery:
        await proved(recovery)
        host = recovery.host(HOST)
        waiting = switches(host)["vSwitch0"]
        assert waiting
        assert host.network.vmks["vmk0"].portgroup == "Management Network"
        writes = len(recovery.lab.world.ledger.entries)
        await recovery.run(step_key("import", HOST, "vmkernel"))
        assert recovery.failed == {}
        vmk0 = host.network.vmks["vmk0"]
        assert vmk0.distributed is not None
        assert (
            vmk0.distributed.group == recovery.results["import/Management%20Network/create-port-group"]["key"]
        )
        assert switches(host)["vSwitch0"] == []
        proxy = next(iter(host.network.proxies.values()))
        assert sorted(proxy.nics.values()) == ["vmnic2", "vmnic3"]
        together = [e for e in recovery.lab.world.ledger.entries[writes:] if e.object.endswith("/network")]
        assert len(together) == 1


def _management(snapshot: Snapshot, **changes: Any) -> VirtualNic:
    nic = next(n for n in snapshot.hosts[0].virtual_nics if "management" in n.services)
    return msgspec.structs.replace(nic, **changes)


def _hosts(snapshot: Snapshot, **changes: Any) -> Snapshot:
    """The snapshot with its first host changed; guests elsewhere are not what these tests are about."""

    def changed(host: Host) -> Host:
        return msgspec.structs.replace(host, **changes) if host.name == HOST else host

    assert snapshot.hosts[0].name == HOST
    return msgspec.structs.replace(snapshot, hosts=tuple(changed(host) for host in snapshot.hosts))


def reviewed(recovery: Recovery, *refused: str) -> None:
    """The run is one that is reviewed, and an operator has rolled these ports back."""
    target = next(role.target for role in recovery.plan.mapping.hosts if role.name == HOST)
    recovery.amend(
        msgspec.structs.replace(
            recovery.plan, review_uplinks=True, refused_uplinks={target: refused} if refused else {}
        )
    )


def question(recovery: Recovery) -> Question:
    asked = recovery.failed.pop(APPLY)
    assert isinstance(asked, Question)
    return asked


def unlink(recovery: Recovery) -> None:
    """The captured management port has no link on this target: the uplinks have to change."""
    recovery.lab.world.start_fault("uplink-down", machine=machine_of(recovery).name, nic="vmnic2")


async def test_under_review_nothing_moves_before_an_operator_says_so(tmp_path: Path) -> None:
    async with small_lab(tmp_path) as recovery:
        reviewed(recovery)
        unlink(recovery)
        await recovery.run(keys.proved(HOST))
        asked = question(recovery)
        port = recovery.results[TRY]["port"]
        assert f"its trial on {port} stands and is reached" in asked.message
        assert recovery.host(HOST).network.vmks["vmk0"].ip != recovery.captured(HOST).virtual_nics[0].ip
        recovery.approved |= {asked.message}
        nics = await proved(recovery)
        assert nics["vmnic2"] == port
        assert recovery.host(HOST).network.vmks["vmk0"].ip == recovery.captured(HOST).virtual_nics[0].ip


async def test_a_host_whose_ports_are_as_captured_has_nothing_to_review(tmp_path: Path) -> None:
    async with small_lab(tmp_path) as recovery:
        reviewed(recovery)
        assert (await proved(recovery))["vmnic2"] == "vmnic2"


async def test_a_port_that_was_rolled_back_is_taken_off_trial_and_the_next_one_is_asked_about(
    tmp_path: Path,
) -> None:
    async with small_lab(tmp_path) as recovery:
        reviewed(recovery)
        unlink(recovery)
        await recovery.run(keys.proved(HOST))
        question(recovery)
        first = recovery.results.pop(TRY)["port"]
        reviewed(recovery, first)
        await recovery.restart()
        await recovery.run(keys.proved(HOST))
        second = recovery.results[TRY]["port"]
        assert second != first
        assert f"its trial on {second} stands" in question(recovery).message
        assert recovery.results[TRY]["nics"]["vmnic2"] == second
        assert len([vmk for vmk in recovery.host(HOST).network.vmks.values() if vmk.ip]) == 2


async def test_where_every_port_was_rolled_back_the_trial_is_gone_and_it_says_which(tmp_path: Path) -> None:
    async with small_lab(tmp_path) as recovery:
        reviewed(recovery)
        unlink(recovery)
        host = recovery.host(HOST)
        fresh = switches(host), set(host.network.portgroups), set(host.network.vmks)
        await recovery.run(keys.proved(HOST))
        question(recovery)
        recovery.results.pop(TRY)
        reviewed(recovery, "vmnic0", "vmnic1", "vmnic3")
        await recovery.run(keys.proved(HOST))
        failure = recovery.failed.pop(TRY)
        assert "any other port: none has a link" in str(failure)
        assert "rolled back by operators before: vmnic0, vmnic1, vmnic3" in str(failure)
        assert (switches(host), set(host.network.portgroups), set(host.network.vmks)) == fresh


async def test_an_approved_trial_that_is_not_reached_any_more_is_not_moved_but_asked_again(
    tmp_path: Path,
) -> None:
    async with small_lab(tmp_path) as recovery:
        reviewed(recovery)
        unlink(recovery)
        await recovery.run(keys.proved(HOST))
        recovery.approved |= {question(recovery).message}
        port = machine_of(recovery).nic(recovery.results[TRY]["port"]).port
        port.vlans, vlans = port.vlans - {MANAGEMENT_VLAN}, port.vlans
        await recovery.run(keys.proved(HOST))
        first = question(recovery)
        assert "was not reached any more at" in first.message
        recovery.approved |= {first.message}
        await recovery.run(keys.proved(HOST))
        assert question(recovery).message != first.message
        assert recovery.host(HOST).network.vmks["vmk0"].ip != recovery.captured(HOST).virtual_nics[0].ip
        port.vlans = vlans
        await proved(recovery)
