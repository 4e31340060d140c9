"""Screen 8: the runs with what came of them, and the report of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from drconsole.console import phrases
from drconsole.console.look import mark
from drconsole.console.screens.view import View
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import Span
from drconsole.console.widgets.table import VirtualTable, position

_COLUMNS = (
    Column(name="run", title="RUN", width=18),
    Column(name="site", title="SITE", width=14, flex=1),
    Column(name="mode", title="MODE", width=9),
    Column(name="state", title="STATE", width=12),
    Column(name="started", title="STARTED", width=17, rank=1),
)


class ReportsView(View, screen="reports"):
    """All runs, the newest first."""

    def body(self) -> Iterable[Widget]:
        yield VirtualTable(_COLUMNS, self._cells, id="reports", empty="no run yet")

    def crumbs(self) -> Sequence[str]:
        """There is one list."""
        return ("all runs",)

    def show(self) -> None:
        """The runs."""
        table = self.query_one("#reports", VirtualTable)
        table.show([run.run for run in reversed(self.store.runs) if self.passes(run.site)])
        table.entitle(f"Reports {len(self.store.runs)}", position(table))

    def _cells(self, key: str) -> tuple[Span, ...]:
        run = next(run for run in self.store.runs if run.run == key)
        glyph, role = mark(run.state)
        return (
            (run.run, "text"),
            (run.site, "text"),
            (run.mode, "drill" if run.mode == "drill" else "real"),
            (f"{glyph} {run.state}", role),
            (phrases.when(run.started or ""), "dim"),
        )
