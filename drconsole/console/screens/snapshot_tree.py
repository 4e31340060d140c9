"""The tree of a snapshot: branches that open, names that are found, an object that one comes for."""

from __future__ import annotations

from drconsole.console.archive.branches import Row, Tree
from drconsole.console.archive.document import Document
from drconsole.console.screens.snapshot_panes import Goal, Panes
from drconsole.console.screens.snapshot_rows import tree_cells
from drconsole.console.style.look import Span
from drconsole.console.widgets.table import VirtualTable, position


class TreeReading(Panes):
    """The pane of the tree."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._opened: set[str] = set()
        self._tree: Tree | None = None
        self._rows: dict[str, Row] = {}
        self._listed: object = None

    @property
    def _branches(self) -> VirtualTable:
        return self.query_one("#branches", VirtualTable)

    def another(self) -> None:
        """Another document: its own branches."""
        super().another()
        self._opened, self._listed, self._tree = set(), None, None

    def _show_tree(self) -> None:
        table, document = self._branches, self.reads
        tree = document.tree if document is not None else None
        if tree is not None and tree is not self._tree:
            self._tree = tree
            self._opened = _first_opened(tree)
        if tree is not None and self._goal is not None and self._goal.pane == "tree":
            self._reach(tree, self._goal)
        known = (id(tree), frozenset(self._opened), self.filter_of("tree"))
        if known == self._listed:
            table.changed()
        else:
            self._listed = known
            self._rows = self._rows_of(tree)
            table.empty = self._why_empty(document)
            table.show(tuple(self._rows))
        if tree is None:
            table.empty = self._why_empty(document)
        found = tree is not None and bool(self.filter_of("tree"))
        shown = f" · {len(self._rows):,} of {len(tree.objects):,}" if tree is not None and found else ""
        table.entitle(f"Tree{self.about()}{shown}", position(table))

    def _why_empty(self, document: Document | None) -> str:
        if document is None:
            return "nothing is open"
        if document.trouble:
            return document.trouble
        return "being read …" if document.tree is None else "no name matches"

    def _rows_of(self, tree: Tree | None) -> dict[str, Row]:
        if tree is None:
            return {}
        wanted = self.filter_of("tree")
        return tree.matching(wanted) if wanted.strip(" !") else tree.rows(self._opened)

    def _reach(self, tree: Tree, goal: Goal) -> None:
        self._goal = None
        thing = tree.find(goal.kind, goal.id)
        if thing is None:
            self.console_app.say("this snapshot does not have it", "warn")
            return
        key, above = tree.key_of(thing)
        self._opened |= above
        self._filters["tree"] = ""
        if self.pane == "tree":
            self.filter = ""
        self._rows = tree.rows(self._opened)
        self._listed = (id(tree), frozenset(self._opened), "")
        self._branches.show(tuple(self._rows))
        self._branches.select(key)

    def _tree_cells(self, key: str) -> tuple[Span, Span]:
        row = self._rows[key]
        words = self._tree.words(row) if self._tree is not None else ""
        return tree_cells(row, words, opened=key in self._opened)

    def _branch(self, key: str) -> None:
        """Enter in the tree: opens or closes a branch; on a match, goes to where it stands."""
        row = self._rows.get(key)
        if row is None or self._tree is None:
            return
        if self.filter_of("tree").strip(" !"):
            self._reach(self._tree, Goal("tree", row.thing.kind, row.thing.id))
        elif row.opens is not None:
            self._opened ^= {key}
        self.update()

    def on_virtual_table_moved(self, event: VirtualTable.Moved) -> None:
        """Where the cursor stands is said at once."""
        self.update()

    def on_virtual_table_opened(self, event: VirtualTable.Opened) -> None:
        """Enter on a branch."""
        if event.table is self._branches:
            self._branch(event.key)

    def do_open_branch(self) -> None:
        """Opens the branch under the cursor."""
        row = self._rows.get(self._branches.cursor)
        if self.pane == "tree" and row is not None and row.opens is not None and row.key not in self._opened:
            self._branch(row.key)

    def do_close_branch(self) -> None:
        """Closes the branch under the cursor; where it is closed, goes to the one that it stands in."""
        key = self._branches.cursor
        if self.pane != "tree" or not key:
            return
        if key in self._opened:
            self._branch(key)
            return
        above = key[: max(key.rfind("/"), key.rfind("."))]
        self._branches.select(above)


def _first_opened(tree: Tree) -> set[str]:
    """Returns what is open at first: the way to the first cluster, else the first rows."""
    first = next((thing for thing in tree.objects if thing.kind == "cluster"), None)
    return tree.key_of(first)[1] if first is not None else set()
