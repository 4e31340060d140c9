"""Screen 1: the sites, live; their tree, a table of what the cursor stands on, and its detail."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from textual.containers import Vertical
from textual.widget import Widget

from drconsole.api import requests
from drconsole.api.values import SnapshotEntry
from drconsole.console import phrases
from drconsole.console.inventory import Node
from drconsole.console.screens.recovering import Recovering
from drconsole.console.screens.site_objects import CELLS, COLUMNS, Cells, detail, physical_cells
from drconsole.console.screens.site_tree import (
    GROUPS,
    TREE_COLUMNS,
    TreeRow,
    inventory_of,
    tree_cells,
    tree_rows,
)
from drconsole.console.screens.view import live_span
from drconsole.console.widgets.drawing import Span
from drconsole.console.widgets.painted import Painted
from drconsole.console.widgets.table import VirtualTable, position


class SitesView(Recovering, screen="sites"):
    """What the protected sites are now, and how old that knowledge is."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._folded: set[str] = set()
        self._rows: dict[str, TreeRow] = {}
        self._tree_of: object = None
        self._here: TreeRow | None = None
        self._shows = "guests"
        self._listed: object = None

    def body(self) -> Iterable[Widget]:
        yield VirtualTable(
            TREE_COLUMNS, self._tree_cells, id="tree", headed=False, empty="no site is configured"
        )
        with Vertical(id="contents"):
            yield VirtualTable(COLUMNS["guests"], self._cells, id="objects", empty="nothing here")
            yield Painted(id="detail", classes="pane")

    @property
    def _tree(self) -> VirtualTable:
        return self.query_one("#tree", VirtualTable)

    @property
    def _objects(self) -> VirtualTable:
        return self.query_one("#objects", VirtualTable)

    def on_mount(self) -> None:
        """The tree has the keys first; where it is a drawer, it is open."""
        self.add_class("drawer")
        self._tree.focus()

    # -- drawing ----------------------------------------------------------------------------------

    def crumbs(self) -> Sequence[str]:
        """Site, datacenter, cluster, group."""
        row = self._here
        if row is None:
            return (self.store.site,) if self.store.site else ()
        inventory = inventory_of(self.store, row.site)
        names = [inventory.name_of(i) for i in (row.datacenter, row.cluster) if i] if inventory else []
        return (row.site, *names, row.shows)

    def show(self) -> None:
        """The tree, then what hangs on its cursor."""
        rows = list(tree_rows(self.store, self._folded))
        self._rows = {row.key: row for row in rows}
        self._tree.entitle("Sites")
        self._tree.show([row.key for row in rows])
        self._here = self._rows.get(self._tree.cursor)
        if self._here is not None:
            self.store.site = self._here.site
        self._show_objects()
        self._show_detail()

    def _show_objects(self) -> None:
        row, table = self._here, self._objects
        shows = row.shows if row else "guests"
        if shows != self._shows:
            self._shows = shows
            self._listed = None
            table.recolumn(COLUMNS[shows], self._cells)
        inventory = inventory_of(self.store, row.site) if row else None
        known = (row, inventory and inventory.version, id(inventory), self.filter)
        if known == self._listed:
            table.changed()
        else:
            self._listed = known
            table.show(self._listing(row))
        word = "physical servers" if shows == "physical" else shows
        table.entitle(f"{word.capitalize()} {len(table.keys)}{self._age()}", position(table))

    def _age(self) -> str:
        if self._here is None:
            return ""
        return "".join(f" · {text}" for text, _ in live_span(self.store, self._here.site, time.monotonic()))

    def _listing(self, row: TreeRow | None) -> list[str]:
        inventory = inventory_of(self.store, row.site) if row else None
        if row is None or inventory is None:
            return []
        if row.shows == "physical":
            captured = self.store.captured_of(row.site)
            servers = captured.snapshot.physical_servers if captured else ()
            return [server.name for server in servers if self.passes(server.name)]
        found = inventory.of(*GROUPS[row.shows], datacenter=row.datacenter, cluster=row.cluster)
        return [node.id for node in found if self.passes(node.name)]

    def _node(self, key: str) -> Node | None:
        inventory = inventory_of(self.store, self._here.site) if self._here else None
        return inventory.nodes.get(key) if inventory else None

    def _show_detail(self) -> None:
        pane = self.query_one("#detail", Painted)
        key = self._objects.cursor
        node, site = self._node(key), self._here.site if self._here else ""
        captured = self.store.captured_of(site)
        if self._shows == "physical" and captured:
            server = next((s for s in captured.snapshot.physical_servers if s.name == key), None)
            waiting = ", ".join(server.guests) if server else ""
            pane.entitle(f"Detail · {key}")
            pane.paint([[("guests that wait for it  ", "dim"), (waiting or "none", "text")]])
            return
        pane.entitle(f"Detail · {node.name}" if node else "Detail")
        inventory = self.store.inventories.get(site)
        trouble = [[(inventory.error, "bad")]] if inventory and inventory.error else []
        pane.paint([*trouble, *detail(node, captured)])

    def _tree_cells(self, key: str) -> tuple[Span, Span]:
        return tree_cells(self._rows[key], self._folded)

    def _cells(self, key: str) -> Cells:
        site = self._here.site if self._here else ""
        inventory, captured = inventory_of(self.store, site), self.store.captured_of(site)
        if self._shows == "physical":
            return physical_cells(key, captured)
        node = inventory.nodes.get(key) if inventory else None
        if node is None or inventory is None:
            return tuple(("–", "dim") for _ in COLUMNS[self._shows])
        return CELLS[self._shows](node, inventory, captured)

    # -- keys ---------------------------------------------------------------------------------------

    def on_virtual_table_moved(self, event: VirtualTable.Moved) -> None:
        """What hangs on the cursor follows it at once."""
        self.update()

    def on_virtual_table_opened(self, event: VirtualTable.Opened) -> None:
        """Enter on the tree: opens or closes a branch, or goes into its table."""
        if event.table is not self._tree:
            return
        row = self._rows[event.key]
        if not row.opens:
            self._objects.focus()
            self._drawer(False)
            return
        self._folded ^= {row.key}
        self.update()

    def do_tree(self) -> None:
        """Opens the drawer, or gives the keys to the tree and back."""
        if self.has_class("narrow"):
            opened = not self.has_class("drawer")
            self._drawer(opened)
            (self._tree if opened else self._objects).focus()
        else:
            (self._objects if self._tree.has_focus else self._tree).focus()

    def _drawer(self, opened: bool) -> None:
        self.set_class(opened, "drawer")

    def do_up(self) -> None:
        """Clears the filter, else goes back to the tree."""
        if self.filter:
            super().do_up()
        else:
            self._drawer(True)
            self._tree.focus()

    def focus_table(self) -> None:
        """After a filter, the objects have the keys."""
        self._objects.focus()

    def reveal(self, kind: str, key: str) -> bool:
        """Puts the cursors on SITE/ID: on the row of the tree that lists it, then on the object."""
        site, _, identity = key.partition("/")
        shows = "physical" if kind == "physical" else f"{kind}s"
        open_ones = [row for row in tree_rows(self.store, set()) if row.site == site]
        if kind == "site":
            open_ones = open_ones[:1]
        else:
            open_ones = [row for row in open_ones if row.shows == shows and not row.opens and not row.cluster]
        for row in open_ones:
            self._folded = {
                closed for closed in self._folded if not row.key.startswith(closed.removeprefix("site/"))
            }
            self.show()
            self._tree.select(row.key)
            self.show()
            if kind == "site" or identity in self._objects.keys:
                self._objects.select(identity)
                (self._tree if kind == "site" else self._objects).focus()
                self._drawer(kind == "site")
                return True
        return False

    def do_capture(self) -> None:
        """Captures the site under the cursor."""
        site = self.store.site
        if not site:
            self.console_app.say("there is no site to capture", "warn")
            return
        self.console_app.ask(f"capturing {site}", requests.Capture(site=site), self._captured)

    def _captured(self, entry: SnapshotEntry) -> None:
        """The list of sites brings the new snapshot; drafts that nobody has touched follow it."""
        self.console_app.ask("reading the sites", requests.ListSites(), self.store.set_sites)
        hosts, guests = phrases.count(entry.hosts, "host"), phrases.count(entry.guests, "guest")
        words = f"captured {entry.site}: {hosts}, {guests}"
        good = entry.consistent
        self.console_app.say(words if good else f"{words}; inconsistent", "ok" if good else "warn")
