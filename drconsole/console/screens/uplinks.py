"""Screen 6: a host's uplinks as captured, on its target now, as planned and as applied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from drconsole.console.screens.view import View
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import Span
from drconsole.console.widgets.painted import Painted
from drconsole.console.widgets.table import VirtualTable
from drconsole.console.widgets.uplinks import uplink_lines

_COLUMNS = (Column(name="host", title="HOST", width=16, flex=1),)


class UplinksView(View, screen="uplinks"):
    """The hosts of the run that is looked at, and the uplinks of the one under the cursor."""

    def body(self) -> Iterable[Widget]:
        yield VirtualTable(_COLUMNS, self._cells, id="hosts", empty="no host has told its uplinks yet")
        yield Painted(id="uplink-lines", classes="pane")

    def on_mount(self) -> None:
        """The hosts have the keys."""
        self.query_one("#body").add_class("column")
        self._hosts.focus()

    @property
    def _hosts(self) -> VirtualTable:
        return self.query_one("#hosts", VirtualTable)

    def crumbs(self) -> Sequence[str]:
        """The run, the host."""
        following = self.store.following
        return (following.run, self._hosts.cursor) if following else ("no run",)

    def show(self) -> None:
        """The hosts, then the uplinks of one."""
        following = self.store.following
        known = following.uplinks if following else {}
        self._hosts.show([host for host in known if self.passes(host)])
        pane = self.query_one("#uplink-lines", Painted)
        pane.paint(uplink_lines(known.get(self._hosts.cursor), pane.size.width, self.console_app.look))

    def _cells(self, key: str) -> tuple[Span, ...]:
        return ((key, "text"),)
