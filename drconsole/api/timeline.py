"""A run's timeline: a bar for each machine and stage, the critical path, the bound and the forecast."""

from __future__ import annotations

import msgspec

from drconsole.model.run import StepState


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """What one stage does on one machine; `machine` is "" for what concerns no machine.

    Times are seconds since the run's start: `began_s` and `ended_s` as they were (None: not yet),
    `expects_s` and `expects_end_s` as they are foreseen now. `critical`: a step of the
    critical path is in it.
    """

    machine: str
    protected: str
    stage: str
    state: StepState
    began_s: float | None
    ended_s: float | None
    expects_s: float
    expects_end_s: float
    done: int
    steps: int
    critical: bool = False


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """A run in time. `critical_path` are the keys of the steps that decide when it ends, in order.

    `bound_s` is the earliest end if everything that is left takes its shipped duration and nothing waits;
    `forecast_s` the end at the pace of this run so far. Both in seconds since the run's start. An
    operator's answer that is waited for is in neither: `waits` says so.
    """

    run: str
    started: str | None
    elapsed_s: float
    bars: tuple[Bar, ...]
    critical_path: tuple[str, ...]
    bound_s: float
    forecast_s: float
    waits: bool = False
