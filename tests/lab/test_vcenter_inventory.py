"""The semantics of the lab's vCenter: order, duplicates, files, power, and what it shows."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
from pyVmomi import SoapAdapter, vim

from drconsole.lab.churn import Tally, churn
from drconsole.lab.doors.vim25.contents import fragment
from drconsole.lab.dump import dump
from drconsole.lab.world.arrays import Array
from drconsole.lab.world.clock import VirtualClock
from drconsole.lab.world.vim.dispatch import may_raise
from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.objects import ManagedObject
from drconsole.lab.world.vim.registry import (
    OPTIONAL,
    SERVED,
    is_array,
    is_data,
    methods,
    properties,
    vmomi,
    wsdl_type,
)
from drconsole.lab.world.vim.vcenter.clusters import Cluster
from drconsole.lab.world.vim.vcenter.datacenters import Datacenter
from drconsole.lab.world.vim.vcenter.folders import Folder
from drconsole.lab.world.world import World
from tests.lab.vsphere_site import admin, built_site, guest, run, vcenter_of


@pytest.fixture
def world() -> World:
    return built_site(VirtualClock())


def in_time(world: World, work: Any) -> Any:
    clock = world.clock
    assert isinstance(clock, VirtualClock)
    return clock.run(work)


def unset_fields(value: Any, where: str) -> Iterator[str]:
    """Yields the required fields that a value leaves unset."""
    if isinstance(value, list):
        for item in value:
            yield from unset_fields(item, where)
    elif is_data(value):
        for name, info in properties(type(value)).items():
            held = getattr(value, name)
            if (
                held is None
                and not info.flags & OPTIONAL
                and not is_array(info.type)
                and info.type is not object
            ):
                yield f"{where} {type(value).__name__}.{name}"
            elif held is not None:
                yield from unset_fields(held, where)


def test_every_property_of_every_object_reads_back_with_nothing_required_unset(world: World) -> None:
    vcenter = vcenter_of(world)
    gaps: set[str] = set()
    for item in tuple(vcenter.objects.values()):
        for name, info in item.infos().items():
            xml = fragment(item, name, vcenter.version)
            if not xml:
                if not info.flags & OPTIONAL and not is_array(info.type):
                    gaps.add(f"{item.wsdl}.{name}")
                continue
            wrapped = xml.replace(
                "<val",
                '<val xmlns="urn:vim25" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
                ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"',
                1,
            )
            read = SoapAdapter.Deserialize(wrapped.encode(), object, None)
            gaps |= set(unset_fields(read, f"{item.wsdl}.{name}"))
    assert sorted(gaps) == []


def handlers() -> Iterator[tuple[str, Any, Any]]:
    pending = [ManagedObject]
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        if kind.wsdl in {"ManagedObject"}:
            continue
        known = methods(wsdl_type(kind.wsdl))
        for name in dir(kind):
            handler = getattr(kind, name)
            if name in known and inspect.iscoroutinefunction(handler):
                yield f"{kind.wsdl}.{name}", handler, known[name]


def test_handlers_raise_only_faults_that_their_methods_declare() -> None:
    undeclared = set()
    for name, handler, info in handlers():
        tree = ast.parse(textwrap.dedent(inspect.getsource(handler)))
        raised = {
            node.args[0].value
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "fault"
            and isinstance(node.args[0], ast.Constant)
        }
        undeclared |= {f"{name}: {kind!s}" for kind in map(str, raised) if not may_raise(info, fault(kind))}
    assert sorted(undeclared) == []


def test_handlers_take_the_parameters_of_the_wire() -> None:
    wrong = set()
    for name, handler, info in handlers():
        declared = [p.name for p in info.params if vmomi.IsChildVersion(SERVED, p.version)]
        if list(inspect.signature(handler).parameters)[2:] != declared:
            wrong.add(f"{name}: {declared}")
    assert sorted(wrong) == []


async def test_names_are_unique_where_vcenter_wants_them_so(world: World) -> None:
    vcenter, call = vcenter_of(world), admin(vcenter_of(world))
    folder = vcenter.single(Datacenter).folder("vmFolder")

    async def story() -> None:
        made = await run(call, folder, "CreateFolder", name="50% of a/b")
        assert vcenter.at(made).value("name") == "50%25 of a%2fb"
        with pytest.raises(vim.fault.DuplicateName) as refused:
            await run(call, folder, "CreateFolder", name="50% of a/b")
        assert refused.value.object == made
        with pytest.raises(vim.fault.DuplicateName):
            await run(call, vcenter.at(vcenter.content.rootFolder), "CreateDatacenter", name="Pittsburgh")
        with pytest.raises(vim.fault.InvalidName):
            await run(call, folder, "CreateFolder", name="x" * 81)
        cluster = vcenter.of(Cluster)[0]
        with pytest.raises(vim.fault.DuplicateName):
            await run(
                call, cluster.pool, "CreateResourcePool", name="gold", spec=cluster.pool.value("config")
            )

    await in_time(world, story())


async def test_a_guest_is_registered_from_its_vmx_with_every_value_it_had(world: World) -> None:
    vcenter, call = vcenter_of(world), admin(vcenter_of(world))
    subject = guest(vcenter, "db-02")

    async def story() -> None:
        config, folder, pool = subject.value("config"), subject.parent, subject.pool
        assert isinstance(folder, Folder)
        assert pool is not None
        arguments = {
            "path": config.files.vmPathName,
            "name": None,
            "asTemplate": False,
            "pool": pool.ref(),
            "host": subject.host.ref(),
        }
        before = next(g for g in dump(world, "protected")["virtualMachine"] if g["name"] == "db-02")
        with pytest.raises(vim.fault.AlreadyExists):
            await run(call, folder, "RegisterVM_Task", **arguments)
        with pytest.raises(vim.fault.InvalidPowerState):
            await run(call, subject, "UnregisterVM")
        await run(call, subject, "PowerOffVM_Task")
        await run(call, subject, "UnregisterVM")
        with pytest.raises(vim.fault.FileNotFound) as missing:
            await run(call, folder, "RegisterVM_Task", **arguments | {"path": "[ds-prod-1] no/no.vmx"})
        assert missing.value.file == "[ds-prod-1] no/no.vmx"
        with pytest.raises(vim.fault.InvalidDatastorePath):
            await run(call, folder, "RegisterVM_Task", **arguments | {"path": "[nowhere] no/no.vmx"})
        made = vcenter.at(await run(call, folder, "RegisterVM_Task", **arguments))
        await run(call, made, "PowerOnVM_Task", host=None)
        assert made.value("guestHeartbeatStatus") == "gray"
        await world.clock.sleep(world.timing["vcenter.tools-heartbeat"] + 1)
        assert made.value("guestHeartbeatStatus") == "green"
        after = next(g for g in dump(world, "protected")["virtualMachine"] if g["name"] == "db-02")
        assert after == before
        with pytest.raises(vim.fault.InvalidPowerState):
            await run(call, made, "PowerOnVM_Task", host=None)

    await in_time(world, story())
    assert len(world.ledger.of("register-guest")) == 1
    assert vcenter.undeclared == []


async def test_power_on_needs_every_disk_where_the_vmx_says(world: World) -> None:
    vcenter, call = vcenter_of(world), admin(vcenter_of(world))
    subject = guest(vcenter, "db-02")

    async def story() -> None:
        await run(call, subject, "PowerOffVM_Task")
        disk = [d for d in subject.value("config").hardware.device if hasattr(d, "capacityInKB")][1]
        store, _, file = disk.backing.fileName.partition("] ")
        mount = subject.host.hypervisor.storage.named(store[1:])
        assert mount is not None
        mount.volume.delete(file)
        with pytest.raises(vim.fault.FileNotFound) as refused:
            await run(call, subject, "PowerOnVM_Task", host=None)
        assert refused.value.file == disk.backing.fileName

    await in_time(world, story())


@pytest.mark.parametrize(("answer", "same"), [("1", True), ("2", False)])
async def test_a_guest_on_other_storage_asks_whether_it_was_moved(
    world: World, answer: str, same: bool
) -> None:
    vcenter, call = vcenter_of(world), admin(vcenter_of(world))
    subject = guest(vcenter, "app-01")

    async def story() -> None:
        await run(call, subject, "PowerOffVM_Task")
        before = subject.value("config").uuid
        subject.keep_setting("uuid.location", "another volume")
        task = await call_task(call, subject)
        for _ in range(20):
            await world.clock.sleep(1)
        question = subject.value("runtime").question
        assert question.message[0].id == "msg.uuid.altered"
        assert [c.summary for c in question.choice.choiceInfo] == ["Cancel", "I Moved It", "I Copied It"]
        assert task.state == "running"
        await run(call, subject, "AnswerVM", questionId=question.id, answerChoice=answer)
        await task.done.wait()
        assert subject.running
        assert (subject.value("config").uuid == before) is same

    await in_time(world, story())


async def call_task(call: Any, subject: Any) -> Any:
    from drconsole.lab.world.vim.dispatch import invoke

    reference = await invoke(call, subject, "PowerOnVM_Task", {"host": None})
    return call.endpoint.at(reference)


async def test_reconfiguring_keeps_what_the_spec_leaves_unset_and_reaches_the_vmx(world: World) -> None:
    vcenter, call = vcenter_of(world), admin(vcenter_of(world))
    subject = guest(vcenter, "web-10")

    async def story() -> None:
        old = subject.value("config")
        nic = next(d for d in old.hardware.device if hasattr(d, "macAddress"))
        moved = new(
            "VirtualVmxnet3",
            key=nic.key,
            backing=new("VirtualEthernetCardNetworkBackingInfo", deviceName="VM Network"),
        )
        change = new("VirtualDeviceConfigSpec", operation="edit", device=moved)
        spec = new("VirtualMachineConfigSpec", annotation="now this", deviceChange=[change])
        await run(call, subject, "ReconfigVM_Task", spec=spec)
        config = subject.value("config")
        assert (config.annotation, config.uuid, config.hardware.numCPU) == (
            "now this",
            old.uuid,
            old.hardware.numCPU,
        )
        edited = next(d for d in config.hardware.device if hasattr(d, "macAddress"))
        assert edited.macAddress == nic.macAddress
        assert [vcenter.at(ref).value("name") for ref in subject.value("network")] == ["VM Network"]
        store, _, file = config.files.vmPathName.partition("] ")
        mount = subject.host.hypervisor.storage.named(store[1:])
        assert mount is not None
        assert b'ethernet0.networkName = "VM Network"' in mount.volume.read(file)
        moved.backing = new("VirtualEthernetCardNetworkBackingInfo", deviceName="no such")
        with pytest.raises(vim.fault.InvalidDeviceBacking):
            await run(call, subject, "ReconfigVM_Task", spec=spec)

    await in_time(world, story())


async def test_cluster_rules_are_added_edited_and_removed_by_key(world: World) -> None:
    vcenter, call = vcenter_of(world), admin(vcenter_of(world))
    cluster = vcenter.of(Cluster)[0]

    async def change(operation: str, **values: Any) -> None:
        update = new("ClusterRuleSpec", operation=operation, **values)
        spec = new("ClusterConfigSpecEx", rulesSpec=[update])
        await run(call, cluster, "ReconfigureComputeResource_Task", spec=spec, modify=True)

    async def story() -> None:
        before = cluster.value("configurationEx")
        rule = before.rule[0]
        await change("edit", info=new(type(rule), key=rule.key, enabled=False))
        after = cluster.value("configurationEx")
        assert (after.rule[0].enabled, after.rule[0].name) == (False, rule.name)
        assert after.dasConfig.enabled == before.dasConfig.enabled
        await change("remove", removeKey=rule.key)
        assert rule.key not in [r.key for r in cluster.value("configurationEx").rule]

    await in_time(world, story())


async def test_a_drill_guest_beside_a_protected_one_leaks(world: World) -> None:
    subject = guest(vcenter_of(world), "app-02")
    world.presence.join(110, "recovery/Pittsburgh/vm/app-02", "recovery")
    assert subject.running
    assert [entry.object for entry in world.ledger.of("leak")] == ["recovery/Pittsburgh/vm/app-02"]


def test_the_default_world_holds_what_a_recovery_has_to_carry(world: World) -> None:
    held = dump(world, "protected")
    guests = held["virtualMachine"]
    assert [len(held[kind]) for kind in ("cluster", "host", "vApp", "distributedSwitch")] == [2, 4, 1, 1]
    assert len(guests) == 40
    assert sum(g["template"] for g in guests) == 1
    assert sum(len({d["datastore"] for d in g["disks"]}) == 2 for g in guests) == 2
    assert {g["power"] for g in guests} == {"on", "off"}
    assert max(len(str(g["name"])) for g in guests) >= 76
    assert any(nic["link"] == "down" for host in held["host"] for nic in host["physicalNics"])
    assert all("<" not in nic["network"] and nic["network"] for g in guests for nic in g["networkInterfaces"])
    assert world.ledger.of("leak") == []


def test_one_seed_is_one_world() -> None:
    first, second = (dump(built_site(VirtualClock()), "protected") for _ in range(2))
    for kind in ("virtualMachine", "host", "cluster", "volume", "datastore"):
        assert first[kind] == second[kind]


async def test_churn_changes_the_site_and_leaves_nothing_dangling() -> None:
    world = built_site()
    before = {g["path"] for g in dump(world, "protected")["virtualMachine"]}
    tally = Tally()
    await churn(world, rate=2000, operations=150, tally=tally)
    after = dump(world, "protected")
    assert before <= {g["path"] for g in after["virtualMachine"]}
    assert len(after["virtualMachine"]) > 40
    assert "<" not in str([g["host"] + g["folder"] + g["resourcePool"] for g in after["virtualMachine"]])
    assert vcenter_of(world).undeclared == []
    assert (tally.kinds.total(), tally.errors) == (150, 0)
    assert tally.refused < 75
    assert isinstance(next(iter(world.arrays.values())), Array)
