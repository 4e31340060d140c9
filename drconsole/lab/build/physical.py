"""Hardware, cables and arrays of the default world: all that is there before any software."""

from __future__ import annotations

import random
import uuid

from drconsole.lab.build import blueprint as plan
from drconsole.lab.build.blueprint import Blueprint
from drconsole.lab.world.arrays import Array, Group, Member, Portal
from drconsole.lab.world.fabric import Segment, Side, SwitchPort
from drconsole.lab.world.linux import Linux
from drconsole.lab.world.machine import Disk, Hardware, Machine, Nic
from drconsole.lab.world.power import start_running
from drconsole.lab.world.volumes import Vmfs, Volume
from drconsole.lab.world.world import World

GIB = 1024**3
GB = 10**9
PROTECTED_VLANS = frozenset(network.vlan for network in plan.NETWORKS)
DRILL_VLANS = frozenset(network.drill_vlan for network in plan.NETWORKS)

SMALL = ("PowerEdge R660", 1, 16, 32, 131_072)
MEDIUM = ("PowerEdge R760", 2, 32, 64, 262_144)
LARGE = ("PowerEdge R960", 2, 64, 128, 524_288)
TARGET_SIZES = (SMALL, MEDIUM, MEDIUM, LARGE, MEDIUM, MEDIUM, SMALL, LARGE)
"""Model, packages, cores, threads, memory in MiB; repeated along the pool, see `target_sizes`."""


def target_sizes(targets: int, hosts: int) -> list[tuple[str, int, int, int, int]]:
    """Returns the size of each target of a pool: as many small ones as the pattern has, but no more than
    can be spared, so that a pool of enough machines is a pool for which every host finds one."""
    spare, sizes = targets - hosts, []
    for number in range(targets):
        size = TARGET_SIZES[number % len(TARGET_SIZES)]
        if size is SMALL:
            spare -= 1
        sizes.append(MEDIUM if size is SMALL and spare < 0 else size)
    return sizes


def build_physical(world: World, blueprint: Blueprint) -> None:
    """Fills a world with machines, arrays and volumes. Nothing is installed but the database server.

    The protected hosts are there, off and empty: whoever installs them sets `system` and calls
    `power.start_running`. Volumes are empty and presented to the protected hosts.
    """
    _Builder(world, blueprint).build()


def finish_storage(world: World) -> None:
    """Makes the first full copy of every replicated group, after the volumes were filled."""
    for array in world.arrays.values():
        for group in array.groups.values():
            for member in group.members:
                if array.peer:
                    origin = world.arrays[array.peer].volumes[member.volume.source]
                    member.volume.load(origin.image())
            group.point_in_time = world.clock.now()


def start_replication(world: World) -> None:
    """Starts the copying that goes on until the lab ends."""
    for array in world.arrays.values():
        for group in array.groups.values():
            if array.peer:
                world.spawn(array.replicate(group))


class _Builder:
    def __init__(self, world: World, blueprint: Blueprint) -> None:
        self.world = world
        self.sizes = blueprint.sizes
        # Its own generator: machines must not depend on how many guests were drawn before them.
        self.random = random.Random(f"physical {blueprint.seed}")  # noqa: S311 - one seed, one world
        self._machines = 0

    def build(self) -> None:
        self._segments()
        self._targets()
        hosts = [self._protected_host(name) for name in self.sizes.host_names()]
        self._database_server()
        self._arrays([wwpn for host in hosts for wwpn in host.hardware.wwpns])

    def _segments(self) -> None:
        for name in ("rack-1", "rack-2"):
            self.world.segments[name] = Segment(name, plan.PROVISIONING_VLAN)

    def _targets(self) -> None:
        names = self.sizes.target_names()
        unlinked = set(self.random.sample(names, round(len(names) * self.sizes.unlinked)))
        sizes = target_sizes(len(names), self.sizes.hosts)
        for number, (name, size) in enumerate(zip(names, sizes, strict=True)):
            machine = self._machine(name, "recovery", size, PROTECTED_VLANS | DRILL_VLANS)
            machine.segment = "rack-1" if number < (len(names) + 1) // 2 else "rack-2"
            for nic in machine.nics:
                nic.port.native = plan.PROVISIONING_VLAN
            machine.nic(plan.MANAGEMENT_NIC).port.link = name not in unlinked

    def _protected_host(self, name: str) -> Machine:
        machine = self._machine(name, "protected", MEDIUM, PROTECTED_VLANS)
        for host, nic in (plan.BROKEN_NIC,):
            if host == name:
                machine.nic(nic).port.link = False
        return machine

    def _database_server(self) -> None:
        machine = self._machine(plan.DB_NAME, "protected", SMALL, PROTECTED_VLANS)
        product, version = plan.LINUX
        machine.system = Linux(
            hostname=plan.DB_NAME,
            address=plan.DB_ADDRESS,
            prefix=plan.DB_NETWORK.prefix,
            nic="vmnic0",
            uuid=machine.hardware.uuid,
            root_hash="",
            host_key=b"",
            authorised=(),
            product=product,
            version=version,
            gateway=plan.DB_NETWORK.gateway,
            vlan=plan.DB_NETWORK.vlan,
        )
        start_running(machine)

    def _machine(
        self, name: str, side: Side, size: tuple[str, int, int, int, int], vlans: frozenset[int]
    ) -> Machine:
        model, packages, cores, threads, memory = size
        self._machines += 1
        number = self._machines
        serial = f"{self.random.choice('ABCDEFGH')}{self.random.randrange(16**5):05X}{number:X}"
        hardware = Hardware(
            uuid=str(uuid.UUID(int=self.random.getrandbits(128), version=4)),
            serial=serial,
            vendor="Dell Inc.",
            model=model,
            cpu_packages=packages,
            cpu_cores=cores,
            cpu_threads=threads,
            memory_mib=memory,
            wwpns=tuple(f"21000024ff{number:04x}{port:02x}" for port in (0, 1)),
        )
        nics = [self._nic(name, number, index, vlans) for index in range(4)]
        disks = [
            Disk(f"{serial}BOOT", 120 * GB),
            Disk(f"{serial}DATA", 960 * GB, secure_erase=number % 2 == 0),
        ]
        machine = Machine(self.world, name, side, hardware, nics, disks)
        self.world.machines[name] = machine
        return machine

    def _nic(self, machine: str, number: int, index: int, vlans: frozenset[int]) -> Nic:
        card, port = divmod(index, 2)
        return Nic(
            name=f"vmnic{index}",
            mac=f"3c:ec:ef:{number >> 8:02x}:{number & 255:02x}:{index:02x}",
            port=SwitchPort(f"{machine}-{index}", vlans=vlans),
            driver=("ixgben", "i40en")[card],
            pci=f"0000:{(0x3B, 0x5E)[card]:02x}:00.{port}",
        )

    def _arrays(self, wwpns: list[str]) -> None:
        for name, peer in plan.PEERS.items():
            source = Array(self.world, name, "protected")
            replica = Array(self.world, peer, "recovery", peer=name)
            vlan = plan.STORAGE.vlan
            for array, vlans in ((source, {vlan}), (replica, {vlan, plan.STORAGE.drill_vlan})):
                self.world.arrays[array.name] = array
                if array.name in plan.NFS_PORTALS:
                    address = plan.NFS_PORTALS[array.name]
                    array.portals = (Portal(address, plan.STORAGE.prefix, frozenset(vlans)),)
            for place in plan.DATASTORES:
                if place.array == name:
                    self._volumes(source, replica, place, wwpns)

    def _volumes(self, source: Array, replica: Array, place: plan.DatastorePlace, wwpns: list[str]) -> None:
        origin = self._volume(source, place.volume)
        copy = self._volume(replica, f"{place.volume}-replica")
        copy.source, copy.writable = origin.id, False
        origin.lun = len(source.volumes) if origin.naa else None
        origin.initiators = list(wwpns) if origin.naa else self._nfs_clients()
        if origin.naa:
            origin.vmfs = Vmfs(place.name, self._vmfs_uuid(), origin.naa)
        members: tuple[tuple[Array, Member], ...] = (
            (source, Member(origin, "source")),
            (replica, Member(copy, "target")),
        )
        for array, member in members:
            group = array.groups.setdefault(place.group, Group(place.group, [], self.world.clock.now()))
            group.members.append(member)

    def _vmfs_uuid(self) -> str:
        digits = f"{self.random.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:16]}-{digits[16:20]}-{digits[20:]}"

    def _volume(self, array: Array, id: str) -> Volume:
        volume = Volume(array.name, id, 2048 * GIB)
        if array.name in plan.NFS_PORTALS:
            volume.export = f"/exports/{id}"
            volume.server = plan.NFS_PORTALS[array.name]
        else:
            volume.naa = f"naa.6{self.random.getrandbits(124):031x}"
        array.volumes[id] = volume
        return volume

    def _nfs_clients(self) -> list[str]:
        return [plan.STORAGE.address(plan.HOST_ADDRESS_FROM + number) for number in range(self.sizes.hosts)]
