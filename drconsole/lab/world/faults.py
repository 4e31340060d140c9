"""Faults by name, consulted at the places where they bite; they come and go on a running lab."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

KINDS: Mapping[str, frozenset[str]] = {
    "site-gone": frozenset({"mode"}),
    "bmc-silent": frozenset({"machine", "mode"}),
    "never-netboots": frozenset({"machine"}),
    "install-fails": frozenset({"machine"}),
    "uplink-down": frozenset({"machine", "nic"}),
    "array-refuses": frozenset({"array", "verb", "volume", "code"}),
    "task-fails": frozenset({"method", "object", "fault", "endpoint"}),
    "guest-hangs": frozenset({"guest"}),
    "vcenter-session-expires": frozenset({"endpoint", "method"}),
}
"""Each fault and the arguments that narrow it; one that is left out means every one."""

FLAVOURS = frozenset({"refused", "black-hole"})
"""`mode`: a connection is refused at once (default), or accepted by nobody and never answered."""


class UnknownFault(ValueError):
    """A fault, or an argument of one, that the lab does not know."""


@dataclass
class Fault:
    """A fault in force. `left` is how often it still bites, None for until it is cleared."""

    id: int
    name: str
    where: dict[str, str]
    left: int | None = None

    def matches(self, name: str, where: Mapping[str, str]) -> bool:
        return name == self.name and all(
            where[key] == value for key, value in self.where.items() if key in where
        )


class Faults:
    """The faults in force. `changed` is called after each change, for doors that open and close."""

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
        self._ids = itertools.count(1)
        self._active: list[Fault] = []

    def start(self, name: str, *, times: int | None = None, **where: str) -> Fault:
        """Puts a fault in force. Raises UnknownFault, naming what it might have been."""
        known = KINDS.get(name)
        if known is None:
            raise UnknownFault(f"no fault {name}; there are {', '.join(sorted(KINDS))}")
        for key in where.keys() - known:
            raise UnknownFault(f"fault {name} takes no {key}; it takes {', '.join(sorted(known))}")
        if where.get("mode", "refused") not in FLAVOURS:
            raise UnknownFault(f"mode {where['mode']} is none of {', '.join(sorted(FLAVOURS))}")
        fault = Fault(next(self._ids), name, dict(where), times)
        self._active.append(fault)
        self._changed()
        return fault

    def clear(self, name: str | None = None, **where: str) -> int:
        """Ends the faults of a name that have these arguments, or all. Returns how many ended."""
        gone = [
            fault
            for fault in self._active
            if name in (None, fault.name) and where.items() <= fault.where.items()
        ]
        self._active = [fault for fault in self._active if fault not in gone]
        if gone:
            self._changed()
        return len(gone)

    def active(self, name: str, **where: str) -> Fault | None:
        """Returns the fault in force here, without using it up, or None."""
        return next((fault for fault in self._active if fault.matches(name, where)), None)

    def bite(self, name: str, **where: str) -> Fault | None:
        """As `active`, and counts one of its `times`; the last one ends it."""
        fault = self.active(name, **where)
        if fault is not None and fault.left is not None:
            fault.left -= 1
            if fault.left <= 0:
                self._active.remove(fault)
                self._changed()
        return fault

    def all(self) -> tuple[Fault, ...]:
        """Returns the faults in force, oldest first."""
        return tuple(self._active)
