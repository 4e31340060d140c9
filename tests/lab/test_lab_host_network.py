"""A fresh host, its switches, and moving its management interface without losing the host."""

from __future__ import annotations

from typing import Any

import pytest

from drconsole.lab.world import reach
from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.vim.esxi.host_system import HostSystem
from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.registry import wsdl_type
from drconsole.lab.world.world import World
from tests.lab.esxi_world import (
    DRILL,
    Client,
    group_spec,
    install,
    management_server,
    nic_policy,
    part,
    recovery_world,
    switch_spec,
    vnic_spec,
)

PROVISIONED = "127.64.4.20"
CAPTURED = "10.10.0.21"


class Door:
    """A fresh host and a client at its own door."""

    def __init__(self, world: World, nic: str = "vmnic0") -> None:
        self.host: Hypervisor = install(world, "E", PROVISIONED, nic=nic)
        assert self.host.endpoint is not None
        self.client = Client(self.host.endpoint)
        self.view: HostSystem = self.host.endpoint.host
        self.network = part(self.view, "networkSystem")

    async def call(self, method: str, **arguments: Any) -> Any:
        return await self.client.call(self.network, method, **arguments)

    def vnic(self) -> Any:
        return self.network.get("networkInfo.vnic")[0].spec


def fault_named(name: str) -> Any:
    return wsdl_type(name)


async def test_a_fresh_host_sits_on_the_nic_that_it_booted_from() -> None:
    door = Door(recovery_world(), nic="vmnic1")
    info = door.network.get("networkInfo")
    assert [s.name for s in info.vswitch] == ["vSwitch0"]
    assert list(info.vswitch[0].spec.bridge.nicDevice) == ["vmnic1"]
    assert [(g.spec.name, g.spec.vlanId) for g in info.portgroup] == [
        ("VM Network", 0),
        ("Management Network", 0),
    ]
    assert (info.vnic[0].device, info.vnic[0].spec.ip.ipAddress) == ("vmk0", PROVISIONED)
    assert door.view.get("config.product.apiType") == "HostAgent"
    assert door.view.get("summary.hardware.uuid") == door.host.machine.hardware.uuid
    assert [n.value("name") for n in map(door.client.object, door.view.value("network"))] == ["VM Network"]


async def test_a_nic_without_link_has_no_link_speed() -> None:
    world = recovery_world()
    door = Door(world)
    world.set_link(door.host.machine, "vmnic2", link=False)
    speeds = {nic.device: nic.linkSpeed for nic in door.network.get("networkInfo.pnic")}
    assert speeds["vmnic2"] is None
    assert speeds["vmnic0"].speedMb == 10_000


async def test_a_nic_that_no_order_names_is_unused() -> None:
    door = Door(recovery_world())
    await door.call("UpdateVirtualSwitch", vswitchName="vSwitch0", spec=switch_spec("vmnic0", "vmnic1"))
    assert door.host.addresses()[0].nics == ("vmnic0",)
    await door.call(
        "UpdateVirtualSwitch",
        vswitchName="vSwitch0",
        spec=switch_spec("vmnic0", "vmnic1", policy=nic_policy("vmnic1", standby=("vmnic0",))),
    )
    assert door.host.addresses()[0].nics == ("vmnic1", "vmnic0")
    assert door.network.get("networkInfo.vswitch")[0].spec.policy.security.allowPromiscuous is False


async def test_a_port_group_may_have_an_order_of_its_own() -> None:
    door = Door(recovery_world())
    await door.call(
        "UpdateVirtualSwitch",
        vswitchName="vSwitch0",
        spec=switch_spec("vmnic0", "vmnic1", policy=nic_policy("vmnic0", "vmnic1")),
    )
    await door.call(
        "UpdatePortGroup",
        pgName="Management Network",
        portgrp=group_spec("Management Network", 0, policy=nic_policy("vmnic1")),
    )
    assert door.host.addresses()[0].nics == ("vmnic1",)
    computed = door.network.get("networkInfo.portgroup")[1].computedPolicy
    assert list(computed.nicTeaming.nicOrder.activeNic) == ["vmnic1"]
    assert computed.nicTeaming.notifySwitches is True


async def test_a_nic_belongs_to_one_switch() -> None:
    door = Door(recovery_world())
    with pytest.raises(fault_named("ResourceInUse")):
        await door.call("AddVirtualSwitch", vswitchName="vSwitch1", spec=switch_spec("vmnic0"))
    await door.call("AddVirtualSwitch", vswitchName="vSwitch1", spec=switch_spec("vmnic1"))
    with pytest.raises(fault_named("AlreadyExists")):
        await door.call("AddVirtualSwitch", vswitchName="vSwitch1", spec=switch_spec("vmnic3"))
    with pytest.raises(fault_named("HostConfigFault")):
        await door.call("AddVirtualSwitch", vswitchName="vSwitch2", spec=switch_spec("vmnic9"))
    with pytest.raises(fault_named("AlreadyExists")):
        await door.call("AddPortGroup", portgrp=group_spec("VM Network", 7))
    with pytest.raises(fault_named("NotFound")):
        await door.call("AddPortGroup", portgrp=group_spec("Other", 7, "vSwitch7"))
    assert "vSwitch2" not in door.host.network.vswitches


async def test_losing_the_management_uplink_is_rolled_back() -> None:
    world = recovery_world()
    door = Door(world)
    world.set_link(door.host.machine, "vmnic3", link=False)
    with pytest.raises(fault_named("HostConfigFault")):
        await door.call("UpdateVirtualSwitch", vswitchName="vSwitch0", spec=switch_spec("vmnic3"))
    assert door.host.network.vswitches["vSwitch0"].nics == ["vmnic0"]
    assert [entry.effect for entry in world.ledger.of("network-rollback")] == ["network-rollback"]
    await door.call(
        "UpdateVirtualSwitch",
        vswitchName="vSwitch0",
        spec=switch_spec("vmnic2", policy=nic_policy("vmnic2")),
    )
    assert door.host.network.vswitches["vSwitch0"].nics == ["vmnic2"]


async def test_a_wrong_vlan_is_rolled_back_too() -> None:
    door = Door(recovery_world())
    with pytest.raises(fault_named("HostConfigFault")):
        await door.call(
            "UpdatePortGroup", pgName="Management Network", portgrp=group_spec("Management Network", 999)
        )
    assert door.host.network.portgroups["Management Network"].vlan == 0


async def test_vmk0_moves_to_its_captured_address_and_the_management_server_hears_it() -> None:
    world = recovery_world()
    vcenter = management_server(world)
    door = Door(world)
    assert reach.find(world, vcenter.management, PROVISIONED) is door.host
    assert reach.find(world, vcenter.management, CAPTURED) is None
    config = new(
        "HostNetworkConfig",
        vswitch=[
            new(
                "HostVirtualSwitchConfig",
                changeOperation="edit",
                name="vSwitch0",
                spec=switch_spec("vmnic2", policy=nic_policy("vmnic2")),
            )
        ],
        portgroup=[
            new(
                "HostPortGroupConfig",
                changeOperation="edit",
                spec=group_spec("Management Network", DRILL),
            )
        ],
        vnic=[
            new(
                "HostVirtualNicConfig",
                changeOperation="edit",
                device="vmk0",
                portgroup="Management Network",
                spec=vnic_spec(CAPTURED),
            )
        ],
    )
    await door.call("UpdateNetworkConfig", config=config, changeMode="modify")
    assert [listening.address for listening in door.host.addresses()] == [CAPTURED]
    assert reach.find(world, vcenter.management, CAPTURED) is door.host
    assert reach.find(world, vcenter.management, PROVISIONED) is None


async def test_one_wrong_part_of_a_batch_leaves_all_as_it_was() -> None:
    door = Door(recovery_world())
    config = new(
        "HostNetworkConfig",
        vswitch=[
            new("HostVirtualSwitchConfig", changeOperation="add", name="vSwitch1", spec=switch_spec("vmnic1"))
        ],
        portgroup=[new("HostPortGroupConfig", changeOperation="add", spec=group_spec("x", 1, "nowhere"))],
    )
    with pytest.raises(fault_named("NotFound")):
        await door.call("UpdateNetworkConfig", config=config, changeMode="modify")
    assert list(door.host.network.vswitches) == ["vSwitch0"]


async def test_a_second_vmkernel_interface_carries_its_services() -> None:
    door = Door(recovery_world())
    await door.call("AddPortGroup", portgrp=group_spec("vMotion", 20))
    device = await door.call("AddVirtualNic", portgroup="vMotion", nic=vnic_spec("10.20.0.21", mtu=9000))
    assert device == "vmk1"
    with pytest.raises(fault_named("AlreadyExists")):
        await door.call("AddVirtualNic", portgroup="vMotion", nic=vnic_spec("10.20.0.22"))
    manager = part(door.view, "virtualNicManager")
    await door.client.call(manager, "SelectVnicForNicType", nicType="vmotion", device="vmk1")
    chosen = {config.nicType: list(config.selectedVnic) for config in manager.get("info.netConfig")}
    assert chosen["vmotion"] == ["key-vim.host.VirtualNic-vmk1"]
    assert chosen["management"] == ["key-vim.host.VirtualNic-vmk0"]
    assert door.view.get("summary.config.vmotionEnabled") is True
    with pytest.raises(fault_named("ResourceInUse")):
        await door.call("RemovePortGroup", pgName="vMotion")
    await door.call("RemoveVirtualNic", device="vmk1")
    await door.call("RemovePortGroup", pgName="vMotion")


async def test_names_routes_and_time_come_back_as_they_were_set() -> None:
    door = Door(recovery_world())
    dns = new("HostDnsConfig", dhcp=False, hostName="esx-01", domainName="corp.test", address=["10.10.0.2"])
    await door.call("UpdateDnsConfig", config=dns)
    assert door.network.get("dnsConfig.domainName") == "corp.test"
    with pytest.raises(fault_named("HostConfigFault")):
        await door.call("UpdateIpRouteConfig", config=new("HostIpRouteConfig", defaultGateway="10.9.0.1"))
    await door.call("UpdateIpRouteConfig", config=new("HostIpRouteConfig", defaultGateway="127.64.4.1"))
    assert door.network.get("ipRouteConfig.defaultGateway") == "127.64.4.1"
    route = new("HostIpRouteEntry", network="10.99.0.0", prefixLength=16, gateway="127.64.4.1")
    table = new("HostIpRouteTableConfig", ipRoute=[new("HostIpRouteOp", changeOperation="add", route=route)])
    await door.call("UpdateIpRouteTableConfig", config=table)
    assert [r.network for r in door.network.get("networkInfo.routeTableInfo.ipRoute")] == ["10.99.0.0"]
    clock = part(door.view, "dateTimeSystem")
    ntp = new("HostDateTimeConfig", ntpConfig=new("HostNtpConfig", server=["10.10.0.2"]), enabled=True)
    await door.client.call(clock, "UpdateDateTimeConfig", config=ntp)
    assert list(door.view.get("config.dateTimeInfo.ntpConfig.server")) == ["10.10.0.2"]


async def test_only_root_with_the_password_of_the_script_logs_in() -> None:
    door = Door(recovery_world())
    assert door.host.endpoint is not None
    with pytest.raises(fault_named("InvalidLogin")):
        door.host.endpoint.sessions.login("root", "guess")
    with pytest.raises(fault_named("InvalidLogin")):
        door.host.endpoint.sessions.login("admin", "Root-password-1!")
