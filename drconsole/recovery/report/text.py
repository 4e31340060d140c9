"""The report as text: for a terminal, a mail, a printer."""

from __future__ import annotations

from pathlib import Path

from drconsole.api.timeline import Bar, Timeline
from drconsole.model.text import safe_text
from drconsole.recovery.report.told import Told, brief, duration

_TEMPLATE = Path(__file__).with_name("report.txt.j2")
_WIDE = 40
"""Characters of a bar that takes the whole run."""


def render(told: Told) -> str:
    """Returns the report. Foreign text in it is made safe."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(  # noqa: S701 -- plain text, and every text in it passes by `_safe`
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_safe,
    )
    environment.filters |= {"duration": duration, "brief": brief}
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(told=told, view=told.view, counts=told.counts, bars=bars(told.timeline))


def _safe(value: object) -> object:
    return safe_text(value) if isinstance(value, str) else value


def bars(timeline: Timeline | None) -> list[str]:
    """Returns a line a bar: who and what, from when on and how long, drawn to scale; `!` is critical."""
    if timeline is None or not timeline.elapsed_s:
        return []
    return [_drawn(bar, timeline.elapsed_s) for bar in timeline.bars if bar.began_s is not None]


def _drawn(bar: Bar, whole_s: float) -> str:
    began = bar.began_s or 0.0
    ended = whole_s if bar.ended_s is None else bar.ended_s
    first = min(_WIDE - 1, int(_WIDE * began / whole_s))
    size = max(1, min(_WIDE - first, round(_WIDE * (ended - began) / whole_s)))
    drawn = (" " * first + ("#" if bar.critical else "=") * size).ljust(_WIDE)
    who = safe_text(f"{bar.machine}: {bar.protected}" if bar.machine else "the run", limit=24)
    mark = "!" if bar.critical else " "
    return f"{bar.stage:<9} {who:<24} {mark}|{drawn}| {duration(began):>7} +{brief(ended - began)}"
