"""What the Run screen says of a run in words: who carries it, when it ends, what came of it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drconsole.api.timeline import Timeline
from drconsole.console.known.following import AT_REST, Following
from drconsole.console.style.look import Span
from drconsole.console.widgets.stages import Pace, expected_s
from drconsole.console.words import phrases
from drconsole.model.run import RunView

STALE_S = 15.0
"""A run that goes on and was not seen for so long is said to be STALE."""


def carried(following: Following, now: float) -> Span:
    """Returns who carries the run, and how old what is shown of it is; `now` is monotonic."""
    view = following.view
    age = now - following.viewed
    if view is None:
        return "asking the service …", "work"
    if following.moment is not None:
        return f"replay of {phrases.when(following.moment.isoformat())}", "changed"
    if not following.attached:
        return f"STALE {phrases.age(age)} (detached)", "warn"
    if not following.live:
        return f"run {view.state}", "ok" if view.state in ("held", "done") else "warn"
    return (f"STALE {phrases.age(age)}", "warn") if age > STALE_S else _runner(view)


def _runner(view: RunView) -> Span:
    """The process that carries a run that goes on."""
    if view.paused_by and view.state == "paused":
        return f"paused by {view.paused_by}", "warn"
    if view.runner is None:
        return "no runner yet", "warn"
    if view.runner.lost:
        return "runner LOST: another one takes over", "bad"
    silent = view.runner.silent_s
    return f"runner ok {phrases.age(silent)}" if silent is not None else "runner ok", "ok"


def outcome(view: RunView) -> list[str]:
    """Returns the figures of a run that are known by now: RPO, RTO, fidelity, its cleanup."""
    facts = [f"RPO at halt {phrases.minutes(view.rpo_s)}"] if view.rpo_s is not None else []
    facts += [f"RTO {phrases.span(view.rto_s)}"] if view.rto_s is not None else []
    if view.fidelity is not None:
        lost = sum(difference.klass == "lost" for difference in view.fidelity.differences)
        facts.append(f"fidelity {view.fidelity.matched}/{view.fidelity.total}, {lost} lost")
    if view.cleanup is not None:
        facts.append(f"cleanup {view.cleanup.state}")
    elif view.pre_empted_by:
        facts.append(f"pre-empted by {view.pre_empted_by}")
    return facts


def finish(view: RunView, timeline: Timeline | None) -> str:
    """Returns when a run ends: as foreseen, and at the earliest; "" where that is not known, or over."""
    if timeline is None or not view.started or view.state in AT_REST:
        return ""
    began = datetime.fromisoformat(view.started)
    forecast, bound = (_clock(began, seconds) for seconds in (timeline.forecast_s, timeline.bound_s))
    after = " after your answer" if timeline.waits else ""
    return f"finishes ~{forecast}{after} (bound {bound})"


def _clock(began: datetime, seconds: float) -> str:
    at = (began + timedelta(seconds=seconds)).astimezone(UTC)
    return phrases.clock(at.strftime("%Y-%m-%dT%H:%M:%SZ"))


def paces(following: Following) -> dict[str, Pace]:
    """Returns how far each stage is, by its steps, and how long it is foreseen to take."""
    found: dict[str, Pace] = {}
    expects = expected_s(following.timeline)
    for stage in following.view.stages if following.view else ():
        tally = following.steps.stage(stage.name)
        total = tally.total()
        fraction = (tally["done"] + tally["skipped"]) / total if total else 0.0
        found[stage.name] = Pace(fraction=fraction, expects_s=expects.get(stage.name))
    return found


def labels(following: Following | None, runs: int) -> dict[str, str]:
    """Returns what the verbs would do now; those that do not apply have no label."""
    view = following.view if following else None
    if following is None or view is None:
        return dict.fromkeys(
            (
                "approve",
                "retry",
                "skip",
                "pause",
                "replace",
                "flags",
                "cancel",
                "cleanup",
                "uplinks",
                "detach",
            ),
            "",
        )
    live, failed, changeable = following.live, bool(following.failed()), replaceable(view)
    rests = view.state in ("held", "done", "failed", "cancelled") and not following.cleaning
    uncleaned = rests and (view.cleanup is None or view.cleanup.state == "failed")
    return {
        "approve": "answer…" if following.questions() else "",
        "retry": "retry" if failed else "",
        "skip": "skip…" if failed else "",
        "pause": ("resume" if view.paused_by else "pause") if live else "",
        "replace": "replace…" if changeable else "",
        "flags": "flags…" if changeable else "",
        "cancel": "cancel…" if live and view.state not in AT_REST else "",
        "cleanup": "cleanup…" if uncleaned and view.mode == "drill" else "",
        "recover": "" if live else "recover…",
        "detach": "detach" if following.attached else "attach",
        "runs": "runs" if runs > 1 else "",
    }


def replaceable(view: RunView | None) -> bool:
    """Whether the plan of a run can still be changed: until something of its storage has begun."""
    if view is None or view.state in AT_REST:
        return False
    return all(stage.started is None for stage in view.stages if stage.name in ("storage", "import"))
