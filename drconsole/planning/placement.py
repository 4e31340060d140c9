"""On which host each recovered guest is registered.

A guest stays on its own host where that is deployed. Else it goes to a deployed host that had all its
datastores mounted and all its networks: one of its own cluster before others, of these the one with
the least memory promised, then by name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from heapq import heapify, heapreplace

import msgspec

from drconsole.model.inventory import Host, Snapshot, VirtualMachine
from drconsole.model.mapping import HostMapping, VmSelection


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """`hosts` gives guest → host, both ids; `homeless` guest → why no deployed host can take it;
    `crowded` host → words, where its guests that were on are promised more memory than it had."""

    hosts: dict[str, str]
    homeless: dict[str, str]
    crowded: dict[str, str]


_Kind = tuple[tuple[str, ...], str]


def deployed_hosts(mapping: HostMapping) -> frozenset[str]:
    """Returns the ids of the hosts that are recovered."""
    return frozenset(role.protected for role in mapping.hosts if role.deploy)


def place(snapshot: Snapshot, mapping: HostMapping, selection: VmSelection) -> Placement:
    """Returns where the selected guests go; the same for the same input. Unknown ids are passed over."""
    wanted = {flag.id for flag in selection.virtual_machines if flag.deploy}
    return Placer(snapshot, deployed_hosts(mapping)).place(wanted)


class Placer:
    """Places guests of a snapshot on these hosts, as often as the guests change."""

    def __init__(self, snapshot: Snapshot, deployed: Collection[str]) -> None:
        self._guests = snapshot.virtual_machines
        self._reach = _Reach(snapshot, [host for host in snapshot.hosts if host.id in deployed])
        self._deployed = frozenset(deployed)

    def place(self, wanted: Collection[str]) -> Placement:
        """Returns where the wanted guests go, given by id."""
        reach, load = self._reach, _Load()
        guests = [guest for guest in self._guests if guest.id in wanted]
        placed = {guest.id: guest.host for guest in guests if guest.host in self._deployed}
        for guest in guests:
            if guest.id in placed:
                load.promise(guest.host, _memory(guest))
        homeless: dict[str, str] = {}
        for guest in (g for g in guests if g.id not in placed):
            kind = reach.kind(guest)
            host = load.least(kind, reach.able(kind))
            if host is None:
                homeless[guest.id] = reach.obstacle(guest)
                continue
            placed[guest.id] = host
            load.promise(host, _memory(guest))
        return Placement(hosts=placed, homeless=homeless, crowded=_crowded(reach.hosts, load.promised))


class _Load:
    """How much memory each host has been promised, and which of some hosts has been promised least."""

    def __init__(self) -> None:
        self.promised: dict[str, int] = defaultdict(int)
        self._heaps: dict[_Kind, list[tuple[int, str, str]]] = {}

    def promise(self, host: str, memory: int) -> None:
        self.promised[host] += memory

    def least(self, kind: _Kind, hosts: Sequence[Host]) -> str | None:
        """Returns the id of the host with the least memory promised, then by name; None of no host.

        `hosts` are the same ones for each call with the same kind. A promise is never taken back: an
        entry of the heap that is not true any more is too small, and is put right when it comes up.
        """
        heap = self._heaps.get(kind)
        if heap is None:
            heap = self._heaps[kind] = [(self.promised[host.id], host.name, host.id) for host in hosts]
            heapify(heap)
        while heap:
            promised, name, host = heap[0]
            if promised == self.promised[host]:
                return host
            heapreplace(heap, (self.promised[host], name, host))
        return None


class _Reach:
    """What the deployed hosts had mounted and were attached to, indexed once."""

    def __init__(self, snapshot: Snapshot, hosts: list[Host]) -> None:
        self.hosts = hosts
        self._parents = {host.id: host.parent for host in snapshot.hosts}
        self._paths = {f"[{datastore.name}]": datastore.id for datastore in snapshot.datastores}
        self._names = {o.id: f"datastore {o.name}" for o in snapshot.datastores}
        self._able: dict[_Kind, list[Host]] = {}
        self._seen: dict[str, set[str]] = {}
        for datastore in snapshot.datastores:
            self._seen[datastore.id] = {mount.host for mount in datastore.mounts}
        members = {s.id: {member.host for member in s.members} for s in snapshot.distributed_switches}
        for network in snapshot.networks:
            self._names[network.id] = f"network {network.name}"
            self._seen[network.id] = set(network.hosts)
        for group in snapshot.distributed_port_groups:
            self._names[group.id] = f"network {group.name}"
            self._seen[group.id] = members.get(group.switch, set())

    def kind(self, guest: VirtualMachine) -> _Kind:
        """Returns what decides who can take a guest: all that it needs, and where its host belonged."""
        return tuple(self._needed(guest)), self._parents.get(guest.host, "")

    def able(self, kind: _Kind) -> list[Host]:
        """Returns the deployed hosts that reach all that is needed: those of the own cluster, if any can."""
        if kind not in self._able:
            needed, own = kind
            able = [host for host in self.hosts if all(host.id in self._seen.get(o, ()) for o in needed)]
            self._able[kind] = [host for host in able if host.parent == own] or able
        return self._able[kind]

    def obstacle(self, guest: VirtualMachine) -> str:
        """Returns what stands in the way of a guest that nobody is able to take."""
        if not self.hosts:
            return "no host is deployed"
        ids = {host.id for host in self.hosts}
        lacking = [self._names.get(o, o) for o in self._needed(guest) if not ids & self._seen.get(o, set())]
        if lacking:
            return f"none reaches {', '.join(lacking)}"
        return "none reaches all its datastores and networks together"

    def _needed(self, guest: VirtualMachine) -> list[str]:
        home = self._paths.get(guest.vmx_path.partition("] ")[0] + "]", "")
        stores = {home, *(disk.datastore for disk in guest.disks)}
        networks = {interface.network for interface in guest.network_interfaces}
        return sorted((stores | networks) - {""})


def _crowded(hosts: list[Host], load: Mapping[str, int]) -> dict[str, str]:
    crowded: dict[str, str] = {}
    for host in hosts:
        size = host.hardware.memory_mib if host.hardware else 0
        if size and load.get(host.id, 0) > size:
            crowded[host.id] = f"{load[host.id]} MiB of guests' memory on {size} MiB"
    return crowded


def _memory(guest: VirtualMachine) -> int:
    """A guest that was off and a template take no memory."""
    return guest.memory_mib if guest.power == "on" and not guest.template else 0
