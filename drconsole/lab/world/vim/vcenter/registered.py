"""Which guests a vCenter has, found by their .vmx and by their instance uuid."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drconsole.lab.world.vim.vcenter.guests import VirtualMachine


class Registered:
    """An index, so that the thousandth registration costs what the first one did."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[str, str]] = {}
        self._by_path: dict[str, dict[str, VirtualMachine]] = defaultdict(dict)
        self._instances: dict[str, set[str]] = defaultdict(set)

    def note(self, guest: VirtualMachine) -> None:
        """Takes a guest in, or takes note of its new path and uuid."""
        self.drop(guest)
        config = guest.props["config"]
        path, instance = config.files.vmPathName, config.instanceUuid
        self._keys[guest.moid] = path, instance
        self._by_path[path][guest.moid] = guest
        self._instances[instance].add(guest.moid)

    def drop(self, guest: VirtualMachine) -> None:
        """Forgets a guest."""
        path, instance = self._keys.pop(guest.moid, ("", ""))
        self._by_path[path].pop(guest.moid, None)
        self._instances[instance].discard(guest.moid)

    def at(self, path: str) -> tuple[VirtualMachine, ...]:
        """Returns the guests of a .vmx path, at most one a datacenter."""
        return tuple(self._by_path[path].values()) if path in self._by_path else ()

    def knows(self, instance: str) -> bool:
        """Says whether a guest has this instance uuid."""
        return bool(self._instances.get(instance))
