"""What the newest snapshot knows of the objects that a site, or a recovered one, shows now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TypeVar

from drconsole.console.inventories.inventory import Captured, Node, power_word
from drconsole.console.words import phrases
from drconsole.model.inventory import Allocation, Datastore, Host, Object, PhysicalServer, VirtualMachine

Thing = TypeVar("Thing", bound=Object)


class Known:
    """Looks up objects of a site by their ids; of a recovered one by names, where a name is unique there.

    `captured` None: no snapshot has been read.
    """

    def __init__(self, captured: Captured | None, *, recovered: bool = False) -> None:
        self.captured = captured
        self._recovered = recovered

    # -- one object ---------------------------------------------------------------------------------

    def guest(self, node: Node) -> VirtualMachine | None:
        """Returns a guest as it was captured."""
        if self.captured is None:
            return None
        return self._guests_by_name.get(node.name) if self._recovered else self.captured.guests.get(node.id)

    def host(self, node: Node) -> Host | None:
        """Returns a host as it was captured."""
        if self.captured is None:
            return None
        return self._hosts_by_name.get(node.name) if self._recovered else self.captured.hosts.get(node.id)

    def datastore(self, node: Node) -> Datastore | None:
        """Returns a datastore as it was captured."""
        if self.captured is None:
            return None
        stores = self._stores_by_name if self._recovered else self.captured.datastores
        return stores.get(node.name if self._recovered else node.id)

    @cached_property
    def _guests_by_name(self) -> dict[str, VirtualMachine]:
        return _by_name(self.captured.guests) if self.captured else {}

    @cached_property
    def _hosts_by_name(self) -> dict[str, Host]:
        return _by_name(self.captured.hosts) if self.captured else {}

    @cached_property
    def _stores_by_name(self) -> dict[str, Datastore]:
        return _by_name(self.captured.datastores) if self.captured else {}

    def seen(self, node: Node) -> str:
        """Returns whether a guest is as it was captured: since when, `changed`, or `not yet` captured."""
        if self.captured is None:
            return "–"
        guest = self.guest(node)
        if guest is None:
            return "not yet" if not self._recovered else "–"
        if self._recovered:
            same = power_word(node.facts.get("power", "")) in ("", guest.power)
            return "as before" if same else "changed"
        return "changed" if self.captured.changed(node) else phrases.clock(self.captured.snapshot.taken)

    def networks(self, guest: VirtualMachine) -> str:
        """Returns the names of a guest's networks."""
        found = (
            self.captured.names_of(nic.network for nic in guest.network_interfaces) if self.captured else ""
        )
        return found or "–"

    # -- networks -----------------------------------------------------------------------------------

    @cached_property
    def _groups(self) -> dict[str, tuple[str, bool]]:
        """Distributed port group → its VLAN and whether it holds uplinks."""
        groups = self.captured.snapshot.distributed_port_groups if self.captured else ()
        return {group.id: (_vlan(group.vlan), group.uplink) for group in groups}

    @cached_property
    def _vlans(self) -> dict[str, set[int]]:
        """Standard network → the VLANs that its port groups have, by name."""
        found: dict[str, set[int]] = defaultdict(set)
        for host in self.captured.snapshot.hosts if self.captured else ():
            for group in host.port_groups:
                found[group.name].add(group.vlan)
        return found

    def vlan(self, node: Node) -> str:
        """Returns a network's VLAN; several where its hosts do not agree."""
        if node.id in self._groups and not self._recovered:
            return self._groups[node.id][0]
        return ",".join(map(str, sorted(self._vlans.get(node.name, ())))) or "–"

    def is_uplink(self, node: Node) -> bool:
        """Whether a port group holds a switch's uplinks."""
        return not self._recovered and self._groups.get(node.id, ("", False))[1]

    # -- pools and physical servers -----------------------------------------------------------------

    @cached_property
    def _pool_guests(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for guest in self.captured.guests.values() if self.captured else ():
            found[guest.resource_pool].append(guest.id)
        return found

    def in_pools(self, pools: Collection[str]) -> list[str]:
        """Returns the ids of the guests that the snapshot has in these pools."""
        return [guest for pool in pools for guest in self._pool_guests.get(pool, ())]

    @cached_property
    def _allocations(self) -> dict[str, tuple[Allocation | None, Allocation | None]]:
        if self.captured is None:
            return {}
        snapshot = self.captured.snapshot
        pools = {pool.id: (pool.cpu, pool.memory) for pool in snapshot.resource_pools}
        return pools | {vapp.id: (vapp.cpu, vapp.memory) for vapp in snapshot.vapps}

    def shares(self, node: Node) -> tuple[str, str]:
        """Returns what a pool is given of processors and memory."""
        cpu, memory = self._allocations.get(node.id, (None, None))
        return _allocated(cpu), _allocated(memory)

    @cached_property
    def servers(self) -> dict[str, PhysicalServer]:
        """The physical servers, by name."""
        servers = self.captured.snapshot.physical_servers if self.captured else ()
        return {server.name: server for server in servers}

    @cached_property
    def volumes(self) -> dict[str, str]:
        """Volume → its replication group, "" for none."""
        volumes = self.captured.snapshot.volumes if self.captured else ()
        return {volume.id: volume.group for volume in volumes}


def _by_name(things: Mapping[str, Thing]) -> dict[str, Thing]:
    """Returns things by name; a name that several have tells none of them."""
    found: dict[str, Thing] = {}
    twice: set[str] = set()
    for thing in things.values():
        if thing.name in found:
            twice.add(thing.name)
        found[thing.name] = thing
    return {name: thing for name, thing in found.items() if name not in twice}


def _vlan(vlan: int | None) -> str:
    return "–" if vlan is None else str(vlan)


def _allocated(part: Allocation | None) -> str:
    if part is None:
        return "–"
    return f"{part.reservation}–{part.limit if part.limit >= 0 else '∞'}"
