"""What stands in what: the way from the top of an inventory down to an object, by names."""

from __future__ import annotations

from drconsole.model.inventory import DistributedPortGroup, Snapshot, VirtualMachine, Volume
from drconsole.model.inventory.base import Object


class Whereabouts:
    """The objects of a snapshot by id, and what each stands in."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.by_id: dict[str, Object] = {thing.id: thing for thing in snapshot.objects()}

    def homes(self, thing: Object) -> list[str]:
        """Returns the ids of what an object stands in, the most telling first: a guest stands on its
        host, in its pool and in its folder."""
        if isinstance(thing, VirtualMachine):
            wanted = [thing.host, thing.resource_pool, thing.folder]
        elif isinstance(thing, DistributedPortGroup):
            wanted = [thing.switch]
        elif isinstance(thing, Volume):
            wanted = [thing.array]
        else:
            wanted = [getattr(thing, "parent", "")]
        return [home for home in wanted if home != thing.id and home in self.by_id]

    def way(self, thing: Object) -> list[Object]:
        """Returns what leads to an object, the outermost first, itself last; a circle is left once."""
        way, seen = [thing], {thing.id}
        while homes := self.homes(way[0]):
            if homes[0] in seen:
                break
            seen.add(homes[0])
            way.insert(0, self.by_id[homes[0]])
        return way

    def words(self, thing: Object) -> str:
        """Returns the names of what an object stands in, like an address: `esx-01, Prod-A, DC0`; "" at
        the top. The nearest comes first: where room is short, it is what was asked for."""
        return ", ".join(above.name for above in self.way(thing)[-2::-1])
