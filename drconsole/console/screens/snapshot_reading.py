"""Reading one snapshot: its summary, its tree and its XML, whoever holds it."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from drconsole.console.archive.document import Document
from drconsole.console.archive.places import Places
from drconsole.console.screens.snapshot_panes import Goal
from drconsole.console.screens.snapshot_rows import SUMMARY_COLUMNS, TREE_COLUMNS, summary_rows
from drconsole.console.screens.snapshot_text import TextReading
from drconsole.console.screens.snapshot_tree import TreeReading
from drconsole.console.style.look import Span
from drconsole.console.widgets.table import VirtualTable
from drconsole.console.widgets.xml_pane import XmlPane

__all__ = ["Goal", "Reading"]


class Reading(TreeReading, TextReading):
    """A screen that shows one snapshot in three panes, and writes it to files."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._summary: dict[str, tuple[Span, Span]] = {}

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


def _file_name(document: Document) -> str:
    return _plain(f"snapshot-{document.entry.site}-{document.entry.taken[:16]}")


def _plain(text: str) -> str:
    """Returns a text as a part of a file's name."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in text).strip(".") or "part"
