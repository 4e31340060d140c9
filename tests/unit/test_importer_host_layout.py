"""A host's management network as one call changes it: the trial, its end, the move; all of it pure."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from pyVmomi import vim

from drconsole.model.inventory import (
    Host,
    NetworkPolicy,
    PortGroup,
    Snapshot,
    SwitchMember,
    TeamingPolicy,
    VirtualNic,
    VirtualSwitch,
)
from drconsole.planning.trials import candidate, management_ports, ports_of, told
from drconsole.planning.uplinks import layout_of
from drconsole.platforms.vsphere.importer import host_layout
from drconsole.platforms.vsphere.importer.host_layout import TRIAL, Layout
from drconsole.platforms.vsphere.importer.vmkernel import Place, ports_moved, waiting_switch
from tests.unit.importer_plan import site

FRESH_IP = "127.0.4.10"


def captured(**changes: Any) -> Host:
    return replace(site().hosts[0], gateway="10.10.0.1", **changes)


def layout(host: Host | None = None, **nics: str) -> Layout:
    host = host or captured()
    placed = {"vmnic0": "vmnic0", "vmnic1": "vmnic1", "vmnic2": "vmnic2", "vmnic3": "vmnic3"} | nics
    snapshot = replace(site(), hosts=(host, *site().hosts[1:]))
    return Layout(
        host=host,
        nics=placed,
        vlan=1010,
        booted="vmnic0",
        ports=management_ports(layout_of(host, snapshot), placed),
    )


def group(name: str, switch: str = "vSwitch0", vlan: int = 0, *active: str) -> Any:
    order = vim.host.NetworkPolicy.NicOrderPolicy(activeNic=list(active), standbyNic=[])
    policy = vim.host.NetworkPolicy(nicTeaming=vim.host.NetworkPolicy.NicTeamingPolicy(nicOrder=order))
    spec = vim.host.PortGroup.Specification(name=name, vlanId=vlan, vswitchName=switch, policy=policy)
    return vim.host.PortGroup(spec=spec)


def vmk(device: str, address: str, portgroup: str = "", port: Any = None) -> Any:
    ip = vim.host.IpConfig(dhcp=False, ipAddress=address, subnetMask="255.255.255.0")
    spec = vim.host.VirtualNic.Specification(ip=ip, mtu=1500, distributedVirtualPort=port)
    return vim.host.VirtualNic(device=device, portgroup=portgroup, spec=spec)


def pnic(name: str, link: bool = True) -> Any:
    speed = vim.host.PhysicalNic.LinkSpeedDuplex(speedMb=10000, duplex=True) if link else None
    return vim.host.PhysicalNic(device=name, linkSpeed=speed)


def standard_switch(name: str, *nics: str) -> Any:
    bridge = vim.host.VirtualSwitch.BondBridge(nicDevice=list(nics)) if nics else None
    spec = vim.host.VirtualSwitch.Specification(numPorts=128, mtu=1500, bridge=bridge)
    return vim.host.VirtualSwitch(name=name, spec=spec)


def fresh() -> Any:
    """What a host reports after its install: vSwitch0 on the port that booted, vmk0, two groups."""
    return vim.host.NetworkInfo(
        vswitch=[standard_switch("vSwitch0", "vmnic0")],
        portgroup=[group("VM Network"), group("Management Network")],
        vnic=[vmk("vmk0", FRESH_IP, "Management Network")],
        pnic=[pnic(f"vmnic{n}", n != 1) for n in range(4)],
    )


def on_trial(*ports: str) -> Any:
    info = fresh()
    info.vswitch = [standard_switch("vSwitch0", "vmnic0", *ports)]
    info.portgroup = [*info.portgroup, group(TRIAL, "vSwitch0", 1010, *ports)]
    info.vnic = [*info.vnic, vmk("vmk1", "10.10.0.21", TRIAL)]
    return info


def bridges(config: Any) -> dict[str, list[str]]:
    return {s.name: list(s.spec.bridge.nicDevice) if s.spec.bridge else [] for s in config.vswitch}


def operations(config: Any) -> list[tuple[str, str]]:
    return [(g.changeOperation, g.spec.name) for g in config.portgroup]


def test_a_trial_stands_beside_the_provisioning_address() -> None:
    config = host_layout.trial(layout(), fresh())
    assert bridges(config) == {"vSwitch0": ["vmnic0", "vmnic2"]}
    assert operations(config) == [("add", TRIAL)]
    spec = config.portgroup[0].spec
    assert spec.vlanId == 1010
    assert list(spec.policy.nicTeaming.nicOrder.activeNic) == ["vmnic2"]
    assert [(n.changeOperation, n.spec.ip.ipAddress) for n in config.vnic] == [("add", "10.10.0.21")]


def test_a_trial_on_the_port_that_booted_does_not_bridge_it_twice() -> None:
    config = host_layout.trial(layout(vmnic2="vmnic0", vmnic0="vmnic2"), fresh())
    assert bridges(config) == {"vSwitch0": ["vmnic0"]}


def test_undoing_a_trial_needs_nothing_but_what_stands() -> None:
    config = host_layout.trial_undone(on_trial("vmnic2", "vmnic3"), "vmnic0")
    assert bridges(config) == {"vSwitch0": ["vmnic0"]}
    assert operations(config) == [("remove", TRIAL)]
    assert [(n.changeOperation, n.device) for n in config.vnic] == [("remove", "vmk1")]


def test_a_half_made_trial_is_undone_too() -> None:
    info = on_trial("vmnic2")
    info.vnic = info.vnic[:1]
    config = host_layout.trial_undone(info, "vmnic0")
    assert list(config.vnic) == []
    assert operations(config) == [("remove", TRIAL)]


def test_a_standing_trial_tells_its_ports() -> None:
    assert host_layout.standing_trial(fresh()) is None
    assert host_layout.trial_ports(host_layout.standing_trial(on_trial("vmnic2", "vmnic3"))) == [
        "vmnic2",
        "vmnic3",
    ]


def test_teaming_uses_the_first_port_with_link() -> None:
    nics = VirtualSwitch(name="vSwitch0", nics=("vmnic1", "vmnic2"))
    host = captured(virtual_switches=(nics,))
    assert host_layout.first_linked(layout(host), fresh()) == "vmnic2"


def test_the_last_call_moves_vmk0_and_ends_the_trial() -> None:
    config = host_layout.final(layout(), on_trial("vmnic2"))
    assert bridges(config) == {"vSwitch0": ["vmnic2"]}
    assert operations(config) == [("remove", TRIAL), ("edit", "Management Network")]
    assert [(n.changeOperation, n.device) for n in config.vnic] == [("remove", "vmk1"), ("edit", "vmk0")]
    assert config.vnic[1].spec.ip.ipAddress == "10.10.0.21"
    assert config.portgroup[1].spec.vlanId == 1010
    assert config.ipRouteConfig.defaultGateway == "10.10.0.1"


def test_management_on_another_switch_is_moved_there_and_the_installers_group_gives_way() -> None:
    host = captured(
        virtual_switches=(
            VirtualSwitch(name="vSwitch0", nics=("vmnic0",)),
            VirtualSwitch(name="vSwitchM", nics=("vmnic2", "vmnic3")),
        ),
        port_groups=(PortGroup(name="Management Network", virtual_switch="vSwitchM", vlan=10),),
    )
    info = on_trial("vmnic2", "vmnic3")
    away = host_layout.displaced(layout(host), info)
    assert (away.name, away.vswitchName) == (host_layout.DISPLACED, "vSwitch0")
    info.portgroup = [g for g in info.portgroup if g.spec.name != "Management Network"]
    info.portgroup = [*info.portgroup, group(host_layout.DISPLACED)]
    config = host_layout.final(layout(host), info)
    assert bridges(config) == {"vSwitch0": ["vmnic0"], "vSwitchM": ["vmnic2", "vmnic3"]}
    assert [s.changeOperation for s in config.vswitch] == ["edit", "add"]
    assert operations(config) == [
        ("remove", TRIAL),
        ("remove", host_layout.DISPLACED),
        ("add", "Management Network"),
    ]


def test_a_group_on_its_captured_switch_is_not_displaced() -> None:
    assert host_layout.displaced(layout(), fresh()) is None


def on_distributed() -> tuple[Host, Snapshot]:
    nic = VirtualNic(
        name="vmk0",
        distributed_port_group="dvpg-1",
        ip="10.10.0.21",
        netmask="255.255.255.0",
        services=("management",),
    )
    host = captured(
        virtual_switches=(VirtualSwitch(name="vSwitch1", nics=("vmnic0", "vmnic1")),),
        port_groups=(PortGroup(name="vMotion", virtual_switch="vSwitch1", vlan=20),),
        virtual_nics=(nic,),
    )
    snapshot = site()
    members = (SwitchMember(host=host.id, nics=("vmnic2", "vmnic3")),)
    switches = (replace(snapshot.distributed_switches[0], members=members),)
    return host, replace(snapshot, hosts=(host,), distributed_switches=switches)


def test_management_of_a_distributed_switch_waits_on_the_fresh_one() -> None:
    host, snapshot = on_distributed()
    nics = {f"vmnic{n}": f"vmnic{n}" for n in range(4)}
    ports = management_ports(layout_of(host, snapshot), nics)
    waiting = Layout(host=host, nics=nics, vlan=1100, booted="vmnic0", ports=ports)
    assert (waiting.waits, waiting.ports) == (True, ["vmnic2", "vmnic3"])
    config = host_layout.final(waiting, on_trial("vmnic2", "vmnic3"))
    assert bridges(config) == {"vSwitch0": ["vmnic2", "vmnic3"]}
    assert operations(config) == [("remove", TRIAL), ("edit", "Management Network")]
    assert config.portgroup[1].spec.vlanId == 1100


def test_an_interface_moves_to_a_distributed_switch_with_its_ports_in_one_change() -> None:
    info = fresh()
    held = vim.dvs.HostMember.PnicBacking(pnicSpec=[vim.dvs.HostMember.PnicSpec(pnicDevice="vmnic3")])
    proxy = vim.host.HostProxySwitch(dvsUuid="s", spec=vim.host.HostProxySwitch.Specification(backing=held))
    info.proxySwitch = [proxy]
    waiting = waiting_switch(info, "vmk0")
    assert waiting.name == "vSwitch0"
    proxies, switches = ports_moved(info, waiting, "s")
    assert [spec.pnicDevice for spec in proxies[0].spec.backing.pnicSpec] == ["vmnic3", "vmnic0"]
    assert switches[0].spec.bridge is None


def test_a_switch_that_carries_another_interface_keeps_its_ports() -> None:
    info = fresh()
    info.vnic = [*info.vnic, vmk("vmk1", "10.30.0.21", "VM Network")]
    assert waiting_switch(info, "vmk0") is None


def test_an_interface_is_in_its_place_by_the_distributed_groups_key() -> None:
    nic = VirtualNic(name="vmk1", distributed_port_group="dvpg-1", ip="10.20.0.21", netmask="255.255.255.0")

    def connection(key: str) -> Any:
        return vim.dvs.PortConnection(switchUuid="s", portgroupKey=key)

    place = Place(nic=nic, port=connection("dvportgroup-7"))
    assert place.agrees(vmk("vmk1", "10.20.0.21", port=connection("dvportgroup-7")))
    wrong = vmk("vmk1", "10.20.0.21", port=connection("dvportgroup-8"))
    assert not place.agrees(wrong)
    assert place.held_by(vim.host.NetworkInfo(vnic=[wrong])) is wrong
    assert not place.agrees(vmk("vmk1", "10.20.0.21", "vMotion"))


@pytest.mark.parametrize("change", [{"mtu": 9000}, {"netmask": "255.255.0.0"}, {"port_group": "other"}])
def test_an_interface_that_differs_is_found_and_does_not_agree(change: dict[str, Any]) -> None:
    nic = VirtualNic(name="vmk1", port_group="vMotion", ip="10.20.0.21", netmask="255.255.255.0")
    standing = vmk("vmk1", "10.20.0.21", "vMotion")
    assert Place(nic=nic).agrees(standing)
    place = Place(nic=replace(nic, **change))
    assert place.held_by(vim.host.NetworkInfo(vnic=[standing])) is standing
    assert not place.agrees(standing)


def facts(*unlinked: str) -> list[dict[str, Any]]:
    return [{"name": f"vmnic{n}", "link": f"vmnic{n}" not in unlinked, "speed": 10000} for n in range(4)]


def test_a_port_that_failed_on_trial_is_not_management_s_again() -> None:
    host = captured()
    planned = layout_of(host, site())
    first = candidate(planned, ports_of(facts(), "vmnic0"), [])
    assert first is not None
    assert management_ports(planned, first.moves) == ["vmnic2"]
    second = candidate(planned, ports_of(facts(), "vmnic0", ["vmnic2"]), ["vmnic2"])
    assert second is not None
    (port,) = management_ports(planned, second.moves)
    assert port != "vmnic2"
    assert f"vmnic2 did not carry the management network on trial; {port}" in told(second)
    assert "vmnic2" in second.moves.values()


def test_a_failed_port_beside_a_good_one_is_taken_out_for_teaming_would_use_it() -> None:
    teaming = TeamingPolicy(active_nics=("vmnic2", "vmnic3"))
    switch = VirtualSwitch(name="vSwitch0", nics=("vmnic2", "vmnic3"), policy=NetworkPolicy(teaming=teaming))
    host = captured(virtual_switches=(switch,))
    snapshot = replace(site(), hosts=(host,), distributed_switches=())
    planned = layout_of(host, snapshot)
    ports = ports_of(facts("vmnic0", "vmnic1"), "vmnic3", ["vmnic2"])
    plan = candidate(planned, ports, ["vmnic2"])
    assert plan is not None
    assert management_ports(planned, plan.moves) == ["vmnic3"]
    assert plan.dropped == ("vmnic2",)


def test_without_a_port_left_for_management_there_is_no_candidate() -> None:
    planned = layout_of(captured(), site())
    ports = ports_of(facts("vmnic1", "vmnic2", "vmnic3"), "vmnic0", ["vmnic0"])
    assert candidate(planned, ports, ["vmnic0"]) is None


def test_a_layout_is_journalled_and_comes_back_whole() -> None:
    planned = layout_of(captured(), site())
    assert msgspec.convert(msgspec.to_builtins(planned), type(planned)) == planned
