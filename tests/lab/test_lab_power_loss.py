"""What runs on a machine ends with its power, and nothing of a wiped system watches the world."""

from __future__ import annotations

import gc
import weakref

from drconsole.lab.world.install import erase
from drconsole.lab.world.power import cut, start_running
from drconsole.lab.world.vim.esxi.host_system import HostSystem
from drconsole.lab.world.vim.tasks import Task
from drconsole.lab.world.vim.vcenter.clusters import Cluster
from drconsole.lab.world.vim.vcenter.guests import VirtualMachine
from drconsole.lab.world.vim.vcenter.server import VCenter
from drconsole.lab.world.world import World
from tests.lab.esxi_world import Site, connect_spec, install, recovery_world, site
from tests.lab.vsphere_site import admin, built_site, run, vcenter_of


async def test_sessions_and_tasks_end_with_the_power_and_the_inventory_stays() -> None:
    world = recovery_world()
    recovered = await site(world)
    host = install(world, "E", "127.64.4.21")
    started = await recovered.client.begin(
        recovered.cluster, "AddHost_Task", spec=connect_spec(host), asConnected=True
    )
    task = recovered.vcenter.objects[started._moId]
    assert isinstance(task, Task)
    session = recovered.client.session
    cut(world.machines["D"])
    await task.done.wait()
    assert session.ended.is_set()
    assert task.get("info.state") == "error"
    assert not world.ledger.of("add-host"), "the host was not added by a server without power"
    start_running(world.machines["D"])
    assert recovered.vcenter.of(Cluster) == [recovered.cluster]


async def test_a_guest_that_migrated_depends_on_the_power_of_its_new_host() -> None:
    world = built_site()
    vcenter = vcenter_of(world)
    moving = next(g for g in vcenter.of(VirtualMachine) if g.running and isinstance(g.host.parent, Cluster))
    old, cluster = moving.host, moving.host.parent
    assert isinstance(cluster, Cluster)
    new = next(host for host in cluster.children.values() if host is not old)
    assert isinstance(new, HostSystem)
    await run(
        admin(vcenter),
        moving,
        "MigrateVM_Task",
        pool=None,
        host=new.ref(),
        priority="defaultPriority",
        state=None,
    )
    cut(old.hypervisor.machine)
    assert moving.running
    cut(new.hypervisor.machine)
    assert not moving.running
    await world.close()


async def test_a_wiped_server_is_forgotten_by_the_world() -> None:
    world = recovery_world()
    gone = await _added_and_wiped(world)
    gc.collect()
    assert gone() is None


async def _added_and_wiped(world: World) -> weakref.ref[VCenter]:
    recovered: Site = await site(world)
    await recovered.add(install(world, "E", "127.64.4.21"))
    for name in ("D", "E"):
        machine = world.machines[name]
        assert machine.system is not None
        cut(machine)
        machine.disks[0].content = f"installed:{machine.system.kind}"
        erase(machine, machine.disks[0])
        assert machine.system is None
    return weakref.ref(recovered.vcenter)
