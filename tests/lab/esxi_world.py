"""A small recovery site for tests of hosts: targets made hypervisors, a vCenter, and a client.

The client calls handlers through dispatch, without a socket, and lets virtual time pass.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from passlib.hash import sha512_crypt

from drconsole.lab.world.clock import VirtualClock
from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.management import Interface, Management
from drconsole.lab.world.payload import HypervisorInstall
from drconsole.lab.world.power import start_running
from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.dispatch import invoke
from drconsole.lab.world.vim.esxi.door import install_hypervisor
from drconsole.lab.world.vim.esxi.host_system import HostSystem
from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.objects import Endpoint, ManagedObject
from drconsole.lab.world.vim.registry import methods, wsdl_type
from drconsole.lab.world.vim.tasks import Task
from drconsole.lab.world.vim.vcenter.clusters import Cluster
from drconsole.lab.world.vim.vcenter.datacenters import Datacenter
from drconsole.lab.world.vim.vcenter.folders import Folder
from drconsole.lab.world.vim.vcenter.server import VCenter
from drconsole.lab.world.world import World
from tests.lab.bare_world import bare_world

PASSWORD = "Root-password-1!"
ROOT_HASH = sha512_crypt.using(rounds=1000).hash(PASSWORD)
NETMASK = "255.255.252.0"
DRILL = 1010
"""The VLAN of the management network in a drill."""


def recovery_world() -> World:
    """A world with every cable plugged in."""
    return bare_world(VirtualClock(), unlinked=0)


def install(world: World, target: str, address: str, *, nic: str = "vmnic0", name: str = "") -> Hypervisor:
    """Installs a hypervisor on a target, as a ks.cfg would, and starts it."""
    machine = world.machines[target]
    host = install_hypervisor(
        world,
        machine,
        HypervisorInstall(
            hostname=name or f"esx-{target.lower()}.test",
            root_hash=ROOT_HASH,
            nic=nic,
            address=address,
            netmask=NETMASK,
            gateway="",
            nameservers=("10.10.0.2",),
            disk=machine.disks[0].serial,
            version="8.0.3",
            build="24022510",
        ),
    )
    machine.system = host
    start_running(machine)
    host.booted()
    return host


def management_server(world: World, target: str = "D") -> VCenter:
    """Installs a management server: eth0 on the drill's management VLAN, eth1 on provisioning."""
    machine = world.machines[target]
    interfaces = (
        Interface("eth0", machine.nics[1].mac, "10.10.0.5", 22, DRILL, "vmnic1"),
        Interface("eth1", machine.nics[0].mac, "127.64.4.2", 22, 0, "vmnic0"),
    )
    server = Management(
        world,
        "vc-01.test",
        "recovery",
        interfaces,
        "administrator@vsphere.local",
        "secret",
        "secret",
        name="vc-01",
    )
    machine.system = server
    start_running(machine)
    return cast("VCenter", server.endpoint)


class Client:
    """Calls methods of an endpoint, waits for their tasks, and raises the faults."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.clock = cast("VirtualClock", endpoint.world.clock)
        user = "root" if endpoint.name.startswith("host:") else "administrator@vsphere.local"
        password = PASSWORD if user == "root" else "secret"
        self.session = endpoint.sessions.login(user, password)

    async def call(self, target: ManagedObject, method: str, **arguments: Any) -> Any:
        """Calls a method with all its parameters, None for those not given; returns its result."""
        result = await self.clock.run(self._carried(target, method, _whole(target, method, arguments)))
        assert not self.endpoint.undeclared, "a handler raised what its method does not declare"
        return result

    async def together(self, *calls: tuple[ManagedObject, str, dict[str, Any]]) -> list[Any]:
        """Makes calls at the same time; returns results and faults, in the order of the calls."""

        async def work() -> list[Any]:
            started = (self._carried(on, name, _whole(on, name, given)) for on, name, given in calls)
            return await asyncio.gather(*started, return_exceptions=True)

        return await self.clock.run(work())

    async def begin(self, target: ManagedObject, method: str, **arguments: Any) -> Any:
        """Calls a method and returns what it answers at once: the reference of a task still running."""
        call = Call(self.endpoint, self.session, initiator="test")
        return await invoke(call, target, method, _whole(target, method, arguments))

    async def _carried(self, target: ManagedObject, method: str, given: dict[str, Any]) -> Any:
        call = Call(self.endpoint, self.session, initiator="test")
        result = await invoke(call, target, method, given)
        task = self.endpoint.objects.get(getattr(result, "_moId", ""))
        if not isinstance(task, Task):
            return result
        await task.done.wait()
        info = task.value("info")
        if info.error is not None:
            raise info.error
        return info.result

    def object(self, reference: Any) -> Any:
        """Returns the object of a reference."""
        return self.endpoint.at(reference)


def _whole(target: ManagedObject, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Returns all parameters of a method: None for those that are not given."""
    names = [info.name for info in methods(wsdl_type(target.wsdl))[method].params]
    assert arguments.keys() <= set(names), f"{method} takes {names}"
    return {name: arguments.get(name) for name in names}


class Site:
    """A recovered vCenter with a datacenter and a cluster."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.vcenter = management_server(world)
        self.client = Client(self.vcenter)

    async def furnish(self) -> Site:
        """Makes the datacenter and the cluster."""
        root = self.vcenter.at(self.vcenter.content.rootFolder)
        reference = await self.client.call(root, "CreateDatacenter", name="Pittsburgh")
        self.datacenter = cast("Datacenter", self.client.object(reference))
        reference = await self.client.call(
            self.hosts, "CreateClusterEx", name="cluster-a", spec=new("ClusterConfigSpecEx")
        )
        self.cluster = cast("Cluster", self.client.object(reference))
        return self

    @property
    def hosts(self) -> Folder:
        """The host folder."""
        return self.datacenter.folder("hostFolder")

    @property
    def networks(self) -> Folder:
        """The network folder."""
        return self.datacenter.folder("networkFolder")

    async def add(self, host: Hypervisor, **changes: Any) -> HostSystem:
        """Adds a host to the cluster by its management address, with the right thumbprint."""
        spec = connect_spec(host, **changes)
        reference = await self.client.call(self.cluster, "AddHost_Task", spec=spec, asConnected=True)
        return cast("HostSystem", self.client.object(reference))


def connect_spec(host: Hypervisor, **changes: Any) -> Any:
    """Returns the HostConnectSpec that is right for a host, with changes."""
    listening = host.management_listening()
    assert listening is not None
    values = {
        "hostName": listening.address,
        "port": 443,
        "sslThumbprint": host.certificate.sha1,
        "userName": "root",
        "password": PASSWORD,
        "force": False,
    }
    return new("HostConnectSpec", **(values | changes))


async def site(world: World) -> Site:
    """Returns a furnished site."""
    return await Site(world).furnish()


def part(host: HostSystem, name: str) -> ManagedObject:
    """Returns a manager of a host by its name in HostConfigManager."""
    return host.managers.by_name[name]


def bond(*nics: str) -> Any:
    """Returns the bridge of a standard switch."""
    return new("HostVirtualSwitchBondBridge", nicDevice=list(nics))


def nic_policy(*active: str, standby: tuple[str, ...] = ()) -> Any:
    """Returns a policy that only says the order of NICs."""
    order = new("HostNicOrderPolicy", activeNic=list(active), standbyNic=list(standby))
    return new("HostNetworkPolicy", nicTeaming=new("HostNicTeamingPolicy", nicOrder=order))


def switch_spec(*nics: str, policy: Any = None) -> Any:
    """Returns a HostVirtualSwitchSpec."""
    return new("HostVirtualSwitchSpec", numPorts=128, bridge=bond(*nics) if nics else None, policy=policy)


def group_spec(name: str, vlan: int, switch: str = "vSwitch0", policy: Any = None) -> Any:
    """Returns a HostPortGroupSpec."""
    return new(
        "HostPortGroupSpec",
        name=name,
        vlanId=vlan,
        vswitchName=switch,
        policy=policy or new("HostNetworkPolicy"),
    )


def vnic_spec(address: str = "", **more: Any) -> Any:
    """Returns a HostVirtualNicSpec with a static address."""
    ip = new("HostIpConfig", dhcp=False, ipAddress=address, subnetMask=NETMASK) if address else None
    return new("HostVirtualNicSpec", ip=ip, **more)
