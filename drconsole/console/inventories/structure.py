"""What stands in what: the containers of an inventory, and how many leaves each of them holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Protocol


class Placed(Protocol):
    """An object with its place."""

    @property
    def id(self) -> str:
        """Unique in its inventory."""

    @property
    def kind(self) -> str:
        """Its word in documents."""

    @property
    def parent(self) -> str:
        """The id of what it stands in, "" for nothing."""


class Structure:
    """Made anew when a container comes, goes or moves; leaves are counted in and out."""

    def __init__(self, nodes: Mapping[str, Placed], leaves: frozenset[str]) -> None:
        self._nodes = nodes
        self._inside: dict[str, list[str]] = defaultdict(list)
        self._direct: Counter[tuple[str, str]] = Counter()
        self._below: dict[str, frozenset[str]] = {}
        for node in nodes.values():
            if node.kind in leaves:
                self._direct[node.parent, node.kind] += 1
            else:
                self._inside[node.parent if node.parent in nodes else ""].append(node.id)

    def leaf(self, node: Placed, number: int) -> None:
        """Counts a leaf in (1) or out (-1)."""
        self._direct[node.parent, node.kind] += number

    def inside(self, container: str) -> Iterable[str]:
        """Returns the containers that stand directly in one; "" is the site."""
        return self._inside.get(container, ())

    def below(self, container: str) -> frozenset[str]:
        """Returns the containers that stand in one at any depth, itself among them."""
        found = self._below.get(container)
        if found is None:
            seen, ahead = {container}, [container]
            while ahead:
                new = [inner for inner in self.inside(ahead.pop()) if inner not in seen]
                seen.update(new)
                ahead += new
            found = self._below[container] = frozenset(seen)
        return found

    def count(self, container: str, kinds: Iterable[str]) -> int:
        """Returns how many objects of these kinds stand in a container at any depth."""
        wanted, below = tuple(kinds), self.below(container)
        leaves = sum(self._direct[inner, kind] for inner in below for kind in wanted)
        nodes = (self._nodes.get(inner) for inner in below if inner != container)
        return leaves + sum(node is not None and node.kind in wanted for node in nodes)
