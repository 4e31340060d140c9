"""Which objects a property filter takes, and which of their properties."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from drconsole.lab.world.vim.new import fault
from drconsole.lab.world.vim.paths import parse
from drconsole.lab.world.vim.registry import properties, wire_name

if TYPE_CHECKING:
    from drconsole.lab.world.vim.objects import Endpoint, ManagedObject

MEMBERSHIP = frozenset(
    {"childEntity", "vm", "host", "resourcePool", "parent", "datastore", "network", "view", "vmFolder"}
)
"""Properties that decide what a container view holds."""


class Selection:
    """A checked PropertyFilterSpec. Raises InvalidProperty, InvalidType, InvalidArgument."""

    def __init__(self, spec: Any) -> None:
        self._objects = spec.objectSet
        self._wanted = [(item.type, _paths(item)) for item in spec.propSet]
        self._by_class: dict[Any, tuple[str, ...] | None] = {}
        self.structure = MEMBERSHIP | {
            step.path.split(".", 1)[0] for item in self._objects for step in _steps(item.selectSet)
        }
        for item in self._objects:
            for step in _steps(item.selectSet):
                parse(wire_name(step.type), step.path)

    def objects(self, endpoint: Endpoint) -> dict[str, ManagedObject]:
        """Returns the selected objects that have a property spec, by id, in the order found."""
        found: dict[str, ManagedObject] = {}
        for item in self._objects:
            named = {step.name: step for step in _steps(item.selectSet) if step.name}
            start = endpoint.at(item.obj)
            _Walk(endpoint, named, found).visit(start, item.selectSet, take=not item.skip)
        return {moid: item for moid, item in found.items() if self.paths(item) is not None}

    def paths(self, item: ManagedObject) -> tuple[str, ...] | None:
        """Returns the property paths that are wanted of an object; None where no spec fits it."""
        kind = type(item.ref())
        if kind not in self._by_class:
            self._by_class[kind] = self._paths_of(kind)
        return self._by_class[kind]

    def _paths_of(self, kind: Any) -> tuple[str, ...] | None:
        fitting = [paths for base, paths in self._wanted if issubclass(kind, base)]
        if not fitting:
            return None
        every = tuple(properties(kind))
        return tuple(dict.fromkeys(path for paths in fitting for path in (every if paths is None else paths)))


class _Walk:
    """One traversal from one starting object; a pair of object and step is followed once."""

    def __init__(self, endpoint: Endpoint, named: dict[str, Any], found: dict[str, ManagedObject]) -> None:
        self._endpoint = endpoint
        self._named = named
        self._found = found
        self._followed: set[tuple[str, int]] = set()

    def visit(self, item: ManagedObject, steps: Any, *, take: bool) -> None:
        if take:
            self._found.setdefault(item.moid, item)
        for wanted in steps:
            step = self._resolve(wanted)
            if not isinstance(item.ref(), step.type) or (item.moid, id(step)) in self._followed:
                continue
            self._followed.add((item.moid, id(step)))
            for target in self._targets(item, step.path):
                self.visit(target, step.selectSet, take=not step.skip)

    def _resolve(self, wanted: Any) -> Any:
        if hasattr(wanted, "path"):
            return wanted
        if wanted.name not in self._named:
            raise fault("InvalidArgument", f"no selection spec {wanted.name}", invalidProperty="selectSet")
        return self._named[wanted.name]

    def _targets(self, item: ManagedObject, path: str) -> Iterator[ManagedObject]:
        value = item.get(path)
        for reference in value if isinstance(value, list) else () if value is None else (value,):
            # An object that went away in this moment is no error: the next update says so.
            target = self._endpoint.objects.get(reference._moId)
            if target is not None:
                yield target


def _paths(spec: Any) -> tuple[str, ...] | None:
    """Checks a PropertySpec; None means all properties."""
    if spec.type is None:
        raise fault("InvalidType", argument="type")
    for path in spec.pathSet:
        parse(wire_name(spec.type), path)
    return None if spec.all else tuple(spec.pathSet)


def _steps(steps: Any) -> Iterator[Any]:
    """Yields every TraversalSpec of a select set, nested ones too."""
    for step in steps:
        if hasattr(step, "path"):
            yield step
            yield from _steps(step.selectSet)
