"""A run in time, for tests: three machines, one of which has failed, and what is foreseen of the rest."""

from __future__ import annotations

from drconsole.api.timeline import Bar, Timeline
from drconsole.model.run import StepState
from tests.console.small_world import RUN


def bar(
    machine: str,
    stage: str,
    state: StepState,
    span: tuple[float, float],
    *,
    protected: str = "",
    ended: bool = True,
    critical: bool = False,
) -> Bar:
    """Returns a bar; `span` is when it began and ends, or is foreseen to where it is pending."""
    begun = state != "pending"
    return Bar(
        machine=machine,
        protected=protected,
        stage=stage,
        state=state,
        began_s=span[0] if begun else None,
        ended_s=span[1] if begun and ended else None,
        expects_s=span[0],
        expects_end_s=span[1],
        done=4 if state == "done" else 1,
        steps=4,
        critical=critical,
    )


def timeline(**changes: object) -> Timeline:
    """Returns the timeline of the small world's run, 401 s after its start."""
    bars = (
        bar("", "halt", "done", (0, 20), critical=True),
        bar("D", "provision", "running", (30, 900), protected="vc-01", ended=False, critical=True),
        bar("E", "provision", "failed", (30, 380), protected="esx-01", ended=True),
        bar("F", "provision", "done", (30, 390), protected="esx-02"),
        bar("F", "uplinks", "pending", (910, 1000), protected="esx-02"),
        bar("", "storage", "pending", (1000, 1100), critical=True),
    )
    values: dict[str, object] = {
        "run": RUN,
        "started": "2026-11-22T13:00:00Z",
        "elapsed_s": 401.0,
        "bars": bars,
        "critical_path": ("halt/g/halt", "provision/vc-01/install", "storage/site/barrier"),
        "bound_s": 1500.0,
        "forecast_s": 1800.0,
    }
    return Timeline(**(values | changes))  # type: ignore[arg-type]
