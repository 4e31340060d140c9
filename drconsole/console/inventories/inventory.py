"""A site's objects as the console shows them: live from the service, else from the newest snapshot."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from drconsole.api.values import InventoryBatch, LiveState
from drconsole.console.inventories.listing import Listing
from drconsole.console.inventories.structure import Structure
from drconsole.model.inventory import (
    Cluster,
    Datacenter,
    Datastore,
    DistributedPortGroup,
    DistributedSwitch,
    Folder,
    Network,
    ResourcePool,
    Snapshot,
    VApp,
)
from drconsole.model.live import InventoryChange

SILENCE_S = 5.0
"""A live inventory gives a sign of life each second: after so long without one it is stale."""

_Placed = (
    Datacenter
    | Folder
    | Cluster
    | ResourcePool
    | VApp
    | DistributedSwitch
    | Network
    | DistributedPortGroup
    | Datastore
)

NETWORKS = ("network", "distributedPortGroup")
GUEST = "virtualMachine"
_LEAVES = frozenset({GUEST, "datastore", *NETWORKS})
"""Nothing stands in them: one of them changes nobody else's place."""

Place = tuple[str, str]
"""Datacenter and cluster, by id; "" for none."""
_NOWHERE = ("", "")


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One object. `facts` are what the site says of it now, in its own words."""

    id: str
    kind: str
    name: str
    parent: str
    facts: dict[str, str] = {}


class Inventory:
    """The objects of one site, and how old the knowledge of them is.

    Where an object stands and the lists of objects are kept while changes come in: nothing walks all of
    them because one was switched off.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.version = 0
        self.error = ""
        self._state: LiveState = "unwatched"
        self._age: float | None = None
        self._heard = 0.0
        self._places: dict[str, Place] | None = {}
        self._lists: dict[tuple[tuple[str, ...], str, str], Listing] = {}
        self._asked: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        self._guests: Counter[str] | None = None
        self._below: dict[tuple[tuple[str, ...], str], Listing] = {}
        self._structure: Structure | None = None

    # -- what comes in ----------------------------------------------------------------------------

    def apply(self, batch: InventoryBatch, now: float) -> bool:
        """Takes a batch in; a batch may hold only the facts that changed. `now` is monotonic.

        Returns whether it was more than a sign of life.
        """
        before = (self.version, self.state(now), self.error)
        self._state, self._age, self._heard, self.error = batch.state, batch.age_s, now, batch.error
        if batch.reset:
            self.replace(())
        for change in batch.changes:
            self._take(change)
        if batch.changes or batch.reset:
            self.version += 1
        return before != (self.version, batch.state, batch.error)

    def replace(self, nodes: Iterable[Node]) -> None:
        """Takes these objects in the place of all."""
        self.nodes = {node.id: node for node in nodes}
        self._move_all()
        self.version += 1

    def lose(self) -> None:
        """Nobody tells of the site any more: from now on what is shown is stale."""
        if self._state == "live":
            self._state = "stale"

    def _take(self, change: InventoryChange) -> None:
        old = self.nodes.get(change.id)
        if change.change == "leave":
            self._change(old, None)
            self.nodes.pop(change.id, None)
            return
        new = Node(
            id=change.id,
            kind=change.kind,
            name=change.name or (old.name if old else ""),
            parent=change.parent or (old.parent if old else ""),
            facts={**old.facts, **change.facts} if old else change.facts,
        )
        self._change(old, new)
        self.nodes[change.id] = new

    def _change(self, old: Node | None, new: Node | None) -> None:
        """Keeps places and lists right where one object changes."""
        node = new or old
        if node is None or self._places is None:
            return
        before = (old.kind, old.name, old.parent, old.facts.get("host", "")) if old else None
        after = (new.kind, new.name, new.parent, new.facts.get("host", "")) if new else None
        if before == after:
            return
        leaf = all(one.kind in _LEAVES for one in (old, new) if one is not None)
        if not leaf and (old is None or new is None or (old.parent, old.kind) != (new.parent, new.kind)):
            self._move_all()
            return
        if old is not None:
            for listing in self._listed(old):
                listing.discard(old.name, old.id)
            self._count(old, -1, leaf)
        if leaf:
            self._places.pop(node.id, None)
        if new is not None:
            if leaf:
                self._places[new.id] = self._place_of(new)
            for listing in self._listed(new):
                listing.add(new.name, new.id)
            self._count(new, 1, leaf)

    def _move_all(self) -> None:
        """Something that others stand in has moved: what is known of places is found anew when asked."""
        self._places, self._guests, self._structure = None, None, None
        self._lists.clear()
        self._below.clear()

    def _listed(self, node: Node) -> Iterator[Listing]:
        """Yields the lists that exist and have this object."""
        datacenter, cluster = self._known().get(node.id, _NOWHERE)
        for kinds in self._asked.get(node.kind, ()):
            for place in {(d, c) for d in (datacenter, "") for c in (cluster, "")}:
                listing = self._lists.get((kinds, *place))
                if listing is not None:
                    yield listing
            if self._below:
                yield from self._listed_below(kinds, node.parent)

    def _listed_below(self, kinds: tuple[str, ...], container: str) -> Iterator[Listing]:
        seen: set[str] = set()
        while container in self.nodes and container not in seen:
            seen.add(container)
            listing = self._below.get((kinds, container))
            if listing is not None:
                yield listing
            container = self.nodes[container].parent

    def _count(self, node: Node, number: int, leaf: bool) -> None:
        if leaf and self._structure is not None:
            self._structure.leaf(node, number)
        if self._guests is not None and node.kind == GUEST:
            self._guests[node.facts.get("host", "")] += number

    # -- how old it is ----------------------------------------------------------------------------

    def state(self, now: float) -> LiveState:
        """Whether what is shown is how the site is; silence makes it stale."""
        if self._state == "live" and now - self._heard > SILENCE_S:
            return "stale"
        return self._state

    def age(self, now: float) -> float | None:
        """Returns how old what is shown is, in seconds; None where there is nothing to show."""
        return None if self._age is None else self._age + now - self._heard

    # -- what is asked ----------------------------------------------------------------------------

    def listing(self, *kinds: str, datacenter: str = "", cluster: str = "") -> Listing:
        """Returns the objects of these kinds, in a datacenter or a cluster: a list that is kept right.

        It is another object once much has changed: ask anew each time.
        """
        key = (kinds, datacenter, cluster)
        if key not in self._lists:
            places = self._known()
            self._lists[key] = Listing(
                (node.name, node.id)
                for node in self.nodes.values()
                if node.kind in kinds
                and (not datacenter or places[node.id][0] == datacenter)
                and (not cluster or places[node.id][1] == cluster)
            )
            for kind in kinds:
                self._asked[kind].add(kinds)
        return self._lists[key]

    def below(self, container: str, *kinds: str) -> Listing:
        """Returns the objects of these kinds in a folder or pool, at any depth: a list that is kept right."""
        key = (kinds, container)
        if key not in self._below:
            inside = self._structured().below(container)
            self._below[key] = Listing(
                (node.name, node.id)
                for node in self.nodes.values()
                if node.kind in kinds and node.parent in inside
            )
            for kind in kinds:
                self._asked[kind].add(kinds)
        return self._below[key]

    def inside(self, container: str, *kinds: str) -> list[Node]:
        """Returns the containers of these kinds directly in one, by name; "" is the site itself.

        Containers are all objects but guests, networks and datastores.
        """
        found = [self.nodes[identity] for identity in self._structured().inside(container)]
        return sorted((n for n in found if n.kind in kinds), key=lambda node: (node.name, node.id))

    def count_below(self, container: str, *kinds: str) -> int:
        """Returns how many objects of these kinds a container holds at any depth, without walking them."""
        return self._structured().count(container, kinds)

    def pools_below(self, pool: str) -> frozenset[str]:
        """Returns the ids of the pools and vApps in one, itself among them."""
        return self._structured().below(pool)

    def _structured(self) -> Structure:
        if self._structure is None:
            self._known()  # changes are taken into account from where places are known
            self._structure = Structure(self.nodes, _LEAVES)
        return self._structure

    def of(self, *kinds: str, datacenter: str = "", cluster: str = "") -> list[Node]:
        """Returns the objects of these kinds, in a datacenter or a cluster, by name."""
        found = self.listing(*kinds, datacenter=datacenter, cluster=cluster)
        return [self.nodes[identity] for identity in found.ids]

    def guests_on(self, host: str) -> int:
        """Returns how many guests a host has."""
        if self._guests is None:
            self._known()
            self._guests = Counter(
                node.facts.get("host", "") for node in self.nodes.values() if node.kind == GUEST
            )
        return self._guests[host]

    def name_of(self, identity: str) -> str:
        """Returns an object's name, "" where it is unknown."""
        node = self.nodes.get(identity)
        return node.name if node else ""

    # -- where objects stand ----------------------------------------------------------------------

    def _known(self) -> dict[str, Place]:
        """Returns each object's datacenter and cluster; what others stand in is found first."""
        if self._places is None:
            self._places = {}
            late = []
            for node in self.nodes.values():
                if node.kind in _LEAVES:
                    late.append(node)
                else:
                    self._places[node.id] = self._climb(node.id)
            self._places.update((node.id, self._place_of(node)) for node in late)
        return self._places

    def _place_of(self, node: Node) -> Place:
        """A guest stands in the cluster of its host, and in the datacenter of its folder."""
        places = self._known()
        above = places.get(node.parent, _NOWHERE)
        home = places.get(node.facts.get("host", ""), _NOWHERE)
        return (above[0] or home[0], home[1] or above[1])

    def _climb(self, identity: str) -> Place:
        found, seen = {"datacenter": "", "cluster": ""}, set[str]()
        while identity in self.nodes and identity not in seen:
            seen.add(identity)
            node = self.nodes[identity]
            if node.kind in found:
                found[node.kind] = identity
            identity = node.parent
        return (found["datacenter"], found["cluster"])


def from_snapshot(snapshot: Snapshot) -> Inventory:
    """Returns a snapshot's objects, for a site that does not answer."""
    inventory = Inventory()
    inventory.replace(_nodes(snapshot))
    return inventory


def _nodes(snapshot: Snapshot) -> Iterator[Node]:
    placed: tuple[_Placed, ...] = (
        *snapshot.datacenters,
        *snapshot.folders,
        *snapshot.clusters,
        *snapshot.resource_pools,
        *snapshot.vapps,
        *snapshot.distributed_switches,
        *snapshot.networks,
        *snapshot.distributed_port_groups,
        *snapshot.datastores,
    )
    for thing in placed:
        yield Node(id=thing.id, kind=thing.kind, name=thing.name, parent=thing.parent)
    for host in snapshot.hosts:
        facts = {"connection": host.connection, "version": host.product.version if host.product else ""}
        yield Node(id=host.id, kind="host", name=host.name, parent=host.parent, facts=facts)
    for guest in snapshot.virtual_machines:
        facts = {"power": guest.power, "host": guest.host, "template": str(guest.template).lower()}
        yield Node(id=guest.id, kind="virtualMachine", name=guest.name, parent=guest.folder, facts=facts)


class Captured:
    """What a snapshot says of objects, indexed by id."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.guests = {guest.id: guest for guest in snapshot.virtual_machines}
        self.hosts = {host.id: host for host in snapshot.hosts}
        self.datastores = {datastore.id: datastore for datastore in snapshot.datastores}
        self.names = {thing.id: thing.name for thing in snapshot.objects()}
        self.inventory = from_snapshot(snapshot)

    def changed(self, node: Node) -> bool:
        """Whether a live guest is not as it was captured: its name, power or host."""
        guest = self.guests[node.id]
        power = power_word(node.facts.get("power", ""))
        return (guest.name, guest.power, guest.host) != (
            node.name,
            power or guest.power,
            node.facts.get("host", guest.host),
        )

    def names_of(self, ids: Iterable[str]) -> str:
        """Returns objects' names, each once, joined."""
        return ", ".join(dict.fromkeys(self.names.get(identity, identity) for identity in ids if identity))


def power_word(fact: str) -> str:
    """Returns on, off or suspended for what the site calls it, such as poweredOn."""
    return {"poweredOn": "on", "poweredOff": "off"}.get(fact, fact)
