"""What Reports shows of a run: a line in the list, and its report with times against objectives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from drconsole.api.timeline import Bar, Timeline
from drconsole.console.style.look import Line, Span, mark
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import wrapped
from drconsole.console.words import phrases
from drconsole.model.run import RunSummary, RunView, StageView
from drconsole.model.text import safe_text

LIST_COLUMNS = (
    Column(name="run", title="RUN", width=17),
    Column(name="state", title="STATE", width=11),
    Column(name="mode", title="MODE", width=8),
    Column(name="rto", title="RTO", width=16),
    Column(name="rpo", title="RPO", width=16, rank=1),
    Column(name="fidelity", title="FIDELITY", width=9, rank=2),
    Column(name="site", title="SITE", width=10, flex=1, rank=3),
    Column(name="by", title="BEGUN BY", width=10, rank=4),
    Column(name="started", title="STARTED", width=17, rank=5),
)
_BAR = 24
"""Half the cells of the longest bar."""

_LONG = 0.02
"""A machine's bar is shown where it took this share of the run, or decided when it ended."""


class Objectives(msgspec.Struct, frozen=True, kw_only=True):
    """A run's objectives, in seconds, and whether it met them; None: there is none, or it is not known."""

    rto_s: float | None = None
    rto_met: bool | None = None
    rpo_s: float | None = None
    rpo_met: bool | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Of a report's JSON what is shown."""

    run: RunView
    objectives: Objectives = Objectives()
    timeline: Timeline | None = None


def told(text: str) -> Told:
    """Returns what a report's JSON says. Raises msgspec.ValidationError."""
    return msgspec.json.decode(text, type=Told)


def list_cells(run: RunSummary, report: Told | None) -> tuple[Span, ...]:
    """Returns a run's row; without its report only what the list of runs knows."""
    glyph, role = mark(run.state)
    unknown: Span = ("…", "dim")
    rto = rpo = fidelity = by = unknown
    if report is not None:
        view, aims = report.run, report.objectives
        rto = against(view.rto_s, aims.rto_s, aims.rto_met)
        rpo = against(view.rpo_s, aims.rpo_s, aims.rpo_met)
        fidelity = fidelity_span(view)
        by = (view.started_by or "–", "text")
    return (
        (run.run, "text"),
        (f"{glyph} {run.state}", role),
        (run.mode, "drill" if run.mode == "drill" else "real"),
        rto,
        rpo,
        fidelity,
        (run.site, "text"),
        by,
        (phrases.when(run.started or ""), "dim"),
    )


def against(found: float | None, wanted: float | None, met: bool | None) -> Span:
    """Returns a time and how it stands to its objective: `✓ met 41:06`, `✗ MISSED 1:20:00`."""
    if found is None:
        return "–", "dim"
    time = phrases.span(found)
    if wanted is None or met is None:
        return f"· {time}", "text"
    return (f"✓ met {time}", "ok") if met else (f"✗ MISSED {time}", "bad")


def fidelity_span(view: RunView) -> Span:
    """Returns how many captured values were lost; those that had to differ are not among them."""
    if view.fidelity is None:
        return "–", "dim"
    lost = sum(difference.klass == "lost" for difference in view.fidelity.differences)
    return (f"! {lost} lost", "warn") if lost else ("✓ 0 lost", "ok")


def report_lines(report: Told, text: str, width: int) -> list[Line]:
    """Returns the whole report: the outcome, the timeline, then the report's own words."""
    machines = report.timeline is not None and bool(report.timeline.bars)
    legend: list[Span] = [("  ! decides when the run ended", "dim")] if machines else []
    lines: list[Line] = [*_outcome(report), [], [("Timeline", "head"), *legend], *timeline(report, width)]
    for block in text.split("\n\n")[1:]:
        # Its first block says what stands above already; the timeline is drawn here.
        if not block.lstrip("\n").startswith("Timeline"):
            lines += [[], *_block(block, width)]
    return lines


def _block(block: str, width: int) -> Iterator[Line]:
    for line in block.strip("\n").splitlines():
        role = "head" if line and not line.startswith(" ") else "text"
        yield from ([(part, role)] for part in _wrapped(line, width))


def _wrapped(line: str, width: int) -> Iterator[str]:
    """A line of the report; what goes on in the next one is indented as it was."""
    indent = " " * (len(line) - len(line.lstrip()))
    for number, part in enumerate(wrapped(line.strip(), max(20, width - len(indent) - 2)) or [""]):
        yield f"{indent}{'  ' if number else ''}{part}"


def sections(lines: Sequence[Line]) -> list[int]:
    """Returns at which lines the parts of a report begin."""
    return [number for number, line in enumerate(lines) if line and line[0][1] == "head" and line[0][0]]


def _outcome(report: Told) -> Iterator[Line]:
    view, aims = report.run, report.objectives
    glyph, role = mark(view.state)
    yield [("Outcome", "head")]
    badge: Span = (f" {view.mode.upper()} ", "drill") if view.mode == "drill" else (f" {view.mode} ", "real")
    yield [(f"{glyph} {view.state}  ", role), badge, (f"  {view.site}", "title")]
    yield [("took       ", "dim"), (phrases.span(view.elapsed_s), "text"), *_times(view)]
    yield [("RTO        ", "dim"), against(view.rto_s, aims.rto_s, aims.rto_met), _aim(aims.rto_s)]
    yield [("RPO        ", "dim"), against(view.rpo_s, aims.rpo_s, aims.rpo_met), _aim(aims.rpo_s)]
    yield [("fidelity   ", "dim"), fidelity_span(view), (_values(view), "dim")]
    yield [("snapshot   ", "dim"), (phrases.short(view.snapshot), "text")]
    yield [("begun by   ", "dim"), (view.started_by or "not known", "text")]
    approved = [verb for verb in view.verbs if verb.verb == "approve"]
    for verb in approved:
        what = verb.steps[0] if verb.steps else ""
        yield [("approved   ", "dim"), (f"{verb.actor} {phrases.clock(verb.at)} ", "text"), (what, "dim")]
    for amendment in view.amendments:
        yield [("amended    ", "dim"), (f"{amendment.actor} {phrases.clock(amendment.at)} ", "text")]
        yield [("           ", "dim"), (amendment.text, "text")]


def _times(view: RunView) -> list[Span]:
    if not view.started:
        return []
    end = f" – {phrases.clock(view.ended)}" if view.ended else ""
    return [(f"  {phrases.when(view.started)}{end}", "dim")]


def _aim(wanted: float | None) -> Span:
    return ("  no objective", "dim") if wanted is None else (f"  objective {phrases.span(wanted)}", "dim")


def _values(view: RunView) -> str:
    found = view.fidelity
    return "" if found is None else f"  {found.matched:,} of {found.total:,} values are equal"


def timeline(report: Told, width: int) -> Iterator[Line]:
    """Yields a bar for each stage, then one for what each machine did; `!` is on the critical path."""
    view = report.run
    times = [time for stage in view.stages for time in (stage.started, stage.ended) if time]
    if not view.started or not times:
        yield [("  nothing has begun yet", "dim")]
        return
    first = _seconds(view.started)
    whole = max(1.0, max(_seconds(time) for time in times) - first, view.elapsed_s)
    cells = max(8, min(_BAR * 2, width - 48))
    for stage in view.stages:
        yield _stage_line(stage, first, whole, cells)
    for bar in report.timeline.bars if report.timeline is not None else ():
        if bar.machine and bar.began_s is not None:
            took = (whole if bar.ended_s is None else bar.ended_s) - bar.began_s
            if bar.critical or took >= _LONG * whole:
                yield _machine_line(bar, bar.began_s, whole, cells)


def _stage_line(stage: StageView, first: float, whole: float, cells: int) -> Line:
    glyph, role = mark(stage.state)
    name: list[Span] = [(f"  {glyph} ", role), (f"{stage.name:<24}", "text")]
    if not stage.started:
        return [*name, (" " * cells, "text"), ("  –", "dim")]
    begins = _seconds(stage.started) - first
    ends = _seconds(stage.ended) - first if stage.ended else whole
    return [*name, *_bar(begins, ends, whole, cells, "bad" if stage.failed else "bar")]


def _machine_line(bar: Bar, begins: float, whole: float, cells: int) -> Line:
    glyph, role = ("!", "warn") if bar.critical else (" ", "text")
    name = safe_text(f"{bar.stage} {phrases.short_name(bar.protected or bar.machine)}", limit=24).ljust(24)
    ends = whole if bar.ended_s is None else bar.ended_s
    return [(f"  {glyph} ", role), (name, "dim"), *_bar(begins, ends, whole, cells, "bar")]


def _bar(begins: float, ends: float, whole: float, cells: int, role: str) -> list[Span]:
    left = min(cells - 1, round(cells * max(0.0, begins) / whole))
    length = max(1, min(cells - left, round(cells * max(0.0, ends - begins) / whole)))
    took = f"  {phrases.span(max(0.0, begins)):>7} +{phrases.span(max(0.0, ends - begins))}"
    return [
        ("░" * left, "track"),
        ("█" * length, role),
        ("░" * (cells - left - length), "track"),
        (took, "dim"),
    ]


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
