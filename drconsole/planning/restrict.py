"""A snapshot narrowed to a closure: a snapshot again, in which no reference dangles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from msgspec.structs import replace

from drconsole.model.inventory import (
    COLLECTIONS,
    Cluster,
    ClusterGroup,
    ClusterRule,
    Datastore,
    DistributedPortGroup,
    DistributedSwitch,
    ManagementServer,
    Network,
    Object,
    Snapshot,
    StorageArray,
    VApp,
    VirtualMachine,
)
from drconsole.planning.closure import Closure

ObjectT = TypeVar("ObjectT", bound=Object)


def subset(snapshot: Snapshot, closure: Closure) -> Snapshot:
    """Returns the snapshot with what the closure takes, references narrowed as its text says."""
    return _Narrowing(snapshot, closure).result()


class _Narrowing:
    def __init__(self, snapshot: Snapshot, closure: Closure) -> None:
        self._snapshot = snapshot
        self._closure = closure
        self._all = closure.all
        self._hosts = closure.objects["hosts"]
        self._parents = {host.id: host.parent for host in snapshot.hosts}
        self._roots = {pool.parent: pool.id for pool in snapshot.resource_pools}

    def result(self) -> Snapshot:
        kept = {name: self._kept(name, getattr(self._snapshot, name)) for name in COLLECTIONS}
        kept["clusters"] = tuple(self._cluster(c) for c in kept["clusters"] if isinstance(c, Cluster))
        server = self._snapshot.management_server
        narrowed = {name: tuple(map(self._narrow, objects)) for name, objects in kept.items()}
        management = self._management(server) if server else None
        return replace(self._snapshot, management_server=management, **narrowed)

    def _kept(self, name: str, objects: Iterable[ObjectT]) -> tuple[ObjectT, ...]:
        return tuple(item for item in objects if item.id in self._closure.objects[name])

    def _narrow(self, item: Object) -> Object:  # noqa: PLR0911 -- one answer a kind
        match item:
            case Datastore():
                mounts = tuple(mount for mount in item.mounts if mount.host in self._hosts)
                return replace(item, mounts=mounts, volumes=self._only(item.volumes))
            case Network() | StorageArray():
                return replace(item, hosts=self._only(item.hosts))
            case DistributedSwitch():
                return replace(item, members=tuple(m for m in item.members if m.host in self._hosts))
            case DistributedPortGroup(uplink=True):
                return self._uplinks(item)
            case VApp():
                return replace(item, entities=tuple(e for e in item.entities if e.member in self._all))
            case VirtualMachine():
                return self._guest(item)
        return item

    def _uplinks(self, group: DistributedPortGroup) -> DistributedPortGroup:
        """A switch's uplink group has one port for each uplink of each member."""
        switch = next((s for s in self._snapshot.distributed_switches if s.id == group.switch), None)
        if switch is None or group.ports != len(switch.uplinks) * len(switch.members):
            return group
        members = sum(member.host in self._hosts for member in switch.members)
        return replace(group, ports=len(switch.uplinks) * members)

    def _only(self, references: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(reference for reference in references if reference in self._all)

    def _guest(self, guest: VirtualMachine) -> VirtualMachine:
        host = self._closure.placed[guest.id]
        pool = guest.resource_pool
        # A template lies in no pool.
        if pool and pool not in self._all:
            pool = self._roots.get(self._parents[host]) or self._roots.get(host, "")
        return replace(guest, host=host, resource_pool=pool)

    def _management(self, server: ManagementServer) -> ManagementServer:
        interfaces = tuple(
            interface if interface.network in self._all else replace(interface, network="")
            for interface in server.interfaces
        )
        return replace(server, guest=server.guest if server.guest in self._all else "", interfaces=interfaces)

    def _cluster(self, cluster: Cluster) -> Cluster:
        narrowed = {group.name: replace(group, members=self._only(group.members)) for group in cluster.groups}
        groups = tuple(narrowed[g.name] for g in cluster.groups if _stays(g, narrowed[g.name]))
        names = {group.name for group in groups}
        rules = (replace(rule, guests=self._only(rule.guests)) for rule in cluster.rules)
        kept = zip(cluster.rules, rules, strict=True)
        return replace(
            cluster, groups=groups, rules=tuple(new for old, new in kept if _holds(old, new, names))
        )


def _stays(old: ClusterGroup, new: ClusterGroup) -> bool:
    """A group that was empty at capture stays empty; one that lost all its members goes."""
    return bool(new.members) or not old.members


def _holds(old: ClusterRule, new: ClusterRule, groups: set[str]) -> bool:
    named = {new.vm_group, new.affine_host_group, new.anti_affine_host_group} - {""}
    enough = len(new.guests) >= min(len(old.guests), 2)
    return named <= groups and enough
