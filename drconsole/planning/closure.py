"""What a recovery sends to the recovered management server, and nothing else (C4, R55).

*Whole recovery*: every host of the snapshot is deployed, and every guest that can be recovered is
selected. Then all objects belong to it, empty folders, pools and unused networks too, but for

- guests that are not selected (those that cannot be recovered, DESIGN 4), and
- datastores that no replication group carries, since nothing of them arrives.

*Partial recovery*: everything else. With H the deployed hosts and G the selected guests, it takes

- hosts: H. Their switches, port groups and VMkernel interfaces are their own configuration.
- clusters: the parents of H.
- datastores: those that hold the .vmx or a disk of one of G.
- networks: those that a host of H has. Distributed switches: those with a member in H of which G's NICs
  or H's VMkernel interfaces use a port group. Distributed port groups: these, and the switches' uplinks.
- resource pools and vApps: the ones that G lies in, up to the root, and the root pools of the clusters
  and of the standalone hosts of H.
- folders and datacenters: all above any of the former, and the four root folders of each datacenter.
- volumes and arrays behind the datastores; physical servers that are deployed.

In both, references are narrowed to what is taken: mounts, members of switches (and with them the ports
of a switch's uplink group: one for each uplink of each member), networks' hosts and arrays' hosts to H;
members of vApps and cluster groups to H and G; a group that loses all its members
goes, and so does a rule without its groups, or an affinity rule with fewer than two guests where it had
two. A guest whose host is not deployed names the host that it is placed on (`placement.place`), and,
where its pool is not taken, the root pool of that host's compute resource. The management server's
guest and the networks of its interfaces are emptied unless they are taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from drconsole.model.inventory import COLLECTIONS, Snapshot
from drconsole.model.mapping import HostMapping, VmSelection
from drconsole.model.plan import Verdict
from drconsole.model.site import SitePlan
from drconsole.planning.placement import deployed_hosts, place
from drconsole.planning.plan_input import PlanInput
from drconsole.planning.replicated import Replication


class Closure(msgspec.Struct, frozen=True, kw_only=True):
    """`objects` gives, by the snapshot's collections (`hosts`, `virtual_machines`, …), the ids that are
    taken; `placed` guest → host; `whole` whether nothing was left out by choice."""

    whole: bool
    objects: dict[str, frozenset[str]]
    placed: dict[str, str]

    def has(self, identifier: str) -> bool:
        """Returns whether an object is taken."""
        return any(identifier in ids for ids in self.objects.values())

    @property
    def all(self) -> frozenset[str]:
        """Returns the ids of all kinds."""
        return frozenset[str]().union(*self.objects.values())


def closure_of(plan: PlanInput) -> Closure:
    """Returns the closure of a run's plan."""
    return close(plan.snapshot, plan.site, plan.mapping, plan.selection, plan.verdicts)


def close(
    snapshot: Snapshot,
    site: SitePlan,
    mapping: HostMapping,
    selection: VmSelection,
    verdicts: Iterable[Verdict],
) -> Closure:
    """Returns what a recovery takes, as the module's text defines it.

    Guests that no deployed host can take are left out; `check_selection` refuses them before.
    """
    placed = place(snapshot, mapping, selection).hosts
    hosts = deployed_hosts(mapping) & {host.id for host in snapshot.hosts}
    replication = Replication(site, snapshot)
    able = {verdict.id for verdict in verdicts if verdict.verdict != "no"}
    whole = len(hosts) == len(snapshot.hosts) and able <= placed.keys()
    physical = {role.protected for role in mapping.physical_servers if role.deploy}
    if whole:
        taken = _whole(snapshot, replication, set(placed))
    else:
        taken = _Partial(snapshot, replication, set(hosts), placed).taken()
    taken["physical_servers"] = {s.id for s in snapshot.physical_servers if s.name in physical}
    objects = {name: frozenset(taken.get(name, ())) for name in COLLECTIONS}
    return Closure(whole=whole, objects=objects, placed=placed)


def _whole(snapshot: Snapshot, replication: Replication, guests: set[str]) -> dict[str, set[str]]:
    taken = {name: {item.id for item in getattr(snapshot, name)} for name in COLLECTIONS}
    taken["virtual_machines"] = guests
    taken["datastores"] = {d.id for d in snapshot.datastores if replication.groups_of(d.id)}
    return taken


class _Partial:
    """Collects what hosts and guests need, kind by kind, each kind once."""

    def __init__(
        self, snapshot: Snapshot, replication: Replication, hosts: set[str], placed: dict[str, str]
    ) -> None:
        self._snapshot = snapshot
        self._replication = replication
        self._placed = placed
        self._hosts = hosts
        self._guests = [guest for guest in snapshot.virtual_machines if guest.id in placed]

    def taken(self) -> dict[str, set[str]]:
        """Returns collection → ids."""
        snapshot = self._snapshot
        hosts = [host for host in snapshot.hosts if host.id in self._hosts]
        taken: dict[str, set[str]] = {
            "hosts": set(self._hosts),
            "virtual_machines": {guest.id for guest in self._guests},
            "clusters": {c.id for c in snapshot.clusters} & {host.parent for host in hosts},
            "networks": {n.id for n in snapshot.networks if self._hosts.intersection(n.hosts)},
            "datastores": {d for guest in self._guests for d in self._replication.datastores_of(guest)},
        }
        taken |= self._distributed() | self._storage(taken["datastores"])
        taken |= self._pools(taken["clusters"])
        return taken | self._tree(taken)

    def _distributed(self) -> dict[str, set[str]]:
        snapshot = self._snapshot
        used = {interface.network for guest in self._guests for interface in guest.network_interfaces}
        for host in snapshot.hosts:
            if host.id in self._hosts:
                used.update(nic.distributed_port_group for nic in host.virtual_nics)
        reached = {
            switch.id
            for switch in snapshot.distributed_switches
            if any(member.host in self._hosts for member in switch.members)
        }
        switches = {g.switch for g in snapshot.distributed_port_groups if g.id in used} & reached
        return {
            "distributed_switches": switches,
            "distributed_port_groups": {
                group.id
                for group in snapshot.distributed_port_groups
                if group.switch in switches and (group.uplink or group.id in used)
            },
        }

    def _storage(self, datastores: set[str]) -> dict[str, set[str]]:
        behind = {v for d in self._snapshot.datastores if d.id in datastores for v in d.volumes}
        volumes = [volume for volume in self._snapshot.volumes if volume.id in behind]
        return {
            "volumes": {volume.id for volume in volumes},
            "storage_arrays": {volume.array for volume in volumes},
        }

    def _pools(self, clusters: set[str]) -> dict[str, set[str]]:
        snapshot = self._snapshot
        parents = {pool.id: pool.parent for pool in snapshot.resource_pools}
        parents |= {vapp.id: vapp.parent for vapp in snapshot.vapps}
        found = {p.id for p in snapshot.resource_pools if p.parent in clusters | self._hosts}
        for guest in self._guests:
            chain = list(_chain(guest.resource_pool, parents))
            # A pool of a cluster that is not recovered cannot be built: its guests go to a root pool.
            if chain and parents[chain[-1]] in clusters | self._hosts:
                found.update(chain)
        return {
            "resource_pools": found & {pool.id for pool in snapshot.resource_pools},
            "vapps": found & {vapp.id for vapp in snapshot.vapps},
        }

    def _tree(self, taken: dict[str, set[str]]) -> dict[str, set[str]]:
        snapshot = self._snapshot
        parents = {folder.id: folder.parent for folder in snapshot.folders}
        parents |= {datacenter.id: datacenter.parent for datacenter in snapshot.datacenters}
        found: set[str] = set()
        for name, field in _PLACES.items():
            for item in getattr(snapshot, name):
                if item.id in taken[name]:
                    found.update(_chain(getattr(item, field), parents))
        datacenters = {d.id for d in snapshot.datacenters if d.id in found}
        for datacenter in snapshot.datacenters:
            if datacenter.id in datacenters:
                roots = (datacenter.vm_folder, datacenter.host_folder)
                found.update(roots, (datacenter.datastore_folder, datacenter.network_folder))
        return {"datacenters": datacenters, "folders": found & {folder.id for folder in snapshot.folders}}


_PLACES = {
    "hosts": "parent",
    "clusters": "parent",
    "networks": "parent",
    "datastores": "parent",
    "distributed_switches": "parent",
    "distributed_port_groups": "parent",
    "virtual_machines": "folder",
    "vapps": "folder",
}
"""The collections that lie in folders, and the field that says in which."""


def _chain(start: str, parents: dict[str, str]) -> Iterator[str]:
    """Yields an object and all above it, as far as `parents` knows; a circle ends where it closes."""
    seen: set[str] = set()
    while start in parents and start not in seen:
        seen.add(start)
        yield start
        start = parents[start]
