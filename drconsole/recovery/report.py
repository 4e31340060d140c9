"""A run's report: what was recovered, how long it took, what differs and why."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from drconsole.model.run import RunView, StepView
from drconsole.model.site import SitePlan
from drconsole.model.text import safe_text

_TEMPLATE = Path(__file__).parent / "templates" / "report.txt.j2"


class Objectives(msgspec.Struct, frozen=True, kw_only=True):
    """What the site's configuration asked for when the run was planned, in seconds; None: nothing."""

    rto_s: float | None = None
    rpo_s: float | None = None

    def against(self, view: RunView) -> dict[str, float | bool | None]:
        """Returns both objectives, and whether the run met them; None where that is not known."""
        return {
            "rto_s": self.rto_s,
            "rto_met": _met(view.rto_s, self.rto_s),
            "rpo_s": self.rpo_s,
            "rpo_met": _met(view.rpo_s, self.rpo_s),
        }


def _met(found: float | None, wanted: float | None) -> bool | None:
    return None if found is None or wanted is None else found <= wanted


def objectives_of(source: bytes) -> Objectives:
    """Returns the objectives out of the JSON that a run's plan was made from."""
    site = msgspec.json.decode(source, type=_Source).site
    return Objectives(rto_s=site.rto_s, rpo_s=site.rpo_s)


class _Source(msgspec.Struct):
    """Of a `PlanInput` only what a report reads: the rest may be a whole site."""

    site: SitePlan


def report_json(view: RunView, objectives: Objectives) -> str:
    """Returns the report for programs: the run's view, its counts and objectives beside it."""
    told = {"report": 1, "objectives": objectives.against(view), "counts": _counts(view), "run": view}
    return msgspec.json.encode(told).decode()


def report_text(view: RunView, objectives: Objectives) -> str:
    """Returns the report for people. Foreign text in it is made safe."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(  # noqa: S701 -- plain text, made safe by the filter
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["safe"] = safe_text
    environment.filters["duration"] = _duration
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        view=view,
        counts=_counts(view),
        lost=_lost(view),
        given_up=[step for step in _all_steps(view) if step.state in ("failed", "skipped")],
        recovery_time=_against(view.rto_s, objectives.rto_s),
        recovery_point=_against(view.rpo_s, objectives.rpo_s),
    )


def _counts(view: RunView) -> dict[str, dict[str, int]]:
    differences = view.fidelity.differences if view.fidelity else ()
    return {
        "steps": dict(Counter(step.state for step in view.steps)),
        "guests": dict(Counter(guest.state for guest in view.guests)),
        "differences": dict(Counter(difference.klass for difference in differences)),
    }


def _all_steps(view: RunView) -> tuple[StepView, ...]:
    return (*view.steps, *(view.cleanup.trouble if view.cleanup else ()))


def _against(found: float | None, wanted: float | None) -> str:
    """A time, and how it stands to its objective."""
    if wanted is None:
        return f"{_duration(found)}, no objective"
    met = {None: "", True: ", met", False: ", MISSED"}[_met(found, wanted)]
    return f"{_duration(found)}, objective {_duration(wanted)}{met}"


def _lost(view: RunView) -> list[tuple[str, str, str]]:
    differences = view.fidelity.differences if view.fidelity else ()
    return [(d.path, d.captured, d.recovered) for d in differences if d.klass == "lost"]


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "not known"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
