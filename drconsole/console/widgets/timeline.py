"""A run in time: a row for each machine with its stages, then one for each stage of no machine.

`█` is what was on the critical path, `▒` what was not; `░` and `·` are the same, foreseen. A stage begins
with its letter. All of it is pure: the screen puts the rows into a table, and the axis under it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from drconsole.api.timeline import Bar, Timeline
from drconsole.console.style.look import Line, Look, Span, mark
from drconsole.console.words import phrases
from drconsole.model.run import StepState
from drconsole.model.step import STAGES

LETTERS = {
    "preflight": "f", "halt": "h", "map": "m", "provision": "p", "uplinks": "u", "storage": "s",
    "import": "i", "guests": "g", "verify": "v",
}  # fmt: skip
_FULL = {(True, True): "█", (False, True): "▒", (True, False): "░", (False, False): "·"}
_PLAIN = {(True, True): "#", (False, True): "=", (True, False): "+", (False, False): "."}
_TICKS_S = (5, 10, 30, 60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400)
_TICK_CELLS = 10
_STAGE = "stage:"
_ORDER: dict[str, int] = {stage: number for number, stage in enumerate(STAGES)}


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a run that is seen: so many seconds from a moment on."""

    start_s: float
    span_s: float

    def cell(self, at_s: float, width: int) -> int:
        """Returns the cell that a moment lies in; it may lie outside."""
        return int((at_s - self.start_s) / self.span_s * width) if self.span_s > 0 else 0


def whole(timeline: Timeline) -> Window:
    """Returns the window that shows all of a run, with a little room at its end."""
    ends = [timeline.bound_s, timeline.forecast_s, timeline.elapsed_s]
    ends += [bar.expects_end_s if bar.ended_s is None else bar.ended_s for bar in timeline.bars]
    return Window(start_s=0.0, span_s=max(1.0, max(ends) * 1.02))


def zoomed(timeline: Timeline, level: int, shift: int) -> Window:
    """Returns the window at a zoom (0: all, each level half of it), `shift` quarters of it to the right.

    Without a shift it stands around now.
    """
    all_of_it = whole(timeline)
    span = all_of_it.span_s / 2**level
    start = timeline.elapsed_s - span / 2 + shift * span / 4
    return Window(start_s=max(0.0, min(start, all_of_it.span_s - span)), span_s=span)


def row_keys(timeline: Timeline) -> tuple[str, ...]:
    """Returns a key for each row: targets in the order in which they begin, then stages of no machine."""
    machines: dict[str, float] = {}
    stages: set[str] = set()
    for bar in timeline.bars:
        if bar.machine:
            begins = bar.began_s if bar.began_s is not None else bar.expects_s
            machines[bar.machine] = min(begins, machines.get(bar.machine, begins))
        else:
            stages.add(bar.stage)
    ordered = sorted(machines, key=lambda name: (machines[name], name))
    return (*ordered, *(f"{_STAGE}{name}" for name in sorted(stages, key=lambda s: _ORDER.get(s, 99))))


def by_row(timeline: Timeline) -> dict[str, list[Bar]]:
    """Returns the bars of each row, in the order of the stages."""
    found: dict[str, list[Bar]] = {}
    for bar in sorted(timeline.bars, key=lambda bar: _ORDER.get(bar.stage, 99)):
        found.setdefault(bar.machine or f"{_STAGE}{bar.stage}", []).append(bar)
    return found


def row_name(key: str, bars: Sequence[Bar]) -> str:
    """Returns what a row is called: a machine with what it becomes, or a stage."""
    if key.startswith(_STAGE):
        return key.removeprefix(_STAGE)
    role = next((phrases.short_name(bar.protected) for bar in bars if bar.protected), "")
    return f"{key} {role}".rstrip()


def row_state(bars: Sequence[Bar]) -> StepState:
    """Returns how a row stands: what needs somebody first, then what works."""
    states = [bar.state for bar in bars]
    for word in ("failed", "waiting", "running", "paused", "cancelled"):
        if word in states:
            return word
    if "pending" in states:
        return "running" if "done" in states else "pending"
    return "done" if "done" in states or not states else states[0]


def row_cells(bars: Sequence[Bar], now_s: float, window: Window, width: int, look: Look) -> list[Span]:
    """Returns a row's bars as spans that fill `width` cells."""
    glyphs = _PLAIN if look.ascii_only else _FULL
    cells: list[Span] = [(" ", "text")] * width
    now = window.cell(now_s, width)
    if 0 <= now < width:
        cells[now] = ("│", "dim")
    for bar in bars:
        _paint(cells, bar, now_s, window, glyphs)
    return _joined(cells)


def _paint(
    cells: list[Span], bar: Bar, now_s: float, window: Window, glyphs: dict[tuple[bool, bool], str]
) -> None:
    """Draws one bar: what was up to now or its end, then what is foreseen of it."""
    width = len(cells)
    begin = bar.began_s if bar.began_s is not None else bar.expects_s
    if bar.began_s is None and bar.state in ("skipped", "cancelled", "done"):
        return
    past_end = begin if bar.began_s is None else bar.ended_s if bar.ended_s is not None else now_s
    end = bar.ended_s if bar.ended_s is not None else max(past_end, bar.expects_end_s)
    first = window.cell(begin, width)
    last = max(first, window.cell(end, width) - (end > begin))
    role = mark(bar.state)[1]
    if bar.critical:
        role = f"{role} title" if role != "dim" else "title"
    for x in range(max(0, first), min(width, last + 1)):
        was = bar.began_s is not None and (x <= window.cell(past_end, width) or bar.ended_s is not None)
        cells[x] = (glyphs[bar.critical, was], role if was else "dim" if not bar.critical else "head")
    if 0 <= first < width and last > first:
        cells[first] = (LETTERS.get(bar.stage, "?"), f"{role} title" if "title" not in role else role)
    if bar.state in ("failed", "waiting"):
        at = min(width - 1, max(0, window.cell(past_end, width)))
        cells[at] = mark(bar.state)


def _joined(cells: Sequence[Span]) -> list[Span]:
    spans: list[Span] = []
    for text, role in cells:
        if spans and spans[-1][1] == role:
            spans[-1] = (spans[-1][0] + text, role)
        else:
            spans.append((text, role))
    return spans


def axis_lines(timeline: Timeline, window: Window, offset: int, width: int, look: Look) -> list[Line]:
    """Returns the axis under the bars: times with what lies on them, and what the glyphs mean.

    `offset` are the cells before the bars.
    """
    cells: list[Span] = [(" ", "dim")] * width
    marks = (
        (window.cell(timeline.forecast_s, width), "F", "warn"),
        (window.cell(timeline.bound_s, width), "B", "ok"),
        (window.cell(timeline.elapsed_s, width), "N", "title"),
    )
    step = next((t for t in _TICKS_S if t / window.span_s * width >= _TICK_CELLS), _TICKS_S[-1])
    tick = -(-window.start_s // step) * step
    while tick < window.start_s + window.span_s:
        at, label = window.cell(tick, width), f"╵{phrases.span(tick)}"
        if not any(at <= cell <= at + len(label) for cell, _, _ in marks):
            _put(cells, at, label, "dim")
        tick += step
    for cell, glyph, role in marks:
        _put(cells, cell, glyph, role)
    glyphs = _PLAIN if look.ascii_only else _FULL
    legend: list[Span] = [
        (glyphs[True, True], "work title"), (" critical  ", "dim"),
        (glyphs[False, True], "work"), (" other  ", "dim"),
        (glyphs[True, False] + glyphs[False, False], "dim"), (" foreseen  ", "dim"),
        ("N", "title"), (" now  ", "dim"), ("B", "ok"), (" bound  ", "dim"),
        ("F", "warn"), (" forecast  ", "dim"),
    ]  # fmt: skip
    letters = " ".join(f"{letter} {stage}" for stage, letter in LETTERS.items() if letter != stage[0])
    return [[(" " * offset, "text"), *_joined(cells)], [*legend, (letters, "dim")]]


def _put(cells: list[Span], at: int, text: str, role: str) -> None:
    for number, character in enumerate(text):
        if 0 <= at + number < len(cells):
            cells[at + number] = (character, role)
