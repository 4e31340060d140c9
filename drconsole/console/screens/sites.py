"""Screen 1: the sites, live; their tree, a table of what the cursor stands on, and its detail."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import msgspec
from textual.containers import Vertical
from textual.widget import Widget

from drconsole.api import requests
from drconsole.api.values import SnapshotEntry
from drconsole.console.inventories.inventory import Inventory, Node
from drconsole.console.screens.recovering import Recovering
from drconsole.console.screens.site_detail import object_lines, server_lines, site_lines
from drconsole.console.screens.site_known import Known
from drconsole.console.screens.site_listing import Objects, Sort, listing_of
from drconsole.console.screens.site_objects import CELLS, COLUMNS, NOTHING, Cells, physical_cells
from drconsole.console.screens.site_row import TreeRow, is_open
from drconsole.console.screens.site_tree import (
    TREE_COLUMNS,
    recovered_runs,
    tree_cells,
    tree_rows,
)
from drconsole.console.screens.view import live_span
from drconsole.console.style.look import Line, Span
from drconsole.console.widgets.painted import Painted
from drconsole.console.widgets.table import VirtualTable, position
from drconsole.console.words import phrases

_SHOWN_AS = {"guest": "guests", "host": "hosts", "network": "networks", "datastore": "datastores"}
_WORDS = {"physical": "physical servers", "pools": "pools and vApps"}


class SitesView(Recovering, screen="sites"):
    """What the protected sites are now, what runs have recovered of them, and how old all that is."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._turned: set[str] = set()
        self._rows: dict[str, TreeRow] = {}
        self._here: TreeRow | None = None
        self._shows = ""
        self._sorts: dict[str, Sort] = {}
        self._listed = Objects()
        self._knowns: dict[tuple[str, str], Known] = {}

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
        """Site, datacenter, cluster, folder, group."""
        row = self._here
        if row is None:
            return (self.store.site,) if self.store.site else ()
        inventory = self.store.inventory_of(row.site, row.run)
        places = (row.datacenter, row.cluster, row.folder, row.pool)
        names = [inventory.name_of(place) for place in places if place] if inventory else []
        return (row.site, *([f"recovered by {row.run}"] if row.run else []), *names, row.shows)

    def show(self) -> None:
        """The tree, then what hangs on its cursor."""
        for site in self.store.sites:
            for run in recovered_runs(self.store, site):
                self.console_app.watch_recovered(run.run)
        self._rows = {row.key: row for row in tree_rows(self.store, self._turned)}
        self._tree.entitle("Sites")
        self._tree.show(tuple(self._rows))
        self._here = self._rows.get(self._tree.cursor)
        if self._here is not None:
            self.store.site = self._here.site
        self._show_objects()
        self._show_detail()

    def _show_objects(self) -> None:
        row, table = self._here, self._objects
        shows = row.shows if row else "guests"
        sort = self._sorts.get(shows, Sort())
        if shows != self._shows:
            self._shows = shows
            table.recolumn(sort.columns(shows), self._cells)
        keys: tuple[str, ...] = ()
        if row is not None:
            keys = self._listed.list(row, self._inventory(), self._known(), self.filter, sort)
        table.show(keys)
        word = _WORDS.get(shows, shows)
        plain = "" if self.has_class("narrow") else " · filter: none"
        filtered = f" · filter: {self.filter}" if self.filter else plain
        title = f"{word[0].upper()}{word[1:]} {len(keys):,}{self._age()}{filtered}"
        table.entitle(title, f"{sort.word(shows)} · {position(table)}" if keys else sort.word(shows))

    def _inventory(self) -> Inventory | None:
        return self.store.inventory_of(self._here.site, self._here.run) if self._here else None

    def _known(self) -> Known:
        """What the newest snapshot knows of the side that the cursor stands on."""
        site, run = (self._here.site, self._here.run) if self._here else ("", "")
        captured, found = self.store.captured_of(site), self._knowns.get((site, run))
        if found is None or found.captured is not captured:
            found = self._knowns[site, run] = Known(captured, recovered=bool(run))
        return found

    def _age(self) -> str:
        row = self._here
        if row is None:
            return ""
        now, inventory = time.monotonic(), self._inventory()
        if not row.run:
            return "".join(f" · {text}" for text, _ in live_span(self.store, row.site, now))
        if inventory is None or not inventory.nodes:
            return " · nothing is recovered yet"
        age = phrases.age(inventory.age(now))
        return f" · live {age}" if inventory.state(now) == "live" else f" · STALE {age}"

    def _show_detail(self) -> None:
        pane, key, row = self.query_one("#detail", Painted), self._objects.cursor, self._here
        if row is not None and row.depth == 0 and (self._tree.has_focus or not key):
            entry = self.store.sites[row.site]
            pane.entitle(f"Site · {row.site}")
            pane.paint(site_lines(entry, self.store.inventories.get(row.site), max(20, pane.size.width)))
            return
        if self._shows == "physical":
            pane.entitle(f"Detail · {key}")
            pane.paint(server_lines(self._known().servers.get(key)))
            return
        node, inventory = self._node(key), self._inventory()
        pane.entitle(f"Detail · {node.name}" if node else "Detail")
        trouble: list[Line] = [[(inventory.error, "bad")]] if inventory and inventory.error else []
        pane.paint([*trouble, *object_lines(node, self._known())])

    def _node(self, key: str) -> Node | None:
        inventory = self._inventory()
        return inventory.nodes.get(key) if inventory else None

    def _tree_cells(self, key: str) -> tuple[list[Span]]:
        look = self.console_app.look
        return tree_cells(self._rows[key], self._turned, self._tree.size.width, look)

    def _cells(self, key: str) -> Cells:
        if self._shows == "physical":
            return physical_cells(self._known().servers.get(key))
        node, inventory = self._node(key), self._inventory()
        if node is None or inventory is None:
            return (NOTHING,) * len(COLUMNS[self._shows or "guests"])
        return CELLS[self._shows](node, inventory, self._known())

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
            self.update()
            return
        self._turned ^= {row.key}
        self.update()

    def do_tree(self) -> None:
        """Opens the drawer, or gives the keys to the tree and back."""
        if self.has_class("narrow"):
            opened = not self.has_class("drawer")
            self._drawer(opened)
            (self._tree if opened else self._objects).focus()
        else:
            (self._objects if self._tree.has_focus else self._tree).focus()
        self.call_after_refresh(self.update)

    def _drawer(self, opened: bool) -> None:
        self.set_class(opened, "drawer")

    def do_sort(self) -> None:
        """Sorts by the next column."""
        self._sort(self._sorts.get(self._shows, Sort()).next(self._shows))

    def do_reverse(self) -> None:
        """Turns the order round."""
        sort = self._sorts.get(self._shows, Sort())
        self._sort(msgspec.structs.replace(sort, down=not sort.down))

    def _sort(self, sort: Sort) -> None:
        """Begins at the top: whoever sorts by size looks for the largest."""
        self._sorts[self._shows] = sort
        self._objects.recolumn(sort.columns(self._shows), self._cells)
        self._show_objects()
        self.update()

    def do_up(self) -> None:
        """Clears the filter, else goes back to the tree."""
        if self.filter:
            super().do_up()
        else:
            self._drawer(True)
            self._tree.focus()
            self.call_after_refresh(self.update)

    def copied(self) -> str:
        """Of the tree what a row is called, without its marks."""
        if self._tree.has_focus and self._here is not None:
            return self._here.name
        return super().copied()

    def focus_table(self) -> None:
        """After a filter, the objects have the keys."""
        self._objects.focus()

    def reveal(self, kind: str, key: str) -> bool:
        """Goes to an object: its group in the tree, its row in the table. `key` is `SITE/ID`."""
        site, _, identity = key.partition("/")
        self._turned = {turned for turned in self._turned if not self._hides(site, turned)}
        self._rows = {row.key: row for row in tree_rows(self.store, self._turned)}
        found = self._row_of(kind, site, identity)
        if found is None:
            return False
        self._tree.show(tuple(self._rows))
        self._tree.select(found.key)
        self.show()
        if kind != "site":
            self._objects.select(identity)
            self._drawer(False)
            self._objects.focus()
        else:
            self._tree.focus()
        return True

    def _hides(self, site: str, turned: str) -> bool:
        """Whether it is a closed branch of a site."""
        row = self._rows.get(turned)
        return row is not None and row.site == site and row.begins and not is_open(row, self._turned)

    def _row_of(self, kind: str, site: str, identity: str) -> TreeRow | None:
        mine = [row for row in self._rows.values() if row.site == site and not row.run]
        if kind == "site":
            return mine[0] if mine else None
        if kind == "physical":
            servers = self.store.captured_of(site)
            known = servers is not None and identity in Known(servers).servers
            return next((row for row in mine if row.shows == "physical" and known), None)
        inventory, group = self.store.inventory_of(site), _SHOWN_AS.get(kind, "")
        if inventory is None or identity not in inventory.nodes:
            return None
        for row in mine:
            listing = listing_of(row, inventory) if row.key.endswith(f"/{group}") else None
            if listing is not None and identity in listing.ids:
                return row
        return None

    # -- capturing ----------------------------------------------------------------------------------

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
