"""What a snapshot says of the order in which guests start, and of what they wait for."""

from __future__ import annotations

from drconsole.console.inventories.inventory import Captured
from drconsole.planning.start_order import places, servers_before, started_before


class GuestOrder:
    """The start order of a snapshot's guests, in words for a table. What is not known is not shown."""

    def __init__(self, captured: Captured) -> None:
        self.captured = captured
        self._places = places(captured.snapshot)
        self._before = started_before(captured.snapshot)
        self._servers = servers_before(captured.snapshot)

    def place(self, guest: str) -> str:
        """Returns a guest's place in its vApps' order, from 1; "–" in no vApp."""
        return str(self._places.get(guest, "–"))

    def after(self, guest: str) -> str:
        """Returns what must be there before a guest starts: physical servers, then guests of its vApps."""
        earlier = [other.name for _, other in self._before.get(guest, ())]
        return ", ".join(dict.fromkeys((*self._servers.get(guest, ()), *earlier))) or "–"

    def remark(self, guest: str) -> str:
        """Returns why a guest will not be started, "" where it will."""
        found = self.captured.guests[guest]
        if found.template:
            return "a template: it is registered, not started"
        return "" if found.power == "on" else f"was {found.power}: it is registered, not started"
