"""A capture of a vSphere server that we did not write holds what a walk by other means finds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest
from pyVmomi import vim

from drconsole.model.inventory import ResourcePool, Snapshot, VApp
from drconsole.platforms.vsphere.capture.references import dangling
from drconsole.platforms.vsphere.platform import VSpherePlatform
from drconsole.settings.values import Settings, Site
from tests.real import vcsim_server
from tests.real.vsphere_walk import Walk


@pytest.fixture(scope="module")
def walk(vcsim: vcsim_server.Server) -> Iterator[Walk]:
    walk = Walk(vcsim.host, vcsim.port, vcsim_server.USER, vcsim_server.PASSWORD)
    yield walk
    walk.close()


_taken: dict[str, Snapshot] = {}


@pytest.fixture
async def snapshot(vcsim_site: Site, settings: Settings) -> Snapshot:
    """One capture a server: it only reads."""
    address = vcsim_site.endpoint.address
    if address not in _taken:
        _taken[address] = await VSpherePlatform().capture(vcsim_site, settings, "recovery", _quiet)
    return _taken[address]


def _quiet(_line: str) -> None:
    pass


def ids(objects: tuple[Any, ...]) -> set[str]:
    return {found.id for found in objects}


def ref(value: Any) -> str:
    return str(value._moId) if value is not None else ""


def test_every_object_is_there_and_none_is_invented(snapshot: Snapshot, walk: Walk) -> None:
    assert ids(snapshot.datacenters) == walk.ids(vim.Datacenter)
    assert ids(snapshot.folders) == walk.ids(vim.Folder)
    assert ids(snapshot.clusters) == walk.ids(vim.ClusterComputeResource)
    assert ids(snapshot.hosts) == walk.ids(vim.HostSystem)
    assert ids(snapshot.vapps) == walk.ids(vim.VirtualApp)
    assert ids(snapshot.resource_pools) == walk.ids(vim.ResourcePool) - walk.ids(vim.VirtualApp)
    assert ids(snapshot.distributed_switches) == walk.ids(vim.DistributedVirtualSwitch)
    groups = walk.ids(vim.dvs.DistributedVirtualPortgroup)
    assert ids(snapshot.distributed_port_groups) == groups
    assert ids(snapshot.networks) == walk.ids(vim.Network) - groups
    assert ids(snapshot.datastores) == walk.ids(vim.Datastore)
    assert ids(snapshot.virtual_machines) == walk.ids(vim.VirtualMachine)


def test_nothing_dangles(snapshot: Snapshot) -> None:
    assert dangling(snapshot) == ()
    assert snapshot.consistent


def test_names_and_parents_are_equal(snapshot: Snapshot, walk: Walk) -> None:
    for found in snapshot.objects():
        if found.id not in walk.objects:
            continue  # the management server and what comes from the configuration
        theirs = walk.read(walk.objects[found.id], "name", "parent")
        assert found.name == theirs["name"]
        parent = ref(theirs.get("parent"))
        if isinstance(walk.objects.get(parent), vim.ComputeResource) and parent not in ids(snapshot.clusters):
            continue  # a host that stands alone: below
        assert getattr(found, "parent", getattr(found, "folder", "")) == parent


def test_a_host_that_stands_alone_hangs_in_its_folder_and_its_root_pool_under_it(
    snapshot: Snapshot, walk: Walk
) -> None:
    hosts = {host.id: host for host in snapshot.hosts}
    pools = {pool.id: pool for pool in snapshot.resource_pools}
    alone = walk.ids(vim.ComputeResource) - walk.ids(vim.ClusterComputeResource)
    for id in alone:
        around = walk.read(walk.objects[id], "parent", "host", "resourcePool")
        host = ref(around["host"][0])
        assert hosts[host].parent == ref(around["parent"])
        assert pools[ref(around["resourcePool"])].parent == host


def test_hosts_have_equal_values(snapshot: Snapshot, walk: Walk) -> None:
    theirs = walk.each(vim.HostSystem, "hardware", "config.product", "config.network", "runtime")
    for host in snapshot.hosts:
        its = theirs[host.id]
        assert host.hardware is not None
        assert host.product is not None
        assert host.hardware.uuid == its["hardware"].systemInfo.uuid
        assert host.hardware.memory_mib == its["hardware"].memorySize // 2**20
        assert host.hardware.cpu_cores == its["hardware"].cpuInfo.numCpuCores
        assert (host.product.version, host.product.build) == (
            its["config.product"].version,
            its["config.product"].build,
        )
        assert host.maintenance == its["runtime"].inMaintenanceMode
        assert host.connection == its["runtime"].connectionState
        assert_same_network(host, its["config.network"])


def assert_same_network(host: Any, network: Any) -> None:
    assert [(n.name, n.mac, n.driver, n.pci) for n in host.physical_nics] == [
        (n.device, n.mac, n.driver, n.pci) for n in network.pnic
    ]
    links = [(n.link, n.speed_mbit) for n in host.physical_nics]
    assert links == [
        ("up", n.linkSpeed.speedMb) if n.linkSpeed is not None else ("down", 0) for n in network.pnic
    ]
    assert ("down", 0) in links  # main.go pulls a cable
    assert [(s.name, list(s.nics)) for s in host.virtual_switches] == [
        (s.name, list(s.spec.bridge.nicDevice)) for s in network.vswitch
    ]
    assert [(g.name, g.virtual_switch, g.vlan) for g in host.port_groups] == [
        (g.spec.name, g.spec.vswitchName, g.spec.vlanId) for g in network.portgroup
    ]
    assert [(n.name, n.port_group, n.ip, n.netmask) for n in host.virtual_nics] == [
        (n.device, n.portgroup, n.spec.ip.ipAddress, n.spec.ip.subnetMask) for n in network.vnic
    ]
    assert host.dns is not None
    assert (host.dns.hostname, list(host.dns.servers)) == (
        network.dnsConfig.hostName,
        list(network.dnsConfig.address),
    )
    assert host.gateway == network.ipRouteConfig.defaultGateway


def test_storage_adapters_are_equal(snapshot: Snapshot, walk: Walk) -> None:
    theirs = walk.each(vim.HostSystem, "config.storageDevice")
    for host in snapshot.hosts:
        adapters = theirs[host.id]["config.storageDevice"].hostBusAdapter
        assert [(a.name, a.driver, a.model) for a in host.storage_adapters] == [
            (a.device, a.driver, a.model.strip()) for a in adapters
        ]


def test_clusters_have_equal_settings(snapshot: Snapshot, walk: Walk) -> None:
    theirs = walk.each(vim.ClusterComputeResource, "configurationEx", "resourcePool")
    for cluster in snapshot.clusters:
        its = theirs[cluster.id]
        assert cluster.drs is not None
        assert cluster.drs.enabled == bool(its["configurationEx"].drsConfig.enabled)
        assert cluster.ha is None or cluster.ha.enabled == bool(its["configurationEx"].dasConfig.enabled)
        assert cluster.resource_pool == ref(its["resourcePool"])


def test_pools_have_equal_allocations(snapshot: Snapshot, walk: Walk) -> None:
    theirs = walk.each(vim.ResourcePool, "config")
    pools: tuple[ResourcePool | VApp, ...] = (*snapshot.resource_pools, *snapshot.vapps)
    for pool in pools:
        for ours, its in (
            (pool.cpu, theirs[pool.id]["config"].cpuAllocation),
            (pool.memory, theirs[pool.id]["config"].memoryAllocation),
        ):
            assert ours is not None
            assert (ours.reservation, ours.limit, ours.expandable) == (
                its.reservation or 0,
                -1 if its.limit is None else its.limit,
                bool(its.expandableReservation),
            )
            assert ours.shares_level == its.shares.level


def test_distributed_port_groups_know_their_switch(snapshot: Snapshot, walk: Walk) -> None:
    theirs = walk.each(vim.dvs.DistributedVirtualPortgroup, "key", "config.distributedVirtualSwitch")
    for group in snapshot.distributed_port_groups:
        assert (group.key, group.switch) == (
            theirs[group.id]["key"],
            ref(theirs[group.id]["config.distributedVirtualSwitch"]),
        )


def test_datastores_have_equal_values(snapshot: Snapshot, walk: Walk) -> None:
    theirs = walk.each(vim.Datastore, "summary", "host")
    for datastore in snapshot.datastores:
        its = theirs[datastore.id]
        assert (datastore.type, datastore.url) == (its["summary"].type, its["summary"].url)
        assert datastore.capacity_mib == its["summary"].capacity // 2**20
        assert {m.host for m in datastore.mounts} == {ref(m.key) for m in its.get("host", [])}


def test_guests_have_equal_values(snapshot: Snapshot, walk: Walk) -> None:
    theirs = walk.each(vim.VirtualMachine, "config", "runtime.powerState", "runtime.host", "resourcePool")
    power = {"poweredOn": "on", "poweredOff": "off", "suspended": "suspended"}
    for guest in snapshot.virtual_machines:
        its = theirs[guest.id]
        config = its["config"]
        assert (guest.uuid, guest.instance_uuid) == (config.uuid, config.instanceUuid)
        assert guest.vmx_path == config.files.vmPathName
        assert (guest.cpus, guest.memory_mib) == (config.hardware.numCPU, config.hardware.memoryMB)
        assert guest.template == bool(config.template)
        assert guest.annotation == (config.annotation or "")
        assert guest.power == power[its["runtime.powerState"]]
        assert (guest.host, guest.resource_pool) == (ref(its["runtime.host"]), ref(its["resourcePool"]))
        assert_same_devices(guest, config.hardware.device)


def assert_same_devices(guest: Any, devices: list[Any]) -> None:
    disks: list[Any] = [d for d in devices if isinstance(d, vim.vm.device.VirtualDisk)]
    assert [(d.key, d.path, d.datastore, d.capacity_kib, d.unit) for d in guest.disks] == [
        (d.key, d.backing.fileName, ref(d.backing.datastore), d.capacityInKB, d.unitNumber) for d in disks
    ]
    cards: list[Any] = [d for d in devices if isinstance(d, vim.vm.device.VirtualEthernetCard)]
    assert [(c.key, c.mac) for c in guest.network_interfaces] == [(c.key, c.macAddress) for c in cards]
    for ours, its in zip(guest.network_interfaces, cards, strict=True):
        port = getattr(its.backing, "port", None)
        assert ours.network == (port.portgroupKey if port else ref(its.backing.network))


async def test_the_list_of_hosts_is_complete(vcsim_site: Site, settings: Settings, walk: Walk) -> None:
    listed = await VSpherePlatform().list_hosts(vcsim_site, settings)
    assert {listing.id for listing in listed} == walk.ids(vim.HostSystem)
    guests = walk.each(vim.HostSystem, "vm")
    for listing in listed:
        assert listing.guests == len(guests[listing.id].get("vm", []))
        assert listing.path.endswith(f"/{listing.name}")


async def test_who_answered_is_said(vcsim_site: Site, settings: Settings, walk: Walk) -> None:
    check = await VSpherePlatform().check(vcsim_site, settings)
    assert (check.version, check.hosts) == ("6.5.0", len(walk.ids(vim.HostSystem)))
    assert check.guests == len(walk.ids(vim.VirtualMachine))
    assert abs(check.skew_s) < 5


async def test_the_live_inventory_begins_with_everything_and_goes_on_with_changes(
    vcsim_site: Site, settings: Settings, walk: Walk
) -> None:
    guest = next(iter(walk.ids(vim.VirtualMachine)))
    seen: set[str] = set()
    async with aclosing(VSpherePlatform().watch(vcsim_site, settings)) as batches:  # type: ignore[type-var]  # it is an async generator
        async for batch in batches:
            seen |= {change.id for change in batch}
            if walk.ids(vim.VirtualMachine) <= seen:
                break
        walk.objects[guest].Rename_Task("renamed while watched")
        async for batch in batches:
            if any(c.id == guest and c.name == "renamed while watched" for c in batch):
                break
