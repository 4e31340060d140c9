"""A small site and what was decided for one run of it, for the drivers that derive steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drconsole.model.inventory import (
    Address,
    Datastore,
    Dns,
    Host,
    HostProduct,
    ManagementInterface,
    ManagementServer,
    Mount,
    Network,
    PhysicalServer,
    Snapshot,
    VirtualNic,
)
from drconsole.model.mapping import HostMapping, HostRole, ManagementRole, PhysicalRole, VmSelection
from drconsole.model.site import (
    ArrayPlace,
    GroupEntry,
    NetworkMapping,
    NetworkPlace,
    Provisioning,
    SitePlan,
)
from drconsole.model.step import Mode
from drconsole.model.target import Target, TargetDisk, TargetHardware, TargetNic
from drconsole.planning.plan_input import PlanInput
from drconsole.settings.values import Array, Endpoint, PoolMachine, ProvisioningSettings, Settings
from tests.unit.devices.served import Place

LIMITS: dict[str, float] = {
    "bmc-connect": 1,
    "bmc-call": 2,
    "power": 2,
    "netboot": 1,
    "install-hypervisor": 1,
    "install-management": 1,
    "install-linux": 1,
    "ready": 1,
    "wipe": 2,
    "array-call": 2,
    "halt": 5,
    "promote": 5,
    "present": 5,
}
NETWORK = Provisioning(
    address="127.0.0.1", netmask="255.255.252.0", first="127.88.4.10", last="127.88.7.250", images="images"
)


def snapshot() -> Snapshot:
    host = Host(
        id="host-21",
        name="esx-01",
        parent="group-h1",
        product=HostProduct(name="VMware ESXi", version="8.0.3", build="24022510"),
        dns=Dns(hostname="esx-01", domain="corp.example"),
        ntp_servers=("10.0.0.1",),
        virtual_nics=(
            VirtualNic(name="vmk0", ip="10.10.0.21", netmask="255.255.255.0"),
            VirtualNic(name="vmk2", ip="10.30.0.21", netmask="255.255.255.0"),
        ),
    )
    other = Host(id="host-22", name="esx-02", parent="group-h1", product=host.product)
    server = ManagementServer(
        id="vc",
        name="vc-01",
        product="VMware vCenter Server",
        version="8.0.3",
        instance_uuid="5b1c7d4a-0000-4000-8000-000000000001",
        hostname="vc-01.corp.example",
        dns_servers=("10.0.0.2",),
        interfaces=(
            ManagementInterface(
                name="eth0",
                network="network-1",
                gateway="10.10.0.1",
                addresses=(Address(ip="10.10.0.5", prefix=24),),
            ),
        ),
    )
    mounts = (Mount(host="host-21"),)
    return Snapshot(
        site="pittsburgh",
        taken="2026-11-22T08:00:00Z",
        profile="recovery",
        management_server=server,
        hosts=(host, other),
        networks=(Network(id="network-1", name="Management", parent="group-n1"),),
        datastores=(
            Datastore(id="ds-1", name="vmfs-1", parent="group-s1", mounts=mounts),
            Datastore(id="ds-2", name="nfs-1", parent="group-s1", mounts=mounts, remote_host="10.30.0.9"),
        ),
    )


def site() -> SitePlan:
    return SitePlan(
        name="pittsburgh",
        networks=(
            NetworkMapping(
                name="Management",
                drill=NetworkPlace(vlan=1010, subnet="10.10.0.0/24", gateway="10.10.0.1"),
                real=NetworkPlace(vlan=10),
            ),
        ),
        groups=(
            GroupEntry(array="array1", group="g1", volumes=("vol-1",), datastore="vmfs-1"),
            GroupEntry(array="array1", group="g1", volumes=("exp-1",), datastore="nfs-1"),
        ),
        arrays=(
            ArrayPlace(name="array1", driver="http", side="protected"),
            ArrayPlace(name="r1", driver="http", side="recovery", peer="array1"),
        ),
        physical_servers=(
            PhysicalServer(
                id="db-01",
                name="db-01",
                operating_system="Debian",
                version="12",
                hostname="db-01",
                disk_gib=10,
            ),
        ),
        rpo_s=60,
    )


def hardware(**changes: Any) -> TargetHardware:
    told: dict[str, Any] = {
        "uuid": "4c4c4544-0042-3510-8054-b4c04f564433",
        "serial": "SN-E",
        "nics": tuple(TargetNic(id=f"NIC.{i}", mac=f"aa:00:00:00:00:0{i + 1}", link=i > 0) for i in range(3)),
        "disks": (TargetDisk(id="D1", serial="DISK-1", size_bytes=10**12, has_data=False),),
        "wwpns": ("10000000c9000001",),
    }
    return TargetHardware(**(told | changes))


def mapping(role: str) -> HostMapping:
    """Deploys one role: `esx-01`, `vc-01` or `db-01`."""
    return HostMapping(
        site="pittsburgh",
        snapshot="sha256:0",
        management_server=ManagementRole(protected="vc-01", target="E") if role == "vc-01" else None,
        hosts=(
            HostRole(protected="host-21", name="esx-01", target="E", deploy=role == "esx-01"),
            HostRole(protected="host-22", name="esx-02", deploy=False),
        ),
        physical_servers=(PhysicalRole(protected="db-01", target="E", deploy=role == "db-01"),),
    )


def plan(
    role: str = "esx-01", mode: Mode = "drill", *, target: Target | None = None, **changes: Any
) -> PlanInput:
    told: dict[str, Any] = {
        "run": "R-1",
        "mode": mode,
        "site": site(),
        "provisioning": NETWORK,
        "snapshot_id": "sha256:0",
        "snapshot": snapshot(),
        "mapping": mapping(role),
        "selection": VmSelection(site="pittsburgh", snapshot="sha256:0"),
        "verdicts": (),
        "targets": {"E": target or Target(name="E", segment="rack-1", hardware=hardware())},
        "addresses": {role: "127.88.4.10"},
        "deadlines": LIMITS,
    }
    return PlanInput(**(told | changes))


def settings(folder: Path, *, bmc: Place | None = None, array: Place | None = None) -> Settings:
    secret = folder / "password"
    secret.write_text("right")
    secret.chmod(0o600)
    return Settings(
        path=str(folder / "drconsole.toml"),
        state_dir=str(folder / "state"),
        repository_url="",
        journal_url="",
        arrays={"r1": Array(place=site().arrays[1], endpoint=_endpoint(array, secret))} if array else {},
        pool={"E": PoolMachine(name="E", bmc=_endpoint(bmc, secret), segment="rack-1")} if bmc else {},
        provisioning=ProvisioningSettings(network=NETWORK, password=f"file:{secret}"),
        deadlines=LIMITS,
    )


def _endpoint(place: Place, secret: Path) -> Endpoint:
    return Endpoint(address=place.address, username="admin", password=f"file:{secret}", pin=place.pin)
