"""Objects by what they are called, from the datacenter down: ids differ between two sites."""

from __future__ import annotations

from drconsole.model.inventory import Object, Snapshot

_OWNERS = ("parent", "switch", "folder", "resource_pool", "array")
"""Fields that say where an object hangs, the first that is set."""


class Paths:
    """Knows the path of every object of a snapshot: `kind` and names joined by `/`."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._objects = {item.id: item for item in snapshot.objects()}
        self._paths: dict[str, str] = {}
        self.by_path: dict[tuple[str, str], Object] = {}
        for item in self._objects.values():
            self.by_path.setdefault((item.kind, self.of(item.id)), item)

    def of(self, id: str) -> str:
        """Returns the path of an object by id; the id itself where the snapshot has none."""
        known = self._paths.get(id)
        if known is not None:
            return known
        item = self._objects.get(id)
        if item is None:
            return id
        self._paths[id] = id  # a circle of parents ends here
        owner = self._owner(item)
        name = item.name.replace("/", "%2f")
        self._paths[id] = f"{self.of(owner)}/{name}" if owner else name
        return self._paths[id]

    def _owner(self, item: Object) -> str:
        for field in _OWNERS:
            owner = getattr(item, field, "")
            if owner and owner in self._objects and not self._is_root(owner):
                return str(owner)
        return ""

    def _is_root(self, id: str) -> bool:
        """The inventory's own root is called differently everywhere, and says nothing."""
        item = self._objects[id]
        return item.kind == "folder" and not getattr(item, "parent", "")
