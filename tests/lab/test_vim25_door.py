"""An unmodified vSphere client at the protected vCenter's door."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from pyVmomi import vim, vmodl
from pyVmomi.SoapAdapter import SoapStubAdapter

from drconsole.lab.doors.vim25.encode import PREPARED, writer
from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.vcenter.guests import VirtualMachine
from drconsole.lab.world.vim.watching import Content
from drconsole.lab.world.world import World
from tests.lab.vsphere_site import PASSWORD, as_client, built_site, guest, listening, trusting, vcenter_of

MOVES = {
    "Folder": ("childEntity",),
    "Datacenter": ("vmFolder", "hostFolder", "datastoreFolder", "networkFolder"),
    "ComputeResource": ("host", "resourcePool"),
    "ResourcePool": ("resourcePool",),
}


@pytest.fixture
def world() -> World:
    return built_site()


@pytest.fixture
async def port(world: World, tmp_path: Path) -> AsyncIterator[int]:
    assert world.protected_management is not None
    async with listening(world.protected_management, tmp_path) as number:
        yield number


def whole_tree(instance: Any, wanted: dict[Any, list[str]]) -> Any:
    """A filter over the whole inventory, as a capture makes it: one traversal, many types."""
    build = vmodl.query.PropertyCollector
    names = [f"{kind}.{path}" for kind, paths in MOVES.items() for path in paths]
    steps = [
        build.TraversalSpec(
            name=name,
            type=getattr(vim, name.partition(".")[0]),
            path=name.partition(".")[2],
            skip=False,
            selectSet=[build.SelectionSpec(name=other) for other in names],
        )
        for name in names
    ]
    start = build.ObjectSpec(obj=instance.content.rootFolder, skip=False, selectSet=steps)
    specs = [build.PropertySpec(type=kind, pathSet=paths, all=False) for kind, paths in wanted.items()]
    return build.FilterSpec(objectSet=[start], propSet=specs)


async def test_smart_connect_finds_version_content_and_clock(port: int) -> None:
    def look(instance: Any) -> tuple[str, str, str]:
        about = instance.content.about
        assert instance.CurrentTime().tzinfo is not None
        options = instance.content.setting.QueryOptions("VirtualCenter.FQDN")
        return about.apiType, about.apiVersion, options[0].value

    assert await as_client(port, look) == ("VirtualCenter", "8.0.3.0", "vc-01.pittsburgh.example")


async def test_a_wrong_password_is_invalid_login(port: int) -> None:
    # By the stub: a SmartConnect that fails leaves its connection to the garbage collector.
    stub = SoapStubAdapter("127.0.0.1", port, version="vim.version.v8_0_2_0", sslContext=trusting())

    def login() -> None:
        content: Any = vim.ServiceInstance("ServiceInstance", stub).RetrieveContent()
        with pytest.raises(vim.fault.InvalidLogin):
            content.sessionManager.Login("administrator@vsphere.local", f"{PASSWORD}x", None)
        with pytest.raises(vim.fault.NotAuthenticated):
            _ = content.rootFolder.name
        stub.DropConnections()

    await asyncio.to_thread(login)


async def test_a_capture_reads_the_whole_tree_in_pages(port: int) -> None:
    def capture(instance: Any) -> dict[str, str]:
        collector = instance.content.propertyCollector
        wanted = {
            vim.VirtualMachine: [
                "name",
                "config.hardware.device",
                "runtime.powerState",
                "config.files.vmPathName",
            ],
            vim.HostSystem: ["name", "config.network.pnic", "hardware.systemInfo.uuid"],
            vim.ManagedEntity: ["parent"],
        }
        options = vmodl.query.PropertyCollector.RetrieveOptions(maxObjects=7)
        page = collector.RetrievePropertiesEx([whole_tree(instance, wanted)], options)
        found: dict[str, str] = {}
        while True:
            assert len(page.objects) <= 7
            for item in page.objects:
                values = {p.name: p.val for p in item.propSet}
                found[item.obj._moId] = values.get("name", "")
                if isinstance(item.obj, vim.VirtualMachine):
                    assert any(
                        isinstance(d, vim.vm.device.VirtualDisk) for d in values["config.hardware.device"]
                    )
            if not page.token:
                return found
            page = collector.ContinueRetrievePropertiesEx(page.token)

    found = await as_client(port, capture)
    assert sum(moid.startswith("vm-") for moid in found) == 40
    assert sum(moid.startswith("host-") for moid in found) == 4
    assert "web 02 [blue]" in found.values()


async def test_forty_guests_are_answered_in_milliseconds_from_kept_fragments(world: World) -> None:
    vcenter = vcenter_of(world)
    paths = ("name", "config", "runtime", "guest", "summary", "network", "datastore")
    contents = [Content(item, paths) for item in vcenter.of(VirtualMachine)]

    assert Content in PREPARED

    def answered() -> float:
        started = time.perf_counter()
        out: list[str] = []
        page = new("RetrieveResult")
        page.__dict__["objects"] = contents
        writer(vcenter.version).element("returnval", type(page), page, out)
        assert len("".join(out)) > 100_000
        return time.perf_counter() - started

    answered()
    assert min(answered() for _ in range(5)) < 0.02


async def test_container_views_and_attributes_work_as_clients_use_them(port: int) -> None:
    def look(instance: Any) -> tuple[int, str, str, str]:
        content = instance.content
        view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
        machines = list(view.view)
        view.DestroyView()
        by_path = content.searchIndex.FindByInventoryPath("Pittsburgh/vm/Infrastructure/vc-01")
        by_ip = content.searchIndex.FindByIp(None, "10.10.0.5", True)
        by_uuid = content.searchIndex.FindByUuid(None, by_path.config.uuid, True, False)
        return len(machines), by_path.name, by_ip.name, by_uuid.summary.config.name

    assert await as_client(port, look) == (40, "vc-01", "vc-01", "vc-01")


async def test_unknown_properties_and_objects_fault_as_a_real_server(port: int) -> None:
    def ask(instance: Any) -> None:
        collector = instance.content.propertyCollector
        with pytest.raises(vmodl.query.InvalidProperty) as refused:
            collector.RetrievePropertiesEx(
                [whole_tree(instance, {vim.VirtualMachine: ["config.hardware.devices"]})],
                vmodl.query.PropertyCollector.RetrieveOptions(),
            )
        assert refused.value.name == "config.hardware.devices"
        with pytest.raises(vmodl.fault.ManagedObjectNotFound):
            _ = vim.VirtualMachine("vm-999999", instance._stub).name
        with pytest.raises(vmodl.fault.ManagedObjectNotFound):
            _ = vim.Folder("vm-11", instance._stub).name

    await as_client(port, ask)


async def test_a_watcher_is_told_of_a_rename_and_of_a_new_folder(port: int) -> None:
    def watch(instance: Any) -> None:
        collector = instance.content.propertyCollector.CreatePropertyCollector()
        spec = whole_tree(instance, {vim.ManagedEntity: ["name"]})
        collector.CreateFilter(spec, True)
        options = vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=5)
        first = collector.WaitForUpdatesEx("", options)
        assert len(first.filterSet[0].objectSet) > 60
        datacenter = instance.content.rootFolder.childEntity[0]
        made = datacenter.vmFolder.CreateFolder("new one")
        second = collector.WaitForUpdatesEx(first.version, options)
        assert ("enter", made) in [(u.kind, u.obj) for s in second.filterSet for u in s.objectSet]
        task = made.Rename_Task("renamed")
        third = collector.WaitForUpdatesEx(second.version, options)
        changes = [(u.kind, c.val) for s in third.filterSet for u in s.objectSet for c in u.changeSet]
        assert ("modify", "renamed") in changes
        assert task.info.state == "success"
        with pytest.raises(vmodl.query.InvalidCollectorVersion):
            collector.WaitForUpdatesEx("77", options)
        none = collector.WaitForUpdatesEx(
            third.version, vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=0)
        )
        assert none is None

    await as_client(port, watch)


async def test_session_expiry_wakes_the_long_poll_and_fails_the_next_call(world: World, port: int) -> None:
    polling = asyncio.Event()
    loop = asyncio.get_running_loop()

    def watch(instance: Any) -> float:
        collector = instance.content.propertyCollector
        collector.CreateFilter(whole_tree(instance, {vim.Folder: ["name"]}), True)
        first = collector.WaitForUpdatesEx("", None)
        loop.call_soon_threadsafe(polling.set)
        started = time.monotonic()
        with pytest.raises(vim.fault.NotAuthenticated):
            collector.WaitForUpdatesEx(
                first.version, vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=60)
            )
        with pytest.raises(vim.fault.NotAuthenticated):
            _ = instance.content.rootFolder.childEntity
        return time.monotonic() - started

    async def expire() -> None:
        await polling.wait()
        await asyncio.sleep(0.2)
        world.start_fault("vcenter-session-expires", times=1)

    waited, _ = await asyncio.gather(as_client(port, watch), expire())
    assert waited < 10


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"<a", "InvalidRequest"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a/>', "InvalidRequest"),
        (b'<X xmlns="urn:vim25"><_this type="Folder">group-d1</_this></X>', "MethodNotFound"),
        (
            b'<CreateFolder xmlns="urn:vim25"><_this type="Folder">group-d1</_this></CreateFolder>',
            "InvalidRequest",
        ),
        (
            b'<CreateFolder xmlns="urn:vim25"><_this type="Folder">group-d1</_this>'
            b"<name>a</name><b>c</b></CreateFolder>",
            "InvalidRequest",
        ),
        (
            b'<CreateFolder xmlns="urn:vim25"><_this type="Folder">group-d1</_this>'
            b"<name>a</name></CreateFolder>",
            "NotAuthenticated",
        ),
        (
            b'<CreateFolder xmlns="urn:vim25"><_this type="Foldr">group-d1</_this></CreateFolder>',
            "InvalidType",
        ),
    ],
)
async def test_requests_outside_the_type_information_fault(port: int, body: bytes, fault: str) -> None:
    envelope = (
        b"<E:Envelope xmlns:E='http://schemas.xmlsoap.org/soap/envelope/'><E:Body>%s</E:Body></E:Envelope>"
    )
    data = envelope % body if body.startswith((b"<X", b"<C")) else body
    async with (
        ClientSession() as client,
        client.post(f"https://127.0.0.1:{port}/sdk", data=data, ssl=False) as answer,
    ):
        assert answer.status == 500
        assert f'xsi:type="{fault}"' in await answer.text()


async def test_a_failing_task_shows_the_fault_and_its_progress_is_seen(world: World, port: int) -> None:
    world.start_fault("task-fails", times=1, method="Rename_Task")

    def rename(instance: Any) -> tuple[str, str]:
        found = instance.content.searchIndex.FindByInventoryPath("Pittsburgh/vm/Production")
        states = []
        for name in ("Later", "Later"):
            task = found.Rename_Task(name)
            while task.info.state == "running":
                time.sleep(0.01)
            states.append(str(task.info.state))
        assert task.info.result is None
        return states[0], states[1]

    assert await as_client(port, rename) == ("error", "success")
    assert guest(vcenter_of(world), "app-02").path() == "Pittsburgh/vm/Later/app-02"
