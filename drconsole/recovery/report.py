"""A run's report: what was recovered, how long it took, what differs and why."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from drconsole.model.run import RunView
from drconsole.model.text import safe_text

_TEMPLATE = Path(__file__).parent / "templates" / "report.txt.j2"


def report_json(view: RunView) -> str:
    """Returns the report for programs: the run's view, its counts beside it."""
    return msgspec.json.encode({"report": 1, "counts": _counts(view), "run": view}).decode()


def report_text(view: RunView) -> str:
    """Returns the report for people. Foreign text in it is made safe."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(  # noqa: S701 -- plain text, made safe by the filter
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["safe"] = safe_text
    environment.filters["duration"] = _duration
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(view=view, counts=_counts(view), lost=_lost(view))


def _counts(view: RunView) -> dict[str, dict[str, int]]:
    differences = view.fidelity.differences if view.fidelity else ()
    return {
        "steps": dict(Counter(step.state for step in view.steps)),
        "guests": dict(Counter(guest.state for guest in view.guests)),
        "differences": dict(Counter(difference.klass for difference in differences)),
    }


def _lost(view: RunView) -> list[tuple[str, str, str]]:
    differences = view.fidelity.differences if view.fidelity else ()
    return [(d.path, d.captured, d.recovered) for d in differences if d.klass == "lost"]


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "not known"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
