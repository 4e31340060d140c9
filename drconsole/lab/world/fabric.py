"""Cables: switch ports with their link and VLANs, and who is on a VLAN together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from drconsole.lab.world.ledger import Ledger

Side = Literal["protected", "recovery"]


@dataclass
class SwitchPort:
    """The port at the other end of a NIC's cable. `native` is the VLAN of untagged frames."""

    name: str
    link: bool = True
    vlans: frozenset[int] = frozenset()
    native: int = 1

    def carries(self, vlan: int) -> int | None:
        """Returns the VLAN that frames tagged `vlan` (0: untagged) arrive on, or None: dropped."""
        if vlan in {0, self.native}:
            return self.native
        return vlan if vlan in self.vlans else None


@dataclass(frozen=True)
class Segment:
    """A part of the recovery site that one provisioning network serves, such as a rack."""

    name: str
    provisioning_vlan: int


@dataclass
class Presence:
    """Which running guests share a VLAN. VLANs are stretched over both sites, as an outage needs
    them to be, so a number means one broadcast domain."""

    ledger: Ledger
    site_gone: Callable[[], bool]
    _guests: dict[int, dict[str, Side]] = field(default_factory=dict)

    def join(self, vlan: int, guest: str, side: Side) -> None:
        """A guest (its path in the world) appears on a VLAN; with one of the other side: `leak`."""
        others = self._guests.setdefault(vlan, {})
        if guest in others:
            return
        for other, place in others.items():
            if place != side and not self.site_gone():
                pair = (guest, other) if side == "recovery" else (other, guest)
                self.ledger.write(pair[0], "leak", pair[0], vlan=vlan, protected=pair[1])
                break
        others[guest] = side

    def leave(self, guest: str) -> None:
        """The guest is gone from every VLAN."""
        for others in self._guests.values():
            others.pop(guest, None)

    def on(self, vlan: int) -> dict[str, Side]:
        """Returns the guests on a VLAN and their sides."""
        return dict(self._guests.get(vlan, {}))
