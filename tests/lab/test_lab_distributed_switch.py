"""Distributed switches: made, joined by hosts, and taking a management interface with its NIC."""

from __future__ import annotations

from typing import Any

import pytest

from drconsole.lab.world.vim.esxi.dvportgroup import DistributedPortgroup
from drconsole.lab.world.vim.esxi.dvs import DistributedSwitch
from drconsole.lab.world.vim.esxi.host_system import HostSystem
from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.registry import wsdl_type
from tests.lab.esxi_world import Site, install, part, recovery_world, site, switch_spec

PROVISIONING = 5
MEMBER = "DistributedVirtualSwitchHostMemberConfigSpec"


class Switched:
    """A switch of two uplinks with two port groups, and one host that is in the vCenter."""

    def __init__(self, recovered: Site, host: HostSystem) -> None:
        self.site, self.host, self.client = recovered, host, recovered.client

    async def build(self) -> Switched:
        spec = new(
            "DVSCreateSpec",
            configSpec=new(
                "VMwareDVSConfigSpec",
                name="dvs-prod",
                maxMtu=9000,
                uplinkPortPolicy=new("DVSNameArrayUplinkPortPolicy", uplinkPortName=["up-1", "up-2"]),
            ),
        )
        reference = await self.client.call(self.site.networks, "CreateDVS_Task", spec=spec)
        self.switch: DistributedSwitch = self.client.object(reference)
        groups = [_group("Web-110", 110), _group("Management", PROVISIONING)]
        await self.client.call(self.switch, "AddDVPortgroup_Task", spec=groups)
        return self

    def group(self, name: str) -> DistributedPortgroup:
        return next(group for group in self.switch.groups if group.name == name)

    async def member(self, operation: str, *nics: str, version: str = "") -> None:
        spec = new(
            "VMwareDVSConfigSpec",
            configVersion=version or self.switch.get("config.configVersion"),
            host=[new(MEMBER, operation=operation, host=self.host.ref(), backing=_backing(*nics))],
        )
        await self.client.call(self.switch, "ReconfigureDvs_Task", spec=spec)

    def nics(self) -> dict[str, str]:
        return self.host.hypervisor.network.proxies[self.switch.switch_uuid].nics

    async def migrate(self, *, with_nic: bool) -> None:
        """Moves vmk0 to the switch in one call, with its NIC or without."""
        port = new(
            "DistributedVirtualSwitchPortConnection",
            switchUuid=self.switch.switch_uuid,
            portgroupKey=self.group("Management").moid,
        )
        vnic = new(
            "HostVirtualNicConfig",
            changeOperation="edit",
            device="vmk0",
            portgroup="",
            spec=new("HostVirtualNicSpec", distributedVirtualPort=port),
        )
        proxy = new(
            "HostProxySwitchConfig",
            changeOperation="edit",
            uuid=self.switch.switch_uuid,
            spec=new("HostProxySwitchSpec", backing=_backing("vmnic3", "vmnic0")),
        )
        old = new("HostVirtualSwitchConfig", changeOperation="edit", name="vSwitch0", spec=switch_spec())
        config = new(
            "HostNetworkConfig",
            vswitch=[old] if with_nic else [],
            proxySwitch=[proxy] if with_nic else [],
            vnic=[vnic],
        )
        network = part(self.host, "networkSystem")
        await self.client.call(network, "UpdateNetworkConfig", config=config, changeMode="modify")


def _group(name: str, vlan: int) -> Any:
    tagged = new("VmwareDistributedVirtualSwitchVlanIdSpec", inherited=False, vlanId=vlan)
    setting = new("VMwareDVSPortSetting", vlan=tagged)
    return new(
        "DVPortgroupConfigSpec", name=name, numPorts=16, type="earlyBinding", defaultPortConfig=setting
    )


def _backing(*nics: str) -> Any:
    pnics = [new("DistributedVirtualSwitchHostMemberPnicSpec", pnicDevice=nic) for nic in nics]
    return new("DistributedVirtualSwitchHostMemberPnicBacking", pnicSpec=pnics)


async def _switched() -> Switched:
    world = recovery_world()
    recovered = await site(world)
    host = await recovered.add(install(world, "E", "127.64.4.21"))
    return await Switched(recovered, host).build()


async def test_a_new_switch_has_its_uplinks_and_port_groups() -> None:
    made = await _switched()
    config = made.switch.value("config")
    assert (config.name, config.maxMtu, list(config.uplinkPortPolicy.uplinkPortName)) == (
        "dvs-prod",
        9000,
        ["up-1", "up-2"],
    )
    names = [made.client.object(ref).name for ref in made.switch.value("portgroup")]
    assert names[0].startswith("dvs-prod-DVUplinks-")
    assert names[1:] == ["Web-110", "Management"]
    web = made.group("Web-110").value("config")
    assert (web.defaultPortConfig.vlan.vlanId, web.numPorts, web.uplink) == (110, 16, False)
    assert list(web.defaultPortConfig.uplinkTeamingPolicy.uplinkPortOrder.activeUplinkPort) == [
        "up-1",
        "up-2",
    ]
    again = made.client.call(made.switch, "AddDVPortgroup_Task", spec=[_group("Web-110", 1)])
    with pytest.raises(wsdl_type("DuplicateName")):
        await again
    twin = new("DVSCreateSpec", configSpec=new("VMwareDVSConfigSpec", name="dvs-prod"))
    with pytest.raises(wsdl_type("DuplicateName")):
        await made.client.call(made.site.networks, "CreateDVS_Task", spec=twin)


async def test_a_host_joins_with_free_nics_and_the_present_version_only() -> None:
    made = await _switched()
    with pytest.raises(wsdl_type("ResourceInUse")):
        await made.member("add", "vmnic0")
    with pytest.raises(wsdl_type("ConcurrentAccess")):
        await made.member("add", "vmnic3", version="99")
    await made.member("add", "vmnic3")
    with pytest.raises(wsdl_type("AlreadyExists")):
        await made.member("add", "vmnic2")
    assert made.nics() == {"up-1": "vmnic3"}
    member = made.switch.value("config").host[0].config
    assert [nic.pnicDevice for nic in member.backing.pnicSpec] == ["vmnic3"]
    shown = {made.client.object(ref).name for ref in made.host.value("network")}
    assert {"VM Network", "Web-110", "Management"} <= shown
    proxy = made.host.get("config.network.proxySwitch")[0]
    assert (proxy.dvsName, proxy.mtu) == ("dvs-prod", 9000)
    ports = await made.client.call(
        made.switch, "FetchDVPorts", criteria=new("DistributedVirtualSwitchPortCriteria", uplinkPort=True)
    )
    assert {(p.config.name, p.connectee.nicKey if p.connectee else None) for p in ports} == {
        ("up-1", "vmnic3"),
        ("up-2", None),
    }
    await made.member("edit", "vmnic3", "vmnic2")
    assert made.nics() == {"up-1": "vmnic3", "up-2": "vmnic2"}


async def test_vmk0_and_its_nic_move_in_one_call() -> None:
    made = await _switched()
    machine = made.host.hypervisor.machine
    for nic in machine.nics:
        nic.port.vlans |= {PROVISIONING}
    made.site.world.set_link(machine, "vmnic3", link=False)
    await made.member("add", "vmnic3")
    with pytest.raises(wsdl_type("HostConfigFault")):
        await made.migrate(with_nic=False)
    assert made.host.hypervisor.network.vmks["vmk0"].portgroup == "Management Network"
    await made.migrate(with_nic=True)
    assert made.nics() == {"up-1": "vmnic3", "up-2": "vmnic0"}
    assert made.host.connection_state() == "connected"
    spec = made.host.get("config.network.vnic")[0].spec
    assert spec.distributedVirtualPort.portgroupKey == made.group("Management").moid
    with pytest.raises(wsdl_type("ResourceInUse")):
        await made.member("remove")


async def test_taking_the_only_nic_first_is_rolled_back() -> None:
    made = await _switched()
    machine = made.host.hypervisor.machine
    for nic in machine.nics:
        nic.port.vlans |= {PROVISIONING}
    await made.member("add", "vmnic3")
    await made.migrate(with_nic=True)
    with pytest.raises(wsdl_type("DvsOperationBulkFault")) as refused:
        await made.member("edit")
    assert refused.value.hostFault[0].host == made.host.ref()
    assert made.nics() == {"up-1": "vmnic3", "up-2": "vmnic0"}


async def test_a_wrong_vlan_of_the_management_group_is_rolled_back() -> None:
    made = await _switched()
    for nic in made.host.hypervisor.machine.nics:
        nic.port.vlans |= {PROVISIONING}
    await made.member("add", "vmnic3")
    await made.migrate(with_nic=True)
    group = made.group("Management")
    spec = _group("Management", 999)
    spec.configVersion = group.get("config.configVersion")
    with pytest.raises(wsdl_type("DvsOperationBulkFault")):
        await made.client.call(group, "ReconfigureDVPortgroup_Task", spec=spec)
    assert group.value("config").defaultPortConfig.vlan.vlanId == PROVISIONING
    assert made.host.connection_state() == "connected"


async def test_an_empty_switch_goes_away_with_its_port_groups() -> None:
    made = await _switched()
    await made.member("add", "vmnic3")
    await made.member("remove")
    assert made.switch.switch_uuid not in made.host.hypervisor.network.proxies
    await made.client.call(made.group("Web-110"), "Destroy_Task")
    await made.client.call(made.switch, "Destroy_Task")
    assert [made.client.object(ref).name for ref in made.site.datacenter.value("network")] == ["VM Network"]


async def test_of_two_changes_of_one_version_the_second_is_refused() -> None:
    made = await _switched()
    version = made.switch.get("config.configVersion")
    spec = new("VMwareDVSConfigSpec", configVersion=version, maxMtu=1600)
    first, second = await made.client.together(
        (made.switch, "ReconfigureDvs_Task", {"spec": spec}),
        (made.switch, "ReconfigureDvs_Task", {"spec": spec}),
    )
    assert first is None
    assert isinstance(second, wsdl_type("ConcurrentAccess"))
