"""The timeline of the Run screen: its table, its axis, and the keys that zoom it and go along it."""

from __future__ import annotations

from drconsole.api.timeline import Bar, Timeline
from drconsole.console.known.following import Following
from drconsole.console.screens.run_changes import RunChanges
from drconsole.console.style.look import mark
from drconsole.console.widgets import timeline as drawn
from drconsole.console.widgets.columns import Column, placed
from drconsole.console.widgets.painted import Painted
from drconsole.console.widgets.table import Cells
from drconsole.console.words import phrases

COLUMNS = (
    Column(name="state", title="STATE", width=11),
    Column(name="name", title="MACHINE, STAGE", width=14),
    Column(name="bar", title="TIME", width=30, flex=1),
)
_LEVELS = 6


class RunTimeline(RunChanges):
    """A bar for each machine and stage, while `shows` is `timeline`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._level = 0
        self._shift = 0
        self._bars: dict[str, list[Bar]] = {}

    def timeline_keys(self, following: Following) -> tuple[str, ...]:
        """Returns the rows, and keeps what they hold."""
        timeline = following.timeline
        if timeline is None:
            return ()
        self._bars = drawn.by_row(timeline)
        return tuple(key for key in drawn.row_keys(timeline) if self.passes(key))

    def timeline_cells(self, following: Following, key: str) -> Cells:
        """Returns a row of the timeline."""
        timeline, bars = following.timeline, self._bars.get(key, [])
        if timeline is None:
            return (("", "text"), ("", "text"), ("", "text"))
        state = drawn.row_state(bars)
        glyph, role = mark(state)
        _, width = self._place()
        window = self._window(timeline)
        spans = drawn.row_cells(bars, timeline.elapsed_s, window, width, self.console_app.look)
        name = drawn.row_name(key, bars)
        return ((f"{glyph} {state}", role), (name, "text"), spans)

    def show_axis(self, following: Following | None) -> None:
        """Draws the axis under the bars, or takes it away."""
        axis = self.query_one("#axis", Painted)
        timeline = following.timeline if following and self.shows == "timeline" else None
        axis.set_class(timeline is None, "gone")
        if timeline is not None:
            offset, width = self._place()
            look = self.console_app.look
            axis.paint(drawn.axis_lines(timeline, self._window(timeline), offset, width, look))

    def timeline_title(self, timeline: Timeline | None) -> tuple[str, str]:
        """Returns what stands in the border: what it is, and now, bound and forecast."""
        if timeline is None:
            return "Timeline", "asking the service …"
        steps = len(timeline.critical_path)
        title = f"Timeline · critical path {phrases.count(steps, 'step')}" if steps else "Timeline"
        ended = timeline.forecast_s <= timeline.elapsed_s
        at = f"now {phrases.span(timeline.elapsed_s)}"
        ends = f"bound {phrases.span(timeline.bound_s)} · forecast {phrases.span(timeline.forecast_s)}"
        zoom = f" · zoom {2**self._level}×" if self._level else ""
        waits = " · waits for you" if timeline.waits else ""
        if ended:
            return f"{title}{zoom}", f"took {phrases.span(timeline.elapsed_s)}{waits}"
        return f"{title}{zoom}", f"{at} · {ends}{waits}"

    def _window(self, timeline: Timeline) -> drawn.Window:
        return drawn.zoomed(timeline, self._level, self._shift)

    def _place(self) -> tuple[int, int]:
        """How many cells lie before the bars, and how many the bars have."""
        found = placed(COLUMNS, self.doing.size.width)
        bar = next(place for place in found if place.column.name == "bar")
        return bar.x, bar.width

    def zoom(self, by: int) -> None:
        """Shows less of the run, larger, or more of it."""
        self._level = max(0, min(_LEVELS, self._level + by))
        self._shift = 0 if self._level == 0 else self._shift
        self.update()

    def pan(self, by: int) -> None:
        """Goes along the run."""
        reach = 2 ** (self._level + 2)
        self._shift = max(-reach, min(reach, self._shift + by)) if self._level else 0
        self.update()
