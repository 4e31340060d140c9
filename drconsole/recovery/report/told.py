"""What every form of a report is made of, and what all of them count in the same way."""

from __future__ import annotations

from collections import Counter

import msgspec

from drconsole.api.timeline import Timeline
from drconsole.journal.clock import seconds_between
from drconsole.model.run import Difference, RunView, StepView
from drconsole.model.site import SitePlan

LONG = 0.02
"""A step of the critical path is told where it took more than this share of the run."""


class Objectives(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for when the run was planned, by the site or for this run, in seconds; None: nothing."""

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


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A run, its objectives, and its timeline (None where nobody needs one)."""

    view: RunView
    objectives: Objectives = Objectives()
    timeline: Timeline | None = None

    @property
    def recovery_time(self) -> str:
        """The run's duration, and how it stands to its objective."""
        return _against(self.view.rto_s, self.objectives.rto_s)

    @property
    def recovery_point(self) -> str:
        """The worst group's lost writes in time, and how that stands to its objective."""
        return _against(self.view.rpo_s, self.objectives.rpo_s)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """How many steps, guests and differences there are of each state or class."""
        return {
            "steps": dict(Counter(step.state for step in self.view.steps)),
            "guests": dict(Counter(guest.state for guest in self.view.guests)),
            "differences": dict(Counter(each.klass for each in self.differences)),
        }

    @property
    def differences(self) -> tuple[Difference, ...]:
        """All values that differ."""
        return self.view.fidelity.differences if self.view.fidelity else ()

    @property
    def steps(self) -> tuple[StepView, ...]:
        """The run's steps, and those of its cleanup that made trouble."""
        return (*self.view.steps, *(self.view.cleanup.trouble if self.view.cleanup else ()))

    @property
    def given_up(self) -> list[StepView]:
        """Steps that failed or were skipped."""
        return [step for step in self.steps if step.state in ("failed", "skipped")]

    @property
    def deciding(self) -> list[tuple[str, float]]:
        """The long steps of the critical path, in order, each with its seconds."""
        if self.timeline is None:
            return []
        took = {step.key: _took(step) for step in self.view.steps}
        least = LONG * self.timeline.elapsed_s
        return [(key, took[key]) for key in self.timeline.critical_path if took.get(key, 0.0) > least]


def as_json(told: Told) -> str:
    """Returns the report as JSON."""
    shown = {
        "report": 1,
        "objectives": told.objectives.against(told.view),
        "counts": told.counts,
        "run": told.view,
        "timeline": told.timeline,
    }
    return msgspec.json.encode(shown).decode()


def _took(step: StepView) -> float:
    return seconds_between(step.started, step.ended) if step.started and step.ended else 0.0


def _against(found: float | None, wanted: float | None) -> str:
    if wanted is None:
        return f"{duration(found)}, no objective"
    met = {None: "", True: ", met", False: ", MISSED"}[_met(found, wanted)]
    return f"{duration(found)}, objective {duration(wanted)}{met}"


def brief(seconds: float) -> str:
    """Returns seconds as `duration` does, and short ones with their tenths, such as `0.4 s`."""
    return f"{seconds:.1f} s" if seconds < 10 else duration(seconds)


def duration(seconds: float | None) -> str:
    """Returns seconds as `1:02:03` or `2:03`."""
    if seconds is None:
        return "not known"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
