"""A screen with panes that show one snapshot: which pane has the keys, and what is made of the bytes."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from textual import events

from drconsole.console.archive import lines
from drconsole.console.archive.branches import Tree
from drconsole.console.archive.document import Document, parsed
from drconsole.console.archive.lines import Lines
from drconsole.console.archive.places import Places
from drconsole.console.screens.saving import Saving
from drconsole.errors import DRConsoleError


class Goal(NamedTuple):
    """An object that the tree or the XML is to be opened at, once it has been read."""

    pane: str
    kind: str
    id: str


class Panes(Saving):
    """A screen with panes that show `self.reads`. `self.pane` is the one that has the keys."""

    panes: ClassVar[dict[str, str]] = {"summary": "#summary", "tree": "#branches", "xml": "#xml"}
    """Pane → its widget. Subclasses have more."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.reads: Document | None = None
        self.pane = "summary"
        self.shown_pane = "summary"
        self._filters: dict[str, str] = {}
        self._making: set[tuple[str, str]] = set()
        self._goal: Goal | None = None

    def on_mount(self) -> None:
        """One pane is seen."""
        self._arrange()

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
            self.another()
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

    def about(self) -> str:
        """Returns which snapshot is read, for the border."""
        return "" if self.reads is None else f" · {self.reads.entry.site}"

    def another(self) -> None:
        """Forgets what was said of the document before."""
