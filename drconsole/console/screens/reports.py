"""Screen 8: the runs with what came of them, and the report of one beside them or over the whole screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from textual.widget import Widget

from drconsole.api import requests
from drconsole.api.requests import ReportFormat
from drconsole.api.values import ReportReply
from drconsole.console.hearing.messages import Arrived
from drconsole.console.known.following import AT_REST
from drconsole.console.screens.dialogs import Choose, Option
from drconsole.console.screens.report_rows import (
    LIST_COLUMNS,
    Told,
    list_cells,
    report_lines,
    sections,
    told,
)
from drconsole.console.screens.saving import Saving
from drconsole.console.style.look import Line, Span
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.table import Cells, VirtualTable, position
from drconsole.errors import DRConsoleError
from drconsole.model.run import RunSummary

_FORMATS: dict[ReportFormat, tuple[str, str]] = {
    "html": ("html", "a page for a browser, whole in one file"),
    "json": ("json", "everything that is known, for programs"),
    "csv": ("csv", "a line for each step, for a spreadsheet"),
    "junit": ("xml", "JUnit XML: each step a test, for what shows test results"),
    "text": ("txt", "as it stands here"),
}
"""Format → how its files end, and what it is for."""

_FORMAT_COLUMNS = (
    Column(name="format", title="FORMAT", width=7),
    Column(name="what", title="WHAT IT IS", width=30, flex=1),
)
_AGAIN_TICKS = 10
"""A run that goes on is asked about again after so many ticks."""


class ReportsView(Saving, screen="reports"):
    """All runs, the newest first; the report of the one under the cursor."""

    DEFAULT_CSS = """
    ReportsView #reports { width: 1fr; height: 13; }
    ReportsView #report { width: 1fr; height: 1fr; }
    ReportsView.low #reports { height: 8; }
    ReportsView.whole #reports { display: none; }
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._runs: dict[str, RunSummary] = {}
        self._known: dict[str, tuple[RunSummary, Told, str]] = {}
        self._seen: list[str] = []
        self._asking = ""
        self._refused: dict[str, RunSummary] = {}
        self._shown: object = None
        self._lines: list[Line] = []
        self._ticks = 0

    def body(self) -> Iterable[Widget]:
        yield VirtualTable(LIST_COLUMNS, self._cells, id="reports", empty="no run yet")
        yield VirtualTable(
            (Column(name="text", title="", width=20, flex=1),),
            lambda key: (list(self._lines[int(key)]),),
            id="report",
            headed=False,
            empty="no run yet: there is nothing to report",
        )

    def on_mount(self) -> None:
        """One above the other: a report's lines are long."""
        self.query_one("#body").add_class("column")
        self._list.focus()

    @property
    def _list(self) -> VirtualTable:
        return self.query_one("#reports", VirtualTable)

    @property
    def _report(self) -> VirtualTable:
        return self.query_one("#report", VirtualTable)

    # -- drawing ------------------------------------------------------------------------------------

    def crumbs(self) -> Sequence[str]:
        """All runs, or one."""
        return (self._list.cursor, "report") if self.has_class("whole") else ("all runs",)

    def labels(self) -> dict[str, str]:
        """Parts can be gone to where the report has the keys."""
        return {
            "open": "" if self.has_class("whole") else "open",
            "next": "next part" if self._report.has_focus else "",
            "filter": "" if self.has_class("whole") else "filter",
        }

    def show(self) -> None:
        """The runs, and the report that hangs on the cursor."""
        self._runs = {run.run: run for run in reversed(self.store.runs)}
        keys = [key for key, run in self._runs.items() if self.passes(f"{run.run} {run.site} {run.mode}")]
        self._list.empty = "none matches the filter" if self._runs else "no run yet"
        self._list.show(keys)
        self._list.entitle(f"Reports {len(keys)}", position(self._list))
        self._show_report()
        self._ask_next()

    def _cells(self, key: str) -> tuple[Span, ...]:
        run = self._runs[key]
        known = self._known.get(key)
        if known is None or known[0] != run:
            self._seen.append(key)
        return list_cells(run, known[1] if known is not None else None)

    def _show_report(self) -> None:
        key, width = self._list.cursor, self._report.size.width
        known = self._known.get(key)
        shown = (key, known and known[1:], key in self._refused, width)
        if shown != self._shown:
            here = self._shown[0] if isinstance(self._shown, tuple) else ""
            self._shown = shown
            self._lines = self._written(key, width)
            self._report.recolumn((Column(name="text", title="", width=20, flex=1),), self._line_cells)
            at = self._report.cursor if here == key else ""
            self._report.show([str(number) for number in range(len(self._lines))])
            self._report.select(at)
        self._report.entitle(f"Report · {key}" if key else "Report", position(self._report))

    def _line_cells(self, key: str) -> Cells:
        return (list(self._lines[int(key)]),)

    def _written(self, key: str, width: int) -> list[Line]:
        if not key:
            return []
        known = self._known.get(key)
        if known is None:
            refused = "the service gives no report of it" if key in self._refused else "asking the service …"
            return [[(refused, "dim")]]
        return report_lines(known[1], known[2], max(40, width))

    # -- asking -------------------------------------------------------------------------------------

    def _ask_next(self) -> None:
        """Asks for one report at a time, that of the cursor first; a run that goes on, again and again."""
        self._ticks += 1
        client = self.console_app.client
        seen, self._seen = self._seen, []
        if self._asking or client is None:
            return
        for key in (self._list.cursor, *seen):
            run = self._runs.get(key)
            if run is not None and self._wanted(key, run):
                self._asking = key
                self.console_app.work(self._fetch(run), "report")
                return

    def _wanted(self, key: str, run: RunSummary) -> bool:
        if self._refused.get(key) == run:
            return False
        known = self._known.get(key)
        if known is None or known[0] != run:
            return True
        return key == self._list.cursor and run.state not in AT_REST and self._ticks >= _AGAIN_TICKS

    async def _fetch(self, run: RunSummary) -> None:
        """Carried by a worker: posts the report, or that there is none."""
        client = self.console_app.client
        found: tuple[RunSummary, Told, str] | None = None
        try:
            if client is not None:
                reply = await client.ask(requests.Report(run=run.run))
                found = (run, told(reply.json), reply.text)
        except (DRConsoleError, msgspec.MsgspecError):
            pass  # the pane says that there is none
        self.app.post_message(Arrived(lambda _: self._take(run, found), now=True))

    def _take(self, run: RunSummary, found: tuple[RunSummary, Told, str] | None) -> None:
        self._asking, self._ticks = "", 0
        if found is None:
            self._refused[run.run] = run
        else:
            self._known[run.run] = found

    # -- keys ---------------------------------------------------------------------------------------

    def on_virtual_table_moved(self, event: VirtualTable.Moved) -> None:
        """The report follows the cursor."""
        self.update()

    def on_virtual_table_opened(self, event: VirtualTable.Opened) -> None:
        """Enter on a run: its report over the whole screen."""
        if event.table is self._list:
            self.add_class("whole")
            self._report.focus()
            self.update()

    def do_up(self) -> None:
        """Escape: back to the list; there, clears the filter."""
        if self.has_class("whole"):
            self.remove_class("whole")
            self._list.focus()
            self.update()
        elif self._report.has_focus:
            self._list.focus()
        else:
            super().do_up()

    def focus_table(self) -> None:
        """The list is what is filtered."""
        self._list.focus()

    def do_next(self) -> None:
        """The next part."""
        self._step(1)

    def do_previous(self) -> None:
        """The part before."""
        self._step(-1)

    def _step(self, by: int) -> None:
        at = int(self._report.cursor or 0)
        starts = sections(self._lines)
        ahead = [start for start in starts if start > at] if by > 0 else [s for s in starts[::-1] if s < at]
        if ahead:
            self._report.focus()
            # Its end first, so that its head then stands at the top.
            end = min(ahead[0] + self._report.size.height, len(self._lines)) - 1
            self._report.select(str(end))
            self._report.select(str(ahead[0]))
            self.update()

    def do_replay(self) -> None:
        """Plays the run under the cursor from its beginning."""
        if self._list.cursor:
            self.console_app.start_replay(self._list.cursor)

    def do_export(self) -> None:
        """Asks for a format, then for a file."""
        key = self._list.cursor
        if not key:
            self.console_app.say("there is no run to report on", "warn")
            return
        options = [
            Option(key=name, cells=((name, "key"), (words, "text"))) for name, (_, words) in _FORMATS.items()
        ]
        self.app.push_screen(
            Choose(f"Report of {key}", [], _FORMAT_COLUMNS, options),
            lambda chosen: self._export(key, chosen) if chosen else None,
        )

    def _export(self, run: str, chosen: str) -> None:
        kind = next(name for name in _FORMATS if name == chosen)

        def then(reply: ReportReply) -> None:
            text = _rendered(reply, kind)
            if text:
                name = f"report-{run}.{_FORMATS[kind][0]}"
                self.save_as(f"Write the report as {kind}", name, text.encode)
            else:
                self.console_app.say(f"the service does not write reports as {kind}", "bad")

        self.console_app.ask("asking for the report", requests.Report(run=run, format=kind), then)


def _rendered(reply: ReportReply, kind: ReportFormat) -> str:
    """Returns the report in a format; an older service writes two of them in places of their own."""
    return reply.rendered or {"text": reply.text, "json": reply.json}.get(kind, "")
