"""How a step's failure is written, and what it takes along."""

from __future__ import annotations

from sqlalchemy import Connection

from drconsole.errors import DRConsoleError
from drconsole.journal import steps
from drconsole.model.run import StepState
from drconsole.model.step import Step
from drconsole.planning.graph import dependants
from drconsole.recovery.schedule import Schedule
from drconsole.recovery.work import RunWork


async def write_failure(
    shared: RunWork, schedule: Schedule, step: Step, error: DRConsoleError, observed: str, *, attempt: int
) -> frozenset[str]:
    """Writes that a step failed; one that is not critical is skipped, with what cannot go on without it.

    Returns the keys of those others. Raises Fenced.
    """
    text = error.message if not error.about else f"{error.about}: {error.message}"
    lost = frozenset[str]() if step.critical else _lost(schedule, step)

    def write(connection: Connection) -> None:
        steps.fail(
            connection,
            shared.run,
            shared.epoch,
            step.key,
            error=text,
            remedy=error.remedy,
            attempt=attempt,
            observed=observed,
            state="failed" if step.critical else "skipped",
        )
        others: dict[str, StepState] = dict.fromkeys(sorted(lost), "skipped")
        steps.set_states(connection, shared.run, others, reason=f"needs {step.key}: {text}")

    await shared.journal.write(write)
    return lost


def _lost(schedule: Schedule, step: Step) -> frozenset[str]:
    """What needs a step for certain and has not been settled: it cannot have begun."""
    found = dependants(schedule.steps.values(), step.key)
    return frozenset(key for key in found if schedule.states[key] in ("pending", "failed", "waiting"))
