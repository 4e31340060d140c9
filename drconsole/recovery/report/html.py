"""The report as one HTML file: nothing is loaded, nothing is run, everything of others is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from drconsole.api.timeline import Bar, Timeline
from drconsole.model.text import safe_text
from drconsole.recovery.report.told import Told, brief, duration

_TEMPLATE = Path(__file__).with_name("report.html.j2")
_TICKS = (1, 2, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_AT_MOST = 10
_LANE_REM = 1.5
_OVER = 1.0
"""Per cent that two bars of one lane may overlap: what is short is drawn wider than it was."""


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A bar in per cent of the run's width, in one of its row's lanes: what overlaps has lanes of its own."""

    bar: Bar
    lane: int
    left: float
    width: float
    text: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A machine's bars; `name` is what it took the place of."""

    name: str
    machine: str
    bars: tuple[Drawn, ...]

    @property
    def lanes(self) -> int:
        return 1 + max(drawn.lane for drawn in self.bars)


def render(told: Told) -> str:
    """Returns the page."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=True, finalize=_safe
    )
    environment.filters |= {"duration": duration, "brief": brief, "percent": _percent, "rem": _rem}
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    timeline = told.timeline
    return template.render(
        told=told,
        view=told.view,
        counts=told.counts,
        rows=list(rows(timeline)) if timeline else [],
        ticks=list(ticks(timeline.elapsed_s)) if timeline else [],
    )


def _percent(value: float) -> str:
    return f"{value:.3f}%"


def _rem(lanes: int) -> str:
    """The height of so many lanes."""
    return f"{lanes * _LANE_REM:g}rem"


def _safe(value: object) -> object:
    """Every text that is put into the page passes here: no control or direction mark of others does."""
    return safe_text(value) if type(value) is str else value


def rows(timeline: Timeline) -> Iterator[Row]:
    """Yields the machines with the bars that have begun, the run's own first."""
    whole = timeline.elapsed_s or 1.0
    for machine in dict.fromkeys(bar.machine for bar in timeline.bars):
        own = [bar for bar in timeline.bars if bar.machine == machine and bar.began_s is not None]
        if own:
            yield Row(name=own[0].protected or "the run", machine=machine, bars=tuple(_laid(own, whole)))


def _laid(own: Iterable[Bar], whole: float) -> Iterator[Drawn]:
    """Lays each bar into the first lane that is free where it begins."""
    ends: list[float] = []
    for bar in sorted(own, key=lambda bar: bar.began_s or 0.0):
        drawn = _drawn(bar, whole, 0)
        lane = next((n for n, end in enumerate(ends) if end <= drawn.left + _OVER), len(ends))
        ends[lane : lane + 1] = [drawn.left + drawn.width]
        yield msgspec.structs.replace(drawn, lane=lane)


def _drawn(bar: Bar, whole: float, lane: int) -> Drawn:
    began = min(bar.began_s or 0.0, whole)
    ended = whole if bar.ended_s is None else min(bar.ended_s, whole)
    width = max(0.2, 100 * (ended - began) / whole)
    steps = f"{bar.done} of {bar.steps} steps"
    text = f"{bar.stage}: {bar.state}, {steps}, +{duration(began)} for {brief(ended - began)}"
    return Drawn(bar=bar, lane=lane, left=100 * began / whole, width=min(width, 100.0), text=text)


def ticks(elapsed_s: float) -> Iterator[tuple[float, str]]:
    """Yields (per cent, time) of the lines of a scale, ten at the most."""
    every = next((each for each in _TICKS if elapsed_s / each <= _AT_MOST), _TICKS[-1])
    for number in range(1, int(elapsed_s / every) + 1) if elapsed_s else ():
        yield 100 * number * every / elapsed_s, duration(number * every)
