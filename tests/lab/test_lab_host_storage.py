"""Copies of volumes are seen, resolved and renamed; exports are mounted over a path that is there."""

from __future__ import annotations

from typing import Any

import pytest

from drconsole.lab.doors.vim25.contents import fragment
from drconsole.lab.world.clock import VirtualClock
from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.hypervisor.network import PortGroup, Vmk
from drconsole.lab.world.vim.esxi.datastore import Datastore
from drconsole.lab.world.vim.esxi.files import download
from drconsole.lab.world.vim.esxi.host_system import HostSystem
from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.registry import wsdl_type
from drconsole.lab.world.volumes import Volume
from drconsole.lab.world.world import World
from tests.lab.esxi_world import NETMASK, Site, install, part, recovery_world, site

PORTAL = "10.30.0.11"
STORAGE_VLAN = 1030


class Storage:
    """Two added hosts and the promoted replica of a protected volume."""

    def __init__(self, world: World, recovered: Site, hosts: list[HostSystem]) -> None:
        self.world, self.site, self.views = world, recovered, hosts
        self.client = recovered.client

    async def on(self, number: int, manager: str, method: str, **arguments: Any) -> Any:
        return await self.client.call(part(self.views[number], manager), method, **arguments)

    async def rescan(self, number: int) -> list[Any]:
        await self.on(number, "storageSystem", "RescanAllHba")
        await self.on(number, "storageSystem", "RescanVmfs")
        return list(await self.on(number, "datastoreSystem", "QueryUnresolvedVmfsVolumes"))

    async def resignature(self, number: int, volume: Volume) -> Datastore:
        spec = new(
            "HostUnresolvedVmfsResignatureSpec", extentDevicePath=[f"/vmfs/devices/disks/{volume.naa}:1"]
        )
        method = "ResignatureUnresolvedVmfsVolume_Task"
        result = await self.on(number, "datastoreSystem", method, resolutionSpec=spec)
        found = self.client.object(result.result)
        assert isinstance(found, Datastore)
        return found

    async def force_mount(self, number: int, volume: Volume) -> Any:
        spec = new(
            "HostUnresolvedVmfsResolutionSpec",
            extentDevicePath=[f"/vmfs/devices/disks/{volume.naa}:1"],
            uuidResolution="forceMount",
        )
        method = "ResolveMultipleUnresolvedVmfsVolumes"
        return (await self.on(number, "storageSystem", method, resolutionSpec=[spec]))[0]

    async def mount_nfs(self, number: int, *, server: str = PORTAL, name: str = "ds-files-1") -> Datastore:
        spec = new(
            "HostNasVolumeSpec",
            remoteHost=server,
            remotePath="/exports/nfs1-replica",
            localPath=name,
            accessMode="readWrite",
        )
        reference = await self.on(number, "datastoreSystem", "CreateNasDatastore", spec=spec)
        found = self.client.object(reference)
        assert isinstance(found, Datastore)
        return found


async def _storage() -> Storage:
    world = recovery_world()
    recovered = await site(world)
    views = []
    for target, address in (("E", "127.64.4.21"), ("F", "127.64.4.22")):
        views.append(await recovered.add(install(world, target, address)))
    return Storage(world, recovered, views)


def _clock(world: World) -> VirtualClock:
    assert isinstance(world.clock, VirtualClock)
    return world.clock


async def _presented(storage: Storage) -> Volume:
    """Fills, replicates, halts, promotes and presents vol1 to both hosts."""
    world = storage.world
    world.arrays["array1"].volumes["vol1"].write("web-01/web-01.vmx", b'memsize = "1024"')
    array = world.arrays["r1"]
    clock = _clock(world)
    array.receive(array.group("prod-block"))
    await clock.run(array.halt("prod-block", token="r/h"))
    await clock.run(array.promote("prod-block", token="r/p"))
    wwpns = [wwpn for view in storage.views for wwpn in view.hypervisor.machine.hardware.wwpns]
    return await clock.run(array.present("vol1-replica", wwpns))


async def test_a_presented_copy_is_seen_after_a_rescan_and_stays_unresolved() -> None:
    storage = await _storage()
    volume = await _presented(storage)
    assert not await storage.on(0, "datastoreSystem", "QueryUnresolvedVmfsVolumes")
    found = await storage.rescan(0)
    assert [copy.vmfsLabel for copy in found] == ["ds-prod-1"]
    extent = found[0].extent[0]
    assert (extent.device.diskName, extent.reason) == (volume.naa, "diskIdMismatch")
    assert found[0].resolveStatus.resolvable is True
    assert not storage.views[0].value("datastore")
    devices = storage.views[0].get("config.storageDevice")
    assert volume.naa in {lun.canonicalName for lun in devices.scsiLun}
    wwpn = storage.views[0].hypervisor.machine.hardware.wwpns[0]
    shown = next(hba for hba in devices.hostBusAdapter if hba.device == "vmhba1").portWorldWideName
    assert f"{shown & (1 << 64) - 1:016x}" == wwpn


async def test_a_resignatured_copy_gets_a_new_uuid_and_its_old_name_back() -> None:
    storage = await _storage()
    volume = await _presented(storage)
    assert volume.vmfs is not None
    before = volume.vmfs.uuid
    await storage.rescan(0)
    await storage.rescan(1)
    datastore = await storage.resignature(0, volume)
    assert datastore.name.startswith("snap-")
    assert datastore.name.endswith("-ds-prod-1")
    assert datastore.value("info").vmfs.uuid != before
    assert len(datastore.value("host")) == 2, "the other host found it by itself"
    await storage.client.call(datastore, "Rename_Task", newName="ds-prod-1")
    assert datastore.value("summary").name == "ds-prod-1"
    assert datastore.value("summary").multipleHostAccess is True
    assert [m.volume.name for m in storage.views[1].get("config.fileSystemVolume.mountInfo")] == ["ds-prod-1"]
    with pytest.raises(wsdl_type("HostConfigFault")):
        await storage.resignature(0, volume)
    mounts = storage.world.ledger.of("mount")
    assert {entry.detail["volume"] for entry in mounts} == {volume.path}
    assert len({entry.object for entry in mounts}) == 2


async def test_a_force_mounted_copy_keeps_uuid_and_name_on_that_host_only() -> None:
    storage = await _storage()
    volume = await _presented(storage)
    await storage.rescan(0)
    await storage.rescan(1)
    result = await storage.force_mount(0, volume)
    assert (result.fault, result.vmfs.name) == (None, "ds-prod-1")
    assert volume.vmfs is not None
    assert result.vmfs.uuid == volume.vmfs.uuid
    assert len(storage.views[0].value("datastore")) == 1
    assert not storage.views[1].value("datastore")
    again = await storage.force_mount(0, volume)
    assert isinstance(again.fault, wsdl_type("VmfsAlreadyMounted"))
    await storage.force_mount(1, volume)
    assert len(storage.site.datacenter.value("datastore")) == 1


async def test_two_copies_of_one_volume_are_ambiguous() -> None:
    storage = await _storage()
    volume = await _presented(storage)
    array = storage.world.arrays["r1"]
    twin = Volume(array.name, "twin", volume.size_bytes, naa="naa.6twin", vmfs=volume.vmfs)
    twin.initiators = list(volume.initiators)
    array.volumes["twin"] = twin
    found = await storage.rescan(0)
    assert (len(found), len(found[0].extent)) == (1, 2)
    assert found[0].resolveStatus.multipleCopies is True
    result = await storage.force_mount(0, volume)
    assert isinstance(result.fault, wsdl_type("VmfsAmbiguousMount"))
    with pytest.raises(wsdl_type("VmfsAmbiguousMount")):
        await storage.resignature(0, volume)


async def test_files_are_found_and_read_on_a_mounted_datastore() -> None:
    storage = await _storage()
    volume = await _presented(storage)
    volume.write("folder [x]/db/db.vmx", b"one")
    volume.write("folder [x]/db/db.vmdk", b"disk")
    await storage.rescan(0)
    await storage.force_mount(0, volume)
    datastore = storage.client.object(storage.views[0].value("datastore")[0])
    browser = storage.client.object(datastore.value("browser"))
    search = "SearchDatastore_Task"
    spec = new("HostDatastoreBrowserSearchSpec", query=[new("VmConfigFileQuery")])
    results = await storage.client.call(
        browser, "SearchDatastoreSubFolders_Task", datastorePath="[ds-prod-1]", searchSpec=spec
    )
    found = {(r.folderPath, f.path) for r in results for f in r.file}
    assert found == {("[ds-prod-1] web-01/", "web-01.vmx"), ("[ds-prod-1] folder [x]/db/", "db.vmx")}
    one = await storage.client.call(
        browser, "SearchDatastore_Task", datastorePath="[ds-prod-1] folder [x]/db"
    )
    assert sorted(file.path for file in one.file) == ["db.vmdk", "db.vmx"]
    with pytest.raises(wsdl_type("FileNotFound")):
        await storage.client.call(browser, search, datastorePath="[ds-prod-1] none")
    with pytest.raises(wsdl_type("InvalidDatastore")):
        await storage.client.call(browser, search, datastorePath="[other] none")
    vcenter = storage.site.vcenter
    assert download(vcenter, "web-01/web-01.vmx", "Pittsburgh", "ds-prod-1") == b'memsize = "1024"'
    for path, datacenter in (("none", "Pittsburgh"), ("web-01/web-01.vmx", "Elsewhere")):
        with pytest.raises(FileNotFoundError):
            download(vcenter, path, datacenter, "ds-prod-1")


async def test_what_is_no_longer_presented_is_not_accessible() -> None:
    storage = await _storage()
    volume = await _presented(storage)
    await storage.rescan(0)
    await storage.force_mount(0, volume)
    datastore = storage.client.object(storage.views[0].value("datastore")[0])
    version = storage.site.vcenter.version
    assert "true" in fragment(datastore, "summary.accessible", version)
    await _clock(storage.world).run(storage.world.arrays["r1"].unpresent("vol1-replica", []))
    assert "false" in fragment(datastore, "summary.accessible", version)


def _storage_vmk(host: Hypervisor, address: str, vlan: int) -> None:
    network = host.network.copy()
    network.portgroups["Storage-NFS"] = PortGroup("Storage-NFS", "vSwitch0", vlan)
    network.vmks["vmk1"] = Vmk("vmk1", "00:50:56:60:00:01", address, NETMASK, portgroup="Storage-NFS")
    host.network = network


def _export(world: World, *clients: str) -> None:
    world.arrays["r2"].volumes["nfs1-replica"].initiators = list(clients)


async def test_an_export_is_mounted_over_a_vmkernel_interface_that_reaches_its_portal() -> None:
    storage = await _storage()
    first, second = (view.hypervisor for view in storage.views)
    with pytest.raises(wsdl_type("NasVolumeNotMounted")):
        await storage.mount_nfs(0)
    _storage_vmk(first, "10.30.0.21", STORAGE_VLAN)
    with pytest.raises(wsdl_type("NasVolumeNotMounted")):
        await storage.mount_nfs(0)
    _export(storage.world, "10.30.0.21", "10.30.0.22")
    datastore = await storage.mount_nfs(0)
    _storage_vmk(second, "10.30.0.22", 77)
    with pytest.raises(wsdl_type("NasVolumeNotMounted")):
        await storage.mount_nfs(1)
    _storage_vmk(second, "10.30.0.22", STORAGE_VLAN)
    assert await storage.mount_nfs(1) is datastore
    assert len(datastore.value("host")) == 2
    assert datastore.value("info").nas.remoteHost == PORTAL
    with pytest.raises(wsdl_type("AlreadyExists")):
        await storage.mount_nfs(1)


async def test_one_export_has_one_name() -> None:
    storage = await _storage()
    for view, address in zip(storage.views, ("10.30.0.21", "10.30.0.22"), strict=True):
        _storage_vmk(view.hypervisor, address, STORAGE_VLAN)
    _export(storage.world, "10.30.0.21", "10.30.0.22")
    await storage.mount_nfs(0)
    with pytest.raises(wsdl_type("PlatformConfigFault")):
        await storage.mount_nfs(1, name="other")
    with pytest.raises(wsdl_type("DuplicateName")):
        await storage.mount_nfs(1, server="10.30.0.12")
    datastore = storage.client.object(storage.views[0].value("datastore")[0])
    await storage.on(0, "datastoreSystem", "RemoveDatastore", datastore=datastore.ref())
    assert not storage.site.datacenter.value("datastore")
