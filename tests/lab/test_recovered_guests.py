"""Guests of the protected site on replicated storage, under a fresh vCenter at the recovery site."""

from __future__ import annotations

from typing import Any, cast

import pytest

from drconsole.lab.dump import dump
from drconsole.lab.world.clock import VirtualClock
from drconsole.lab.world.vim.dispatch import invoke
from drconsole.lab.world.vim.esxi.host_system import HostSystem
from drconsole.lab.world.vim.new import changed, new
from drconsole.lab.world.vim.vcenter.guest_config import nics
from drconsole.lab.world.vim.vcenter.guests import VirtualMachine
from drconsole.lab.world.world import World
from tests.lab.esxi_world import Site, group_spec, install, part, site
from tests.lab.vsphere_site import built_site, guest, vcenter_of

PLACE = "ds-prod-2"
VOLUME = "vol2-replica"


class Recovery:
    """One host with one resignatured volume, and what a runner would do with it."""

    def __init__(self, world: World, recovered: Site, host: HostSystem) -> None:
        self.world, self.recovered, self.host = world, recovered, host

    async def register(self, path: str, **more: Any) -> VirtualMachine:
        reference = await self.recovered.client.call(
            self.recovered.datacenter.folder("vmFolder"),
            "RegisterVM_Task",
            path=path,
            asTemplate=False,
            pool=self.recovered.cluster.pool.ref(),
            host=self.host.ref(),
            **more,
        )
        return cast("VirtualMachine", self.recovered.client.object(reference))

    async def connect(self, subject: VirtualMachine, network: str) -> None:
        nic = nics(subject.value("config"))[0]
        backing = new("VirtualEthernetCardNetworkBackingInfo", deviceName=network)
        change = new("VirtualDeviceConfigSpec", operation="edit", device=changed(nic, backing=backing))
        spec = new("VirtualMachineConfigSpec", deviceChange=[change])
        await self.recovered.client.call(subject, "ReconfigVM_Task", spec=spec)

    async def start(self, subject: VirtualMachine) -> None:
        """Powers on and answers "I moved it"."""
        client = self.recovered.client

        async def story() -> None:
            from drconsole.lab.world.vim.call import Call

            call = Call(client.endpoint, client.session, initiator="test")
            task: Any = client.endpoint.at(await invoke(call, subject, "PowerOnVM_Task", {"host": None}))
            await self.world.clock.sleep(1)
            question = subject.value("runtime").question
            assert question is not None, "a resignatured volume is another place"
            moved = next(c.key for c in question.choice.choiceInfo if c.summary == "I Moved It")
            await invoke(call, subject, "AnswerVM", {"questionId": question.id, "answerChoice": moved})
            await task.done.wait()
            assert task.state == "success", task.value("info").error

        await client.clock.run(story())


@pytest.fixture
async def recovery() -> Recovery:
    world = built_site(VirtualClock())
    clock = cast("VirtualClock", world.clock)
    for machine in world.machines.values():
        for nic in machine.nics:
            nic.port.link = True
    recovered = await site(world)
    host = await recovered.add(install(world, "E", "127.64.4.21"))
    replica = world.arrays["r1"]
    await clock.run(replica.halt("prod-block", token="run/halt"))
    await clock.run(replica.promote("prod-block", token="run/promote"))
    volume = await clock.run(replica.present(VOLUME, host.hypervisor.machine.hardware.wwpns))
    client = recovered.client
    await client.call(part(host, "storageSystem"), "RescanAllHba")
    spec = new("HostUnresolvedVmfsResignatureSpec", extentDevicePath=[f"/vmfs/devices/disks/{volume.naa}:1"])
    found = await client.call(
        part(host, "datastoreSystem"), "ResignatureUnresolvedVmfsVolume_Task", resolutionSpec=spec
    )
    await client.call(client.object(found.result), "RenameDatastore", newName=PLACE)
    for name, vlan in (("drill", 1110), ("real", 110)):
        await client.call(part(host, "networkSystem"), "AddPortGroup", portgrp=group_spec(name, vlan))
    return Recovery(world, recovered, host)


def on_the_volume(world: World) -> VirtualMachine:
    """A running protected guest on the web network whose only disk is on the volume."""
    vcenter = vcenter_of(world)
    named = (g for g in vcenter.of(VirtualMachine) if f"[{PLACE}]" in g.value("config").files.vmPathName)
    return next(g for g in named if len(g.value("datastore")) == 1 and not g.value("config").template)


async def test_a_guest_comes_back_with_identity_hardware_and_addresses(recovery: Recovery) -> None:
    origin = on_the_volume(recovery.world)
    before = next(g for g in dump(recovery.world, "protected")["virtualMachine"] if g["name"] == origin.name)
    subject = await recovery.register(origin.value("config").files.vmPathName)
    await recovery.connect(subject, "drill")
    await recovery.start(subject)
    await cast("VirtualClock", recovery.world.clock).advance(60)
    after = next(g for g in dump(recovery.world, "recovered")["virtualMachine"] if g["name"] == origin.name)
    same = (
        "uuid",
        "instanceUuid",
        "cpus",
        "memoryMib",
        "annotation",
        "firmware",
        "guestOs",
        "disks",
        "cpu",
        "memory",
    )
    assert {key: after[key] for key in same} == {key: before[key] for key in same}
    assert after["heartbeat"] == "green"
    assert [n["mac"] for n in after["networkInterfaces"]] == [n["mac"] for n in before["networkInterfaces"]]
    if before["power"] == "on":
        assert after["networkInterfaces"][0]["addresses"] == before["networkInterfaces"][0]["addresses"]
    assert recovery.world.ledger.of("leak") == []
    effects = [e.effect for e in recovery.world.ledger.entries if e.object == f"recovery/{subject.path()}"]
    assert effects[0] == "register-guest"
    assert "power-on-guest" in effects


async def test_a_guest_on_the_real_network_beside_its_origin_leaks(recovery: Recovery) -> None:
    assert recovery.world.presence.on(110)
    subject = await recovery.register(on_the_volume(recovery.world).value("config").files.vmPathName)
    await recovery.connect(subject, "real")
    await recovery.start(subject)
    assert [e.object for e in recovery.world.ledger.of("leak")] == [f"recovery/{subject.path()}"]


async def test_a_host_that_loses_power_stops_its_guests(recovery: Recovery) -> None:
    subject = await recovery.register(on_the_volume(recovery.world).value("config").files.vmPathName)
    await recovery.connect(subject, "drill")
    await recovery.start(subject)
    assert subject.running
    machine = recovery.host.hypervisor.machine
    machine.power, machine.phase = "Off", "off"
    recovery.host.hypervisor.powered_off()
    assert not subject.running
    assert recovery.world.presence.on(1110) == {}


async def test_writes_after_the_halt_do_not_arrive(recovery: Recovery) -> None:
    origin = on_the_volume(recovery.world)
    config = origin.value("config")
    origin.reconfigure(new("VirtualMachineConfigSpec", annotation="too late"))
    subject = await recovery.register(config.files.vmPathName)
    assert subject.value("config").annotation == config.annotation
    assert guest(vcenter_of(recovery.world), origin.name).value("config").annotation == "too late"
