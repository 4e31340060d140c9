"""Reading one snapshot: its summary, its tree and its XML, whoever holds it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from textual import events
from textual.widget import Widget
from textual.widgets import Input

from drconsole.console.archive import lines
from drconsole.console.archive.branches import Row, Tree
from drconsole.console.archive.document import Document, parsed
from drconsole.console.archive.lines import Lines
from drconsole.console.archive.places import Places
from drconsole.console.screens.saving import Saving
from drconsole.console.screens.snapshot_rows import SUMMARY_COLUMNS, TREE_COLUMNS, summary_rows, tree_cells
from drconsole.console.widgets.drawing import Span
from drconsole.console.widgets.table import VirtualTable, position
from drconsole.console.widgets.xml_pane import XmlPane
from drconsole.errors import DRConsoleError


class Goal(NamedTuple):
    """An object that the tree or the XML is to be opened at, once it has been read."""

    pane: str
    kind: str
    id: str


class Reading(Saving):
    """A screen with panes that show `self.reads`. `self.pane` is the one that has the keys."""

    panes: ClassVar[dict[str, str]] = {"summary": "#summary", "tree": "#branches", "xml": "#xml"}
    """Pane → its widget. Subclasses have more."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.reads: Document | None = None
        self.pane = "summary"
        self.shown_pane = "summary"
        self._filters: dict[str, str] = {}
        self._opened: set[str] = set()
        self._tree: Tree | None = None
        self._rows: dict[str, Row] = {}
        self._listed: object = None
        self._summary: dict[str, tuple[Span, Span]] = {}
        self._making: set[tuple[str, str]] = set()
        self._goal: Goal | None = None
        self._sought_text = ""
        self._found: tuple[int, ...] = ()
        self._found_at = 0

    def reader(self) -> Iterable[Widget]:
        """Yields the panes."""
        yield VirtualTable(
            SUMMARY_COLUMNS,
            lambda key: self._summary[key],
            id="summary",
            headed=False,
            empty="nothing is open",
        )
        yield VirtualTable(TREE_COLUMNS, self._tree_cells, id="branches", headed=False)
        yield XmlPane(id="xml")

    def on_mount(self) -> None:
        """One pane is seen."""
        self._arrange()

    def rekey(self) -> None:
        """The XML's moves too."""
        super().rekey()
        for pane in self.query(XmlPane):
            pane.rekey(self.console_app.keymap)

    @property
    def _branches(self) -> VirtualTable:
        return self.query_one("#branches", VirtualTable)

    @property
    def _xml(self) -> XmlPane:
        return self.query_one("#xml", XmlPane)

    # -- which pane ---------------------------------------------------------------------------------

    def turn_to(self, pane: str) -> None:
        """Shows a pane and gives it the keys."""
        self._enter(pane)
        self.shown_pane = pane
        self._arrange()
        self.query_one(self.panes[pane]).focus()
        self.update()

    def _enter(self, pane: str) -> None:
        """Each pane has a filter of its own."""
        if pane != self.pane:
            self._filters[self.pane] = self.filter
            self.filter = self._filters.get(pane, "")
            self.pane = pane

    def _arrange(self) -> None:
        for pane, selector in self.panes.items():
            self.query_one(selector).set_class(pane != self.shown_pane, "gone")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane that has the keys is the one that filters and searches are about."""
        for pane, selector in self.panes.items():
            if event.widget.id == selector.removeprefix("#"):
                self._enter(pane)

    def filter_of(self, pane: str) -> str:
        """Returns the filter of a pane, whichever has the keys."""
        return self.filter if pane == self.pane else self._filters.get(pane, "")

    def focus_table(self) -> None:
        """After a filter the pane that it was for has the keys."""
        self.query_one(self.panes[self.pane]).focus()

    # -- what is read -------------------------------------------------------------------------------

    def read(self, document: Document, goal: Goal | None = None) -> None:
        """Shows another document; with a goal, at an object of it."""
        if document is not self.reads:
            self.reads = document
            self._opened, self._listed, self._tree = set(), None, None
            self._found, self._sought_text = (), ""
        if goal is not None:
            self._goal = goal
            self.turn_to(goal.pane)
        self.update()

    def _make(self, what: str, doing: str, document: Document) -> None:
        """Makes something of the document in a thread, once."""
        wanted = (what, document.entry.id)
        if wanted in self._making:
            return
        self._making.add(wanted)

        def work() -> Tree | Lines | Places | DRConsoleError:
            try:
                if what == "tree":
                    return parsed(document)
                return lines.index(document.data) if what == "lines" else Places(document.data)
            except DRConsoleError as error:
                return error

        def then(made: Tree | Lines | Places | DRConsoleError) -> None:
            self._making.discard(wanted)
            if isinstance(made, DRConsoleError):
                document.trouble = str(made)
                self.unreadable(made)
            else:
                setattr(document, what, made)

        self.console_app.in_thread(doing, work, then)

    def unreadable(self, error: DRConsoleError) -> None:
        """What is read is no whole snapshot; the panes say so, and XML shows it all the same."""

    def show_reader(self) -> None:
        """Brings the pane that is seen up to date."""
        document = self.reads
        if document is not None:
            self._want(document)
        {"summary": self._show_summary, "tree": self._show_tree, "xml": self._show_xml}.get(
            self.shown_pane, lambda: None
        )()

    def _want(self, document: Document) -> None:
        if self.shown_pane == "xml":
            if document.lines is None:
                self._make("lines", "counting the rows", document)
            elif document.places is None and self._goal is not None:
                self._make("places", "looking for the object", document)
        elif document.tree is None and not document.trouble:
            self._make("tree", "reading the snapshot", document)

    def about(self) -> str:
        """Returns which snapshot is read, for the border."""
        return "" if self.reads is None else f" · {self.reads.entry.site}"

    # -- summary ------------------------------------------------------------------------------------

    def changed_of(self, identity: str) -> str:
        """Returns what changed in a snapshot against the one before, "" where that is not known."""
        return ""

    def _show_summary(self) -> None:
        table, document = self.query_one("#summary", VirtualTable), self.reads
        rows: list[tuple[Span, Span]] = []
        if document is not None:
            state = document.trouble or "being read …"
            rows = summary_rows(document.entry, document.tree, self.changed_of(document.entry.id), state)
        self._summary = {str(number): row for number, row in enumerate(rows)}
        table.show(tuple(self._summary))
        table.entitle(f"Summary{self.about()}")

    # -- tree ---------------------------------------------------------------------------------------

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

    # -- XML ----------------------------------------------------------------------------------------

    def _show_xml(self) -> None:
        pane, document = self._xml, self.reads
        pane.empty = "nothing is open" if document is None else "being read …"
        pane.show(document.lines if document is not None else None)
        if document is not None and document.lines is not None and document.places is not None:
            self._reach_in(document, document.lines, document.places)
        found = f" · {self._found_at + 1:,} of {len(self._found):,}" if self._found else ""
        pane.heading = f"XML{self.about()}{found}"
        pane.entitle(pane.heading, pane.position)

    def _reach_in(self, document: Document, rows: Lines, places: Places) -> None:
        if self._goal is None or self._goal.pane != "xml":
            return
        goal, self._goal = self._goal, None
        try:
            start, _ = places.of(goal.kind, goal.id)
        except DRConsoleError as error:
            self.console_app.say(str(error), "warn")
            return
        self._xml.go(rows.row_at(start), high=True)

    def do_filter(self) -> None:
        """Opens the line to filter with; in XML, to look for a text."""
        super().do_filter()
        line = self.query_one("#filter", Input)
        xml = self.pane == "xml"
        line.placeholder = "a text to look for" if xml else "names that contain this; ! inverts"
        if xml:
            line.value = self._sought_text
        line.cursor_position = len(line.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """In XML nothing is filtered: the text is looked for when it has been typed."""
        if self.pane == "xml" and event.input.id == "filter":
            event.prevent_default()

    def _filtered(self, text: str) -> None:
        if self.pane != "xml":
            super()._filtered(text)
            return
        super()._filtered("")
        self._seek_text(text)

    def _seek_text(self, text: str) -> None:
        document = self.reads
        self._sought_text, self._found = text, ()
        self._xml.mark(text)
        if document is None or not text:
            return

        def then(found: tuple[int, ...]) -> None:
            if self.reads is document and self._sought_text == text:
                self._found = found
                self._first_found(text)

        self.console_app.in_thread("looking for the text", lambda: lines.find_all(document.data, text), then)

    def _first_found(self, text: str) -> None:
        """Goes to the first place from the cursor on."""
        rows = self.reads.lines if self.reads else None
        if not self._found or rows is None:
            self.console_app.say(f"{text} is not in this document", "warn")
            return
        here = rows.start(self._xml.row)
        self._found_at = next((n for n, at in enumerate(self._found) if at >= here), 0)
        self._xml.go(rows.row_at(self._found[self._found_at]))

    def do_next(self) -> None:
        """The next place of the text."""
        self.step(1)

    def do_previous(self) -> None:
        """The place before."""
        self.step(-1)

    def step(self, by: int) -> None:
        """Goes to the next place (1) or the one before (-1) of what the pane looks for."""
        rows = self.reads.lines if self.reads else None
        if self.pane != "xml" or rows is None or not self._found:
            self.console_app.say("/ in XML looks for a text; n and N go from place to place", "dim")
            return
        self._found_at = (self._found_at + by) % len(self._found)
        self._xml.go(rows.row_at(self._found[self._found_at]))
        self.update()

    # -- keys ---------------------------------------------------------------------------------------

    def goal_here(self, pane: str) -> Goal | None:
        """Returns the object that the keys are on, as a goal for another pane; None for none."""
        row = self._rows.get(self._branches.cursor) if self.pane == "tree" else None
        return None if row is None else Goal(pane, row.thing.kind, row.thing.id)

    def do_summary(self) -> None:
        """Figures."""
        self.turn_to("summary")

    def do_tree(self) -> None:
        """The tree."""
        self.turn_to("tree")

    def do_xml(self) -> None:
        """The XML, at the object under the tree's cursor."""
        self._goal = self.goal_here("xml") or self._goal
        self.turn_to("xml")

    def do_up(self) -> None:
        """Clears the filter or the text that is looked for."""
        if self.pane == "xml" and self._sought_text:
            self._seek_text("")
            self.update()
        elif self.filter:
            self._filtered("")
        else:
            self.leave_pane()

    def leave_pane(self) -> None:
        """Escape where there is nothing to clear."""

    def do_export(self) -> None:
        """Writes the exact bytes."""
        document = self.reads
        if document is None:
            self.console_app.say("nothing is open: enter opens a snapshot", "warn")
            return
        self.save_as("Export the snapshot", f"{_file_name(document)}.xml", lambda: document.data)

    def do_export_part(self) -> None:
        """Writes the element of the object under the tree's cursor."""
        document, goal = self.reads, self.goal_here("xml")
        if document is None or goal is None:
            self.console_app.say("t opens the tree: the object under its cursor is exported", "warn")
            return

        def made() -> bytes:
            document.places = document.places or Places(document.data)
            return document.places.cut(goal.kind, goal.id)

        self.save_as(f"Export {goal.kind} {goal.id}", f"{goal.kind}-{_plain(goal.id)}.xml", made)


def _first_opened(tree: Tree) -> set[str]:
    """Returns what is open at first: the way to the first cluster, else the first rows."""
    first = next((thing for thing in tree.objects if thing.kind == "cluster"), None)
    return tree.key_of(first)[1] if first is not None else set()


def _file_name(document: Document) -> str:
    return _plain(f"snapshot-{document.entry.site}-{document.entry.taken[:16]}")


def _plain(text: str) -> str:
    """Returns a text as a part of a file's name."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in text).strip(".") or "part"
