"""The nine stages of a run in two lines, each with its state, its time, and how far it is."""

from __future__ import annotations

from datetime import datetime

from drconsole.console import phrases
from drconsole.console.look import Look, mark
from drconsole.console.widgets.drawing import Line, Span, length_of
from drconsole.model.run import StageView

_ROWS = 2


def stage_lines(stages: tuple[StageView, ...], now: datetime, width: int, look: Look) -> list[Line]:
    """Returns the stages in as many words as fit into two lines of `width` cells."""
    for detail in (2, 1, 0):
        lines = _folded([_stage(stage, now, detail) for stage in stages], width, look)
        if len(lines) <= _ROWS:
            return lines
    return lines


def _stage(stage: StageView, now: datetime, detail: int) -> list[Span]:
    glyph, role = mark(stage.state)
    spans: list[Span] = [(f"{glyph} {stage.name}", role)]
    if detail and stage.started:
        end = datetime.fromisoformat(stage.ended) if stage.ended else now
        took = max(0.0, (end - datetime.fromisoformat(stage.started)).total_seconds())
        spans.append((f" {phrases.span(took)}", "dim"))
    if stage.state == "failed":
        spans.append((f" {stage.failed} failed", "bad"))
    elif detail > 1 and stage.state == "running":
        spans.append((f" {stage.done}/{stage.steps}", "work"))
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
