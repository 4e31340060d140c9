"""A site's objects as the console shows them: live from the service, else from the newest snapshot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from drconsole.api.values import InventoryBatch, LiveState
from drconsole.model.inventory import (
    Cluster,
    Datacenter,
    Datastore,
    DistributedPortGroup,
    Folder,
    Network,
    Snapshot,
)

SILENCE_S = 5.0
"""A live inventory gives a sign of life each second: after so long without one it is stale."""

_Placed = Datacenter | Folder | Cluster | Network | DistributedPortGroup | Datastore

NETWORKS = ("network", "distributedPortGroup")


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One object. `facts` are what the site says of it now, in its own words."""

    id: str
    kind: str
    name: str
    parent: str
    facts: dict[str, str] = {}


class Inventory:
    """The objects of one site, and how old the knowledge of them is."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.version = 0
        self.error = ""
        self._state: LiveState = "unwatched"
        self._age: float | None = None
        self._heard = 0.0
        self._places: dict[str, tuple[str, str]] = {}
        self._placed = -1

    def apply(self, batch: InventoryBatch, now: float) -> None:
        """Takes a batch in; a batch may hold only the facts that changed. `now` is monotonic."""
        self._state, self._age, self._heard, self.error = batch.state, batch.age_s, now, batch.error
        if batch.reset:
            self.nodes.clear()
        for change in batch.changes:
            old = self.nodes.get(change.id)
            if change.change == "leave":
                self.nodes.pop(change.id, None)
                continue
            self.nodes[change.id] = Node(
                id=change.id,
                kind=change.kind,
                name=change.name or (old.name if old else ""),
                parent=change.parent or (old.parent if old else ""),
                facts={**(old.facts if old else {}), **change.facts},
            )
        if batch.changes or batch.reset:
            self.version += 1

    def state(self, now: float) -> LiveState:
        """Whether what is shown is how the site is; silence makes it stale."""
        if self._state == "live" and now - self._heard > SILENCE_S:
            return "stale"
        return self._state

    def age(self, now: float) -> float | None:
        """Returns how old what is shown is, in seconds; None where there is nothing to show."""
        return None if self._age is None else self._age + now - self._heard

    def of(self, *kinds: str, datacenter: str = "", cluster: str = "") -> list[Node]:
        """Returns the objects of these kinds, in a datacenter or a cluster, by name."""
        self._place()
        found = (
            node
            for node in self.nodes.values()
            if node.kind in kinds
            and (not datacenter or self._places[node.id][0] == datacenter)
            and (not cluster or self._places[node.id][1] == cluster)
        )
        return sorted(found, key=lambda node: (node.name, node.id))

    def name_of(self, identity: str) -> str:
        """Returns an object's name, "" where it is unknown."""
        node = self.nodes.get(identity)
        return node.name if node else ""

    def _place(self) -> None:
        """Finds each object's datacenter and cluster, once for each version."""
        if self._placed == self.version:
            return
        self._places = dict.fromkeys(self.nodes, ("", ""))
        for identity, node in self.nodes.items():
            above = {kind: found for found, kind in self._above(identity)}
            host = node.facts.get("host", "")
            home = {kind: found for found, kind in self._above(host)} if host else {}
            cluster = home.get("cluster") or above.get("cluster", "")
            self._places[identity] = (above.get("datacenter") or home.get("datacenter", ""), cluster)
        self._placed = self.version

    def _above(self, identity: str) -> Iterator[tuple[str, str]]:
        seen: set[str] = set()
        while identity in self.nodes and identity not in seen:
            seen.add(identity)
            yield identity, self.nodes[identity].kind
            identity = self.nodes[identity].parent


def from_snapshot(snapshot: Snapshot) -> Inventory:
    """Returns a snapshot's objects, for a site that does not answer."""
    inventory = Inventory()
    inventory.nodes = {node.id: node for node in _nodes(snapshot)}
    inventory.version = 1
    return inventory


def _nodes(snapshot: Snapshot) -> Iterator[Node]:
    placed: tuple[_Placed, ...] = (
        *snapshot.datacenters,
        *snapshot.folders,
        *snapshot.clusters,
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


def counted(nodes: Iterable[Node]) -> dict[str, int]:
    """Returns how many guests each host has."""
    found: dict[str, int] = defaultdict(int)
    for node in nodes:
        found[node.facts.get("host", "")] += 1
    return found
