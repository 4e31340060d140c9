"""The nine stages of a run in two lines, each with its state, its time, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from drconsole.api.timeline import Timeline
from drconsole.console.style.look import Line, Look, Span, mark
from drconsole.console.widgets.drawing import bar, length_of
from drconsole.console.words import phrases
from drconsole.model.run import StageView

_ROWS = 2
_BAR = 6


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How far a stage is, 0 to 1, and how many seconds it is foreseen to take in all; None: not known."""

    fraction: float
    expects_s: float | None = None


def expected_s(timeline: Timeline | None) -> dict[str, float]:
    """Returns how long each stage takes from its first bar's begin to its last one's end, as foreseen."""
    spans: dict[str, tuple[float, float]] = {}
    for each in timeline.bars if timeline is not None else ():
        begin = each.began_s if each.began_s is not None else each.expects_s
        end = each.ended_s if each.ended_s is not None else each.expects_end_s
        first, last = spans.get(each.stage, (begin, end))
        spans[each.stage] = (min(first, begin), max(last, end))
    return {stage: last - first for stage, (first, last) in spans.items()}


def stage_lines(
    stages: tuple[StageView, ...], paces: Mapping[str, Pace], now: datetime, width: int, look: Look
) -> list[Line]:
    """Returns the stages in as many words as fit into two lines of `width` cells."""
    for detail in (3, 2, 1, 0):
        lines = _folded([_stage(stage, paces.get(stage.name), now, detail) for stage in stages], width, look)
        if len(lines) <= _ROWS:
            return lines
    return lines


def _stage(stage: StageView, pace: Pace | None, now: datetime, detail: int) -> list[Span]:
    """A stage: always its state and name, then what has room."""
    glyph, role = mark(stage.state)
    spans: list[Span] = [(f"{glyph} {stage.name}", role)]
    works = stage.state in ("running", "waiting", "failed")
    if stage.started and (detail or works):
        end = datetime.fromisoformat(stage.ended) if stage.ended else now
        took = max(0.0, (end - datetime.fromisoformat(stage.started)).total_seconds())
        spans.append((f" {phrases.span(took)}", "dim"))
        if works and detail and pace is not None and pace.expects_s:
            spans.append((f"/~{phrases.span(pace.expects_s)}", "dim"))
    if stage.state == "failed":
        spans.append((f" {stage.failed} failed", "bad"))
    if works and pace is not None:
        if detail > 2:
            spans += [(" ", "text"), *bar(pace.fraction, _BAR)]
        spans.append((f" {pace.fraction:.0%}", "work"))
    return spans


def _folded(parts: list[list[Span]], width: int, look: Look) -> list[Line]:
    lines: list[list[Span]] = [[]]
    for number, part in enumerate(parts):
        joined: list[Span] = [(" ─ ", "dim"), *part] if number else part
        if length_of(lines[-1], look) + length_of(joined, look) > width and lines[-1]:
            lines.append([])
            joined = [("─ ", "dim"), *part]
        lines[-1].extend(joined)
    return [*lines]
