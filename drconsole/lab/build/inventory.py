"""The protected site's software: its vCenter, hosts, tree, networks and guests."""

from __future__ import annotations

import random
import uuid
from typing import Any, cast

from drconsole.lab.build import blueprint as plan
from drconsole.lab.build.blueprint import Blueprint
from drconsole.lab.build.construction import Construction, done
from drconsole.lab.build.guests import IN_VAPP, Guest, guests, write_files
from drconsole.lab.build.hosts import DISTRIBUTED, DOMAIN, NAME_SERVERS, install
from drconsole.lab.build.settings import cluster_spec, finish_cluster, pool_spec, portgroup_spec, switch_spec
from drconsole.lab.world.management import Interface, Management
from drconsole.lab.world.vim.esxi.connecting import adopt_silently
from drconsole.lab.world.vim.esxi.dvs import DistributedSwitch
from drconsole.lab.world.vim.esxi.host_system import HostSystem
from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.vcenter.clusters import Cluster
from drconsole.lab.world.vim.vcenter.datacenters import Datacenter
from drconsole.lab.world.vim.vcenter.folders import Folder
from drconsole.lab.world.vim.vcenter.guests import VirtualMachine
from drconsole.lab.world.vim.vcenter.pools import ResourcePool
from drconsole.lab.world.vim.vcenter.registration import Wanted, register_guest
from drconsole.lab.world.vim.vcenter.server import VCenter
from drconsole.lab.world.world import World

FOLDERS = ("Infrastructure", "Production", "Production/Web tier", "Production/Web tier/EU", "Test & Dev")
POOLS = ("gold", "gold/critical", "bronze")
VAPP = "shop"
SWITCH = "dvs-prod"


def populate(world: World, blueprint: Blueprint) -> None:
    """Installs the protected vCenter and hosts on built hardware and fills the inventory."""
    world.protected_management = _management(world, blueprint)
    _Site(world, blueprint).build()


def _management(world: World, blueprint: Blueprint) -> Management:
    rng = random.Random(f"management {blueprint.seed}")  # noqa: S311 - one seed, one world
    return Management(
        world,
        hostname=f"{plan.VCENTER_NAME}.{DOMAIN}",
        side="protected",
        interfaces=(
            Interface(
                "eth0",
                "00:50:56:80:00:01",
                plan.VCENTER_ADDRESS,
                plan.MANAGEMENT.prefix,
                plan.MANAGEMENT.vlan,
                gateway=plan.MANAGEMENT.gateway,
            ),
        ),
        username=plan.VCENTER_USER,
        password=blueprint.vcenter_password,
        root_password=blueprint.vcenter_password,
        version=plan.VCENTER[1],
        build=plan.VCENTER[2],
        instance_uuid=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        dns_servers=tuple(NAME_SERVERS),
        name=plan.VCENTER_NAME,
    )


class _Site:
    def __init__(self, world: World, blueprint: Blueprint) -> None:
        self.world = world
        self.sizes = blueprint.sizes
        self.random = random.Random(f"inventory {blueprint.seed}")  # noqa: S311 - one seed, one world
        assert world.protected_management is not None
        self.vcenter = cast("VCenter", world.protected_management.endpoint)
        self.call = Construction(self.vcenter)
        self.hosts: dict[str, HostSystem] = {}

    def build(self) -> None:
        root = cast("Folder", self.vcenter.at(self.vcenter.content.rootFolder))
        done(root.CreateDatacenter(self.call, plan.DATACENTER))
        self.datacenter = self.vcenter.single(Datacenter)
        self._folders()
        for name, members in self.sizes.clusters().items():
            self._cluster(name, members)
        self.switch = self._distributed_switch()
        wanted = guests(self.sizes.guests, self.random)
        for guest in wanted:
            self._guest(guest)
        for cluster in self.vcenter.of(Cluster):
            finish_cluster(cluster)

    def _folders(self) -> None:
        for path in FOLDERS:
            above, _, name = path.rpartition("/")
            done(self._folder(above).CreateFolder(self.call, name))
        done(self.datacenter.folder("networkFolder").CreateFolder(self.call, "Switches"))

    def _folder(self, path: str) -> Folder:
        found = self.datacenter.folder("vmFolder")
        for name in filter(None, path.split("/")):
            found = cast("Folder", found.child(name))
        return found

    def _cluster(self, name: str, members: tuple[str, ...]) -> None:
        folder = self.datacenter.folder("hostFolder")
        done(folder.CreateClusterEx(self.call, name, cluster_spec(name)))
        cluster = cast("Cluster", folder.child(name))
        for path in POOLS:
            above, _, last = path.rpartition("/")
            done(self._pool(cluster, above).CreateResourcePool(self.call, last, pool_spec(last)))
        for member in members:
            number = self.sizes.host_names().index(member) + 1
            host = install(self.world, self.world.machines[member], number)
            self.hosts[member] = adopt_silently(self.vcenter, host, cluster, host.full_name, 443)

    def _pool(self, cluster: Cluster, path: str) -> ResourcePool:
        found = cluster.pool
        for name in filter(None, path.split("/")):
            found = cast("ResourcePool", found.child(name))
        return found

    def _distributed_switch(self) -> DistributedSwitch:
        folder = cast("Folder", self.datacenter.folder("networkFolder").child("Switches"))
        members = [(host.ref(), DISTRIBUTED) for host in self.hosts.values()]
        done(folder.CreateDVS_Task(self.call, switch_spec(SWITCH, members)))
        switch = self.vcenter.single(DistributedSwitch)
        specs = [portgroup_spec(network.name, network.vlan) for network in plan.GUEST_NETWORKS]
        done(switch.AddDVPortgroup_Task(self.call, specs))
        return switch

    def _guest(self, guest: Guest) -> None:
        members = list(self.hosts.values())
        host = members[guest.number % len(members)]
        if guest.name in IN_VAPP:
            host = members[0]
        path = write_files(guest, host.hypervisor, self.random, self._wiring(guest))
        cluster = cast("Cluster", host.parent)
        pool = None if guest.template else self._pool_of(guest, cluster)
        folder = self._folder(guest.folder)
        wanted = Wanted(path, guest.name, guest.template, pool.ref() if pool else None, host.ref())
        made = cast("VirtualMachine", self.vcenter.at(done(register_guest(self.call, folder, wanted))))
        if guest.running:
            made.run()
            made.show_tools(running=True)

    def _pool_of(self, guest: Guest, cluster: Cluster) -> ResourcePool:
        if guest.name not in IN_VAPP:
            return self._pool(cluster, guest.pool)
        if cluster.pool.child(VAPP) is None:
            done(
                cluster.pool.CreateVApp(
                    self.call, VAPP, pool_spec(VAPP), _no_settings(), self._folder("Production").ref()
                )
            )
        return cast("ResourcePool", cluster.pool.child(VAPP))

    def _wiring(self, guest: Guest) -> dict[str, str]:
        mac = f"00:50:56:80:{guest.number >> 8:02x}:{guest.number & 255:02x}"
        slot = {
            "ethernet0.present": "TRUE",
            "ethernet0.virtualDev": "vmxnet3",
            "ethernet0.addressType": "vpx",
            "ethernet0.generatedAddress": mac,
        }
        if guest.network.switch != SWITCH:
            return slot | {"ethernet0.networkName": guest.network.name}
        group = next(group for group in self.switch.groups if group.name == guest.network.name)
        port = {"ethernet0.dvs.switchId": self.switch.switch_uuid, "ethernet0.dvs.portgroupId": group.moid}
        return slot | port | {"ethernet0.dvs.portId": group.ports[guest.number % len(group.ports)]}


def _no_settings() -> Any:
    return new("VAppConfigSpec", annotation="The shop: database first, then the web front")
