"""A small site in which every kind and nearly every field is set, with references that hold."""

from __future__ import annotations

from drconsole.model.inventory import (
    Address,
    Allocation,
    Cluster,
    ClusterGroup,
    ClusterRule,
    Datacenter,
    Datastore,
    Disk,
    DistributedPortGroup,
    DistributedSwitch,
    Dns,
    Drs,
    Folder,
    Ha,
    Host,
    HostHardware,
    HostProduct,
    ManagedBy,
    ManagementInterface,
    ManagementServer,
    Mount,
    Network,
    NetworkInterface,
    NetworkPolicy,
    PhysicalNic,
    PhysicalServer,
    PortGroup,
    ResourcePool,
    Route,
    SecurityPolicy,
    ShapingPolicy,
    Snapshot,
    StorageAdapter,
    StorageArray,
    SwitchMember,
    TeamingPolicy,
    VApp,
    VAppEntity,
    VirtualMachine,
    VirtualNic,
    VirtualSwitch,
    VlanRange,
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

SNAPSHOT_ID = "sha256:" + "5e" * 32


def rich_snapshot(
    *, guests: int = 3, site: str = "pittsburgh", taken: str = "2026-11-22T08:00:00Z"
) -> Snapshot:
    """A consistent snapshot of two hosts and `guests` guests."""
    return Snapshot(
        site=site,
        taken=taken,
        profile="recovery",
        management_server=_management_server(),
        datacenters=(
            Datacenter(
                id="datacenter-2",
                name="Pittsburgh",
                parent="group-d1",
                vm_folder="group-v3",
                host_folder="group-h4",
                datastore_folder="group-s5",
                network_folder="group-n6",
            ),
        ),
        folders=_folders(),
        clusters=(_cluster(),),
        hosts=(_host("host-21", "esx-01", 1), _host("host-22", "esx-02", 2)),
        resource_pools=(
            ResourcePool(id="resgroup-8", name="Resources", parent="domain-c7"),
            ResourcePool(
                id="resgroup-9",
                name="gold",
                parent="resgroup-8",
                cpu=Allocation(reservation=1000, expandable=True, shares_level="high"),
                memory=Allocation(reservation=2048, limit=8192, shares_level="custom", shares=123),
            ),
        ),
        vapps=(
            VApp(
                id="resgroup-v10",
                name="shop",
                parent="resgroup-8",
                folder="group-v3",
                annotation="front\nand back",
                entities=(
                    VAppEntity(member="vm-101", start_order=1, start_delay=30, waiting_for_guest=True),
                ),
            ),
        ),
        distributed_switches=(
            DistributedSwitch(
                id="dvs-30",
                name="dvs-guests",
                parent="group-n6",
                uuid="50 1e 5c",
                version="8.0.3",
                mtu=9000,
                max_ports=512,
                uplinks=("Uplink 1", "Uplink 2"),
                members=(SwitchMember(host="host-21", nics=("vmnic2",)), SwitchMember(host="host-22")),
            ),
        ),
        distributed_port_groups=(
            DistributedPortGroup(
                id="dvportgroup-31",
                name="dvs-uplinks",
                switch="dvs-30",
                uplink=True,
                trunk=(VlanRange(first=0, last=4094),),
            ),
            DistributedPortGroup(id="dvportgroup-32", name="app", switch="dvs-30", vlan=120, ports=8),
        ),
        networks=(
            Network(id="network-11", name="VM Network", parent="group-n6", hosts=("host-21", "host-22")),
        ),
        datastores=(
            Datastore(
                id="datastore-41",
                name="ds1",
                parent="group-s5",
                type="VMFS",
                url="ds:///vmfs/volumes/5e/",
                capacity_mib=2048000,
                vmfs_uuid="5e",
                vmfs_version="6.82",
                extents=("naa.6001",),
                volumes=("array1/vol1",),
                mounts=(
                    Mount(host="host-21", path="/vmfs/volumes/5e"),
                    Mount(host="host-22", access="readOnly"),
                ),
            ),
        ),
        virtual_machines=tuple(guest(number) for number in range(101, 101 + guests)),
        storage_arrays=(StorageArray(id="array1", name="array1", driver="http", hosts=("host-21",)),),
        volumes=(Volume(id="array1/vol1", name="vol1", array="array1", group="gold"),),
        physical_servers=(
            PhysicalServer(
                id="db-01",
                name="db-01",
                operating_system="linux",
                cpu_cores=8,
                memory_mib=65536,
                disk_gib=900,
                nics=2,
                guests=("web-101",),
            ),
        ),
    )


def guest(number: int, *, memory_mib: int = 4096) -> VirtualMachine:
    """A guest of the rich snapshot; it refers to things that stand there."""
    return VirtualMachine(
        id=f"vm-{number}",
        name=f"web-{number}",
        folder="group-v3",
        resource_pool="resgroup-9",
        host="host-21",
        uuid=f"4210{number:04}",
        instance_uuid=f"5010{number:04}",
        vmx_path=f"[ds1] web-{number}/web-{number}.vmx",
        power="on",
        cpus=2,
        memory_mib=memory_mib,
        annotation='line one\nline\ttwo \u202e "quoted" <&>',
        cpu=Allocation(shares=2000),
        managed_by=ManagedBy(extension="com.example", type="agent") if number == 103 else None,
        disks=(
            Disk(
                key=2000,
                label="Hard disk 1",
                path=f"[ds1] web-{number}/web-{number}.vmdk",
                datastore="datastore-41",
                capacity_kib=41943040,
                thin=True,
            ),
        ),
        network_interfaces=(
            NetworkInterface(
                key=4000,
                type="Vmxnet3",
                mac=f"00:50:56:00:{number // 256:02x}:{number % 256:02x}",
                network="network-11",
                addresses=("10.1.2.3",),
            ),
            NetworkInterface(key=4001, type="E1000", network="dvportgroup-32", connect_at_start=False),
        ),
    )


def rich_mapping() -> HostMapping:
    """A mapping of the rich snapshot: one host deployed, one not."""
    return HostMapping(
        site="pittsburgh",
        snapshot=SNAPSHOT_ID,
        management_server=ManagementRole(protected="vc-01", target="D"),
        hosts=(
            HostRole(protected="host-21", name="esx-01", target="E"),
            HostRole(protected="host-22", name="esx-02", deploy=False),
        ),
        physical_servers=(PhysicalRole(protected="db-01", target="S"),),
    )


def rich_selection() -> VmSelection:
    """A selection of the rich snapshot's guests."""
    flags = (GuestFlag(id="vm-101", name="web-101"), GuestFlag(id="vm-102", name="web-102", deploy=False))
    return VmSelection(site="pittsburgh", snapshot=SNAPSHOT_ID, virtual_machines=flags)


def _management_server() -> ManagementServer:
    return ManagementServer(
        id="vc-01",
        name="vc-01",
        product="VMware vCenter Server",
        version="8.0.3",
        build="24022515",
        api_version="8.0.3.0",
        instance_uuid="00000000-1111-2222-3333-444444444444",
        hostname="vc-01.example",
        guest="vm-101",
        cpus=4,
        memory_mib=21504,
        storage_gib=744,
        dns_servers=("10.0.0.53", "fd00::53"),
        interfaces=(
            ManagementInterface(
                name="nic0",
                mac="00:50:56:aa:bb:cc",
                network="network-11",
                gateway="10.0.0.1",
                addresses=(Address(ip="10.0.0.10", prefix=24),),
            ),
        ),
    )


def _folders() -> tuple[Folder, ...]:
    return (
        Folder(id="group-d1", name="Datacenters", type="datacenter"),
        Folder(id="group-h4", name="host", type="host", parent="datacenter-2"),
        Folder(id="group-n6", name="network", type="network", parent="datacenter-2"),
        Folder(id="group-s5", name="datastore", type="datastore", parent="datacenter-2"),
        Folder(id="group-v3", name="vm", type="vm", parent="datacenter-2"),
    )


def _cluster() -> Cluster:
    return Cluster(
        id="domain-c7",
        name="prod",
        parent="group-h4",
        resource_pool="resgroup-8",
        evc_mode="intel-broadwell",
        drs=Drs(enabled=True, automation="partiallyAutomated", migration_threshold=2),
        ha=Ha(enabled=True, failover_level=2),
        groups=(
            ClusterGroup(name="web", type="vm", members=("vm-101", "vm-102")),
            ClusterGroup(name="left", type="host", members=("host-21",)),
        ),
        rules=(
            ClusterRule(name="apart", type="antiAffinity", guests=("vm-101", "vm-102")),
            ClusterRule(
                name="there", type="vmHost", mandatory=True, vm_group="web", affine_host_group="left"
            ),
        ),
    )


def _host(id_: str, name: str, number: int) -> Host:
    policy = NetworkPolicy(
        security=SecurityPolicy(allow_promiscuous=False, mac_changes=True),
        teaming=TeamingPolicy(policy="loadbalance_srcid", active_nics=("vmnic0",), standby_nics=("vmnic1",)),
        shaping=ShapingPolicy(enabled=True, average=100000, peak=200000, burst=300000),
    )
    return Host(
        id=id_,
        name=name,
        parent="domain-c7",
        gateway="10.0.0.1",
        hardware=HostHardware(
            vendor="Dell", model="R760", serial=f"S{number}", cpu_cores=32, memory_mib=524288
        ),
        product=HostProduct(name="VMware ESXi", version="8.0.3", build="24022510"),
        dns=Dns(hostname=name, domain="example", servers=("10.0.0.53",), search_domains=("example",)),
        ntp_servers=("10.0.0.123",),
        routes=(Route(network="10.9.0.0", prefix=16, gateway="10.0.0.9"),),
        physical_nics=(
            PhysicalNic(name="vmnic0", mac=f"00:00:00:00:{number:02x}:00", link="up", speed_mbit=25000),
            PhysicalNic(name="vmnic1", mac=f"00:00:00:00:{number:02x}:01"),
        ),
        virtual_switches=(
            VirtualSwitch(name="vSwitch0", ports=128, nics=("vmnic0", "vmnic1"), policy=policy),
        ),
        port_groups=(
            PortGroup(name="Management Network", virtual_switch="vSwitch0"),
            PortGroup(name="VM Network", virtual_switch="vSwitch0", vlan=10, policy=NetworkPolicy()),
        ),
        virtual_nics=(
            VirtualNic(
                name="vmk0", port_group="Management Network", ip=f"10.0.0.{number}", services=("management",)
            ),
            VirtualNic(name="vmk1", distributed_port_group="dvportgroup-32", dhcp=True),
        ),
        storage_adapters=(StorageAdapter(name="vmhba0", type="fibreChannel", wwpn="2100001b321f"),),
    )
