"""The XML of a snapshot: the text that is looked for in it, and the object that one comes for."""

from __future__ import annotations

from textual.widgets import Input

from drconsole.console.archive import lines
from drconsole.console.archive.document import Document
from drconsole.console.archive.lines import Lines
from drconsole.console.archive.places import Places
from drconsole.console.screens.snapshot_panes import Panes
from drconsole.console.widgets.xml_pane import XmlPane
from drconsole.errors import DRConsoleError


class TextReading(Panes):
    """The pane of the XML."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._sought_text = ""
        self._found: tuple[int, ...] = ()
        self._found_at = 0

    def rekey(self) -> None:
        """The XML's moves too."""
        super().rekey()
        for pane in self.query(XmlPane):
            pane.rekey(self.console_app.keymap)

    @property
    def _xml(self) -> XmlPane:
        return self.query_one("#xml", XmlPane)

    def another(self) -> None:
        """Another document: nothing has been looked for in it."""
        super().another()
        self._found, self._sought_text = (), ""

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
