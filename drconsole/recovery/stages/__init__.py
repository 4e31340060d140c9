"""The recovery's own steps: preflight, map, verify, and the frame around the rooms' cleanup.

`steps` and `cleanup_steps` give them, `handlers` binds them. What they write lies in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from sqlalchemy import Connection

from drconsole.model.step import Handler, Handlers, Step
from drconsole.planning.custom import PROGRAM, PROMPT
from drconsole.planning.plan_input import PlanInput
from drconsole.recovery.drivers import Room
from drconsole.recovery.stages import cleanup, custom, pre_emption, preflight, protected, verify
from drconsole.settings.values import Settings

Writing = Callable[[Connection], object]


def steps(plan: PlanInput, others: Sequence[Step]) -> tuple[Step, ...]:
    """Gives all steps of a run: preflight, map, the gate and verify around the rooms' own."""
    behind = protected.gated(plan, others)
    return (*preflight.steps(plan, others), *behind, *verify.steps(plan, behind))


def cleanup_steps(plan: PlanInput, rooms: Sequence[Room]) -> tuple[Step, ...]:
    """Gives the whole cleanup: the rooms' in their order, then every target back in the pool."""
    return cleanup.steps(plan, rooms)


def handlers(settings: Settings, plan: PlanInput, rooms: Sequence[Room]) -> Handlers:
    """Binds the handlers of these steps."""
    bound: dict[str, object] = {
        PROMPT: custom.Prompt(),
        PROGRAM: custom.RunProgram(settings.state_dir, plan.site.name),
        "recovery.probe": protected.ProbeProtected(settings, plan),
        "recovery.gate": protected.Gate(),
        "recovery.pre-empt": pre_emption.PreEmpt(),
        "recovery.stop-drill": pre_emption.StopDrill(settings, rooms),
        "recovery.drop-clones": pre_emption.DropClones(settings, rooms),
        "recovery.claim": preflight.TakeGroup(),
        "recovery.reserve": preflight.Reserve(),
        "recovery.readiness": preflight.Readiness(settings, plan),
        "recovery.freeze": preflight.Freeze(),
        "recovery.lease": preflight.TakeLease(),
        "recovery.take-back": cleanup.TakeBack(),
        "recovery.free": cleanup.Free(),
        "recovery.capture": verify.CaptureRecovered(settings, plan, rooms),
        "recovery.compare": verify.Compare(settings, plan),
        "recovery.report": verify.Conclude(plan),
    }
    return cast("dict[str, Handler]", bound)
