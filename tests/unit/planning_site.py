"""A small site for the tests of planning: two clusters of two hosts, six guests, one switch for all."""

from __future__ import annotations

from drconsole.model.inventory import (
    Cluster,
    ClusterGroup,
    ClusterRule,
    Datacenter,
    Datastore,
    Disk,
    DistributedPortGroup,
    DistributedSwitch,
    Folder,
    Host,
    HostHardware,
    ManagementInterface,
    ManagementServer,
    Mount,
    Network,
    NetworkInterface,
    PhysicalNic,
    PhysicalServer,
    PortGroup,
    ResourcePool,
    Snapshot,
    StorageArray,
    SwitchMember,
    VirtualMachine,
    VirtualNic,
    VirtualSwitch,
    Volume,
)
from drconsole.model.mapping import (
    GuestFlag,
    HostMapping,
    HostRole,
    ManagementRole,
    PhysicalRole,
    VmSelection,
)
from drconsole.model.site import ArrayPlace, GroupEntry, NetworkMapping, NetworkPlace, SitePlan
from drconsole.model.target import Target, TargetDisk, TargetHardware, TargetNic, TargetState

ID = "sha256:" + "0" * 64
HOSTS = ("host-1", "host-2", "host-3", "host-4")


def host(number: int, cluster: str, *, memory_gib: int = 128, threads: int = 32) -> Host:
    return Host(
        id=f"host-{number}",
        name=f"esx-{number:02}",
        parent=cluster,
        hardware=HostHardware(
            cpu_vendor="intel", cpu_cores=threads // 2, cpu_threads=threads, memory_mib=memory_gib * 1024
        ),
        physical_nics=tuple(PhysicalNic(name=f"vmnic{n}", link="up", speed_mbit=10000) for n in range(4)),
        virtual_switches=(
            VirtualSwitch(name="vSwitch0", nics=("vmnic2",)),
            VirtualSwitch(name="vSwitch1", nics=("vmnic0", "vmnic1")),
        ),
        port_groups=(
            PortGroup(name="Management Network", virtual_switch="vSwitch0", vlan=10),
            PortGroup(name="vMotion", virtual_switch="vSwitch1", vlan=20),
        ),
        virtual_nics=(
            VirtualNic(name="vmk0", port_group="Management Network", services=("management",)),
            VirtualNic(name="vmk1", port_group="vMotion", services=("vmotion",)),
        ),
    )


def guest(
    number: int,
    on: str,
    pool: str,
    *,
    datastores: tuple[str, ...] = ("ds-1",),
    network: str = "dvpg-1",
    folder: str = "f-web",
) -> VirtualMachine:
    name = f"web-{number:02}"
    labels = {"ds-1": "block-1", "ds-2": "nfs-1", "ds-local": "local-1"}
    return VirtualMachine(
        id=f"vm-{number}",
        name=name,
        folder=folder,
        resource_pool=pool,
        host=on,
        vmx_path=f"[{labels[datastores[0]]}] {name}/{name}.vmx",
        power="on",
        cpus=2,
        memory_mib=8192,
        disks=tuple(
            Disk(key=2000 + n, label=f"Hard disk {n + 1}", datastore=d, path=f"[{labels[d]}] {name}/{n}.vmdk")
            for n, d in enumerate(datastores)
        ),
        network_interfaces=(NetworkInterface(key=4000, network=network),),
    )


def small_site() -> Snapshot:
    hosts = (*(host(n, "c-1") for n in (1, 2)), *(host(n, "c-2") for n in (3, 4)))
    every = tuple(Mount(host=h) for h in HOSTS)
    return Snapshot(
        site="pittsburgh",
        taken="2026-11-22T08:00:00Z",
        profile="recovery",
        management_server=ManagementServer(
            id="vc",
            name="vc-01",
            cpus=4,
            memory_mib=19 * 1024,
            guest="vm-1",
            interfaces=(ManagementInterface(name="nic0", network="net-mgmt"),),
        ),
        datacenters=(
            Datacenter(
                id="dc-1",
                name="Pittsburgh",
                vm_folder="f-vm",
                host_folder="f-host",
                datastore_folder="f-ds",
                network_folder="f-net",
            ),
        ),
        folders=(
            Folder(id="f-ds", name="datastore", type="datastore", parent="dc-1"),
            Folder(id="f-empty", name="empty", type="vm", parent="f-vm"),
            Folder(id="f-host", name="host", type="host", parent="dc-1"),
            Folder(id="f-inner", name="inner", type="vm", parent="f-web"),
            Folder(id="f-net", name="network", type="network", parent="dc-1"),
            Folder(id="f-prod", name="production", type="host", parent="f-host"),
            Folder(id="f-vm", name="vm", type="vm", parent="dc-1"),
            Folder(id="f-web", name="web", type="vm", parent="f-vm"),
        ),
        clusters=(
            Cluster(
                id="c-1",
                name="one",
                parent="f-prod",
                resource_pool="rp-1",
                groups=(
                    ClusterGroup(name="web", type="vm", members=("vm-2", "vm-3")),
                    ClusterGroup(name="left", type="host", members=("host-1",)),
                ),
                rules=(
                    ClusterRule(name="apart", type="antiAffinity", guests=("vm-2", "vm-3")),
                    ClusterRule(name="at home", type="vmHost", vm_group="web", affine_host_group="left"),
                ),
            ),
            Cluster(id="c-2", name="two", parent="f-host", resource_pool="rp-2"),
        ),
        hosts=hosts,
        resource_pools=(
            ResourcePool(id="rp-1", name="Resources", parent="c-1"),
            ResourcePool(id="rp-2", name="Resources", parent="c-2"),
            ResourcePool(id="rp-gold", name="gold", parent="rp-1"),
            ResourcePool(id="rp-inner", name="inner", parent="rp-gold"),
            ResourcePool(id="rp-unused", name="unused", parent="rp-2"),
        ),
        distributed_switches=(
            DistributedSwitch(
                id="dvs-1",
                name="dvs-prod",
                parent="f-net",
                members=tuple(SwitchMember(host=h, nics=("vmnic3",)) for h in HOSTS),
            ),
        ),
        distributed_port_groups=(
            DistributedPortGroup(id="dvpg-1", name="prod", switch="dvs-1", parent="f-net", vlan=100),
            DistributedPortGroup(id="dvpg-2", name="test", switch="dvs-1", parent="f-net", vlan=200),
            DistributedPortGroup(id="dvpg-up", name="up", switch="dvs-1", parent="f-net", uplink=True),
        ),
        networks=(
            Network(id="net-mgmt", name="Management Network", parent="f-net", hosts=HOSTS),
            Network(id="net-vmotion", name="vMotion", parent="f-net", hosts=HOSTS),
        ),
        datastores=(
            Datastore(id="ds-1", name="block-1", parent="f-ds", volumes=("a1/v1",), mounts=every),
            Datastore(id="ds-2", name="nfs-1", parent="f-ds", volumes=("a2/e1",), mounts=every),
            Datastore(
                id="ds-local", name="local-1", parent="f-ds", local=True, mounts=(Mount(host="host-1"),)
            ),
        ),
        virtual_machines=(
            guest(1, "host-1", "rp-1", network="net-mgmt"),
            guest(2, "host-1", "rp-inner", folder="f-inner"),
            guest(3, "host-2", "rp-gold"),
            guest(4, "host-3", "rp-2", datastores=("ds-2",), folder="f-vm"),
            guest(5, "host-4", "rp-2", datastores=("ds-1", "ds-2")),
            guest(6, "host-1", "rp-1", datastores=("ds-local",)),
        ),
        storage_arrays=(
            StorageArray(id="a1", name="a1", hosts=HOSTS),
            StorageArray(id="a2", name="a2", hosts=HOSTS),
        ),
        volumes=(
            Volume(id="a1/v1", name="v1", array="a1", group="g1"),
            Volume(id="a2/e1", name="e1", array="a2", group="g1"),
        ),
        physical_servers=(PhysicalServer(id="db-01", name="db-01", cpu_cores=8, memory_mib=64 * 1024),),
    )


def mapped(name: str, vlan: int) -> NetworkMapping:
    return NetworkMapping(name=name, drill=NetworkPlace(vlan=1000 + vlan), real=NetworkPlace(vlan=vlan))


def small_plan() -> SitePlan:
    return SitePlan(
        name="pittsburgh",
        networks=(
            mapped("Management Network", 10),
            mapped("vMotion", 20),
            mapped("prod", 100),
            mapped("test", 200),
        ),
        groups=(
            GroupEntry(array="a1", group="g1", volumes=("v1",), datastore="block-1"),
            GroupEntry(array="a2", group="g1", volumes=("e1",), datastore="nfs-1"),
        ),
        arrays=tuple(
            place
            for n in (1, 2)
            for place in (
                ArrayPlace(name=f"a{n}", driver="http", side="protected"),
                ArrayPlace(name=f"r{n}", driver="http", side="recovery", peer=f"a{n}"),
            )
        ),
        physical_servers=small_site().physical_servers,
        rpo_s=3600,
    )


def target(
    name: str,
    *,
    memory_gib: int = 160,
    threads: int = 40,
    links: tuple[bool | None, ...] = (True, True, True, True),
    state: TargetState = "free",
    run: str = "",
    segment: str = "rack-1",
    cpu_vendor: str = "Intel(R) Corporation",
) -> Target:
    nics = tuple(
        TargetNic(id=f"NIC.{n}", mac=f"02:00:00:00:00:{n:02x}", link=link, speed_mbit=10000)
        for n, link in enumerate(links)
    )
    return Target(
        name=name,
        segment=segment,
        state=state,
        run=run,
        may_wipe=True,
        hardware=TargetHardware(
            uuid="00000000-0000-0000-0000-000000000000",
            cpu_vendor=cpu_vendor,
            cpu_cores=threads // 2,
            cpu_threads=threads,
            memory_mib=memory_gib * 1024,
            boot_mode="uefi",
            nics=nics,
            disks=(TargetDisk(id="d0", serial=f"S-{name}", size_bytes=960 * 10**9, has_data=True),),
        ),
    )


def mapping(deployed: tuple[str, ...] = HOSTS, physical: bool = True) -> HostMapping:
    """Targets D, E, F, … in the order of hosts; S is the physical server's."""
    return HostMapping(
        site="pittsburgh",
        snapshot=ID,
        management_server=ManagementRole(protected="vc-01", target="D"),
        hosts=tuple(
            HostRole(protected=h, name=h, target=f"T{n}", deploy=h in deployed) for n, h in enumerate(HOSTS)
        ),
        physical_servers=(PhysicalRole(protected="db-01", target="S", deploy=physical),),
    )


def selection(*deployed: str, listed: tuple[str, ...] = ("vm-2", "vm-3", "vm-4", "vm-5")) -> VmSelection:
    return VmSelection(
        site="pittsburgh",
        snapshot=ID,
        virtual_machines=tuple(GuestFlag(id=g, name=g, deploy=g in deployed) for g in listed),
    )
