"""What a client of the vCenter sees after others changed things: no stale values, real events."""

from __future__ import annotations

from typing import Any, cast

import pytest
from pyVmomi import vim

from drconsole.lab.doors.vim25.contents import fragment
from drconsole.lab.world.clock import VirtualClock
from drconsole.lab.world.vim.events import EventManager
from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.objects import ManagedObject
from drconsole.lab.world.vim.vcenter.clusters import Cluster
from drconsole.lab.world.vim.vcenter.datacenters import Datacenter
from drconsole.lab.world.vim.vcenter.pools import ResourcePool
from drconsole.lab.world.vim.vcenter.server import VCenter
from drconsole.lab.world.vim.views import ViewManager
from drconsole.lab.world.world import World
from tests.lab.vsphere_site import admin, built_site, guest, run, vcenter_of


@pytest.fixture
def world() -> World:
    return built_site(VirtualClock())


def fresh(vcenter: VCenter) -> list[str]:
    """Every property whose kept XML is not what it would be if it were written anew."""
    stale = []
    for item in tuple(vcenter.objects.values()):
        for (version, path), kept in tuple(item.fragments.items()):
            item.fragments.pop((version, path))
            if fragment(item, path, version).encode() != kept:
                stale.append(f"{item.wsdl}.{path}")
    return sorted(set(stale))


def keep_all(vcenter: VCenter) -> None:
    for item in tuple(vcenter.objects.values()):
        for name in item.infos():
            fragment(item, name, vcenter.version)


async def changes(world: World, call: Any) -> None:
    """A day's work on the site."""
    vcenter = vcenter_of(world)
    datacenter = vcenter.single(Datacenter)
    folder = datacenter.folder("vmFolder")
    subject, cluster = guest(vcenter, "web-12"), vcenter.of(Cluster)[0]
    host = cast("Any", next(iter(cluster.children.values())))
    made = vcenter.at(await run(call, folder, "CreateFolder", name="new"))
    await run(call, made, "MoveIntoFolder_Task", list=[subject.ref()])
    above = subject.host.parent
    assert isinstance(above, Cluster)
    for target in tuple(above.children.values()):
        await run(
            call, subject, "MigrateVM_Task", pool=None, host=target.ref(), priority="highPriority", state=None
        )
    await run(
        call, subject, "ReconfigVM_Task", spec=new("VirtualMachineConfigSpec", annotation="x", memoryMB=4096)
    )
    if subject.running:
        await run(call, subject, "PowerOffVM_Task")
    await run(call, subject, "MarkAsTemplate")
    assert subject.value("resourcePool") is None
    await run(call, subject, "MarkAsVirtualMachine", pool=above.pool.ref(), host=None)
    await run(call, subject, "PowerOnVM_Task", host=None)
    await run(call, subject, "Rename_Task", newName="renamed")
    spec = new(
        "HostPortGroupSpec", name="more", vlanId=11, vswitchName="vSwitch0", policy=new("HostNetworkPolicy")
    )
    await run(call, host.managers.by_name["networkSystem"], "AddPortGroup", portgrp=spec)
    pool = cast("ResourcePool", cluster.pool.child("bronze"))
    await run(call, pool, "UpdateConfig", name="tin", config=None)
    await run(call, pool, "Destroy_Task")
    other = guest(vcenter, "mail-11")
    if other.running:
        await run(call, other, "PowerOffVM_Task")
    await run(call, other, "Destroy_Task")
    await run(call, cluster, "ReconfigureComputeResource_Task", spec=new("ClusterConfigSpecEx"), modify=False)


async def test_no_kept_value_is_stale_after_a_days_work(world: World) -> None:
    vcenter, call = vcenter_of(world), admin(vcenter_of(world))
    keep_all(vcenter)
    await cast("VirtualClock", world.clock).run(changes(world, call))
    # Statistics tell a host's uptime; a real server brings them up to date every 20 s as well.
    assert set(fresh(vcenter)) <= {"HostSystem.summary"}
    assert vcenter.undeclared == []
    with pytest.raises(StopIteration):
        guest(vcenter, "mail-11")


async def test_a_destroyed_pool_gives_its_guests_to_the_one_above(world: World) -> None:
    vcenter, call = vcenter_of(world), admin(vcenter_of(world))
    cluster = vcenter.of(Cluster)[0]
    pool = cast("ResourcePool", cluster.pool.child("gold"))
    inside, child = dict(pool.guests), pool.child("critical")
    assert inside
    assert child is not None
    await cast("VirtualClock", world.clock).run(run(call, pool, "Destroy_Task"))
    assert inside.keys() <= cluster.pool.guests.keys()
    assert child.parent is cluster.pool
    call.session = None
    with pytest.raises(vim.fault.NotAuthenticated):
        await run(call, cluster.pool, "DestroyChildren")


async def test_events_are_read_in_order_and_list_views_forget_what_is_gone(world: World) -> None:
    vcenter, call = vcenter_of(world), admin(vcenter_of(world))
    folder = vcenter.single(Datacenter).folder("vmFolder")
    views, events = vcenter.single(ViewManager), vcenter.single(EventManager)

    async def story() -> None:
        made: ManagedObject = vcenter.at(await run(call, folder, "CreateFolder", name="short-lived"))
        view = vcenter.at(await run(call, views, "CreateListView", obj=[made.ref(), folder.ref()]))
        reader = vcenter.at(
            await run(call, events, "CreateCollectorForEvents", filter=new("EventFilterSpec"))
        )
        await run(call, made, "Rename_Task", newName="shorter")
        await run(call, made, "Destroy_Task")
        assert view.value("view") == [folder.ref()]
        read = await run(call, reader, "ReadNextEvents", maxCount=10)
        assert [event.info.descriptionId for event in read] == ["Folder.Rename", "Folder.Destroy"]
        assert await run(call, reader, "ReadNextEvents", maxCount=10) == []
        assert call.session is not None
        vcenter.sessions.end(call.session)
        assert view.moid not in vcenter.objects

    await cast("VirtualClock", world.clock).run(story())
