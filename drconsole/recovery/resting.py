"""How a run and its cleanup begin and come to rest: what is written then, each in one transaction."""

from __future__ import annotations

from sqlalchemy import Connection

from drconsole.journal import claims, pool, runs, steps
from drconsole.model.plan import Plan
from drconsole.model.run import RunState
from drconsole.recovery.executor import Ending
from drconsole.recovery.left_behind import left_text
from drconsole.recovery.stages import cleanup
from drconsole.recovery.stages.preflight import untouched_groups


def begin(connection: Connection, run: str) -> None:
    """The recovery is at work, unless it was paused before its runner came."""
    if runs.find(connection, run).paused_by is None:
        runs.set_state(connection, run, "running")


def end(connection: Connection, run: str, plan: Plan, ending: Ending, lost: int) -> None:
    """The recovery rests. What it never touched is given back; a real run's machines are production.

    `lost` is how many captured values the comparison found lost.
    """
    state = _state(plan, ending, lost)
    if state in ("cancelled", "failed"):
        pool.free_reservations(connection, run)
        claims.release(connection, run, untouched_groups(connection, run, plan))
    if state == "done":
        pool.in_service(connection, run)
    runs.set_paused(connection, run, None)
    planned = plan.mode == "planned" and state in ("cancelled", "failed")
    left = left_text(steps.load(connection, run, cleanup=False)) if planned else ""
    runs.set_state(connection, run, state, text=_why(ending, lost) or left)
    if state == "held" and runs.find(connection, run).auto_cleanup:
        runs.set_cleanup(connection, run, "pending")


def begin_cleanup(connection: Connection, run: str) -> None:
    """The cleanup is at work, unless it was paused before its runner came."""
    cleanup.set_aside(connection, run)
    row = runs.find(connection, run)
    if row.paused_by is None and row.cleanup_state != "running":
        runs.set_cleanup(connection, run, "running")


def end_cleanup(connection: Connection, run: str) -> None:
    """The cleanup is over: failed where the run still has machines or clones that it could not undo."""
    runs.set_paused(connection, run, None)
    if left := cleanup.given_back(connection, run):
        told = f"not given back, because they were not cleaned up: {', '.join(left)}"
        runs.set_cleanup(connection, run, "failed", text=told)
        return
    runs.set_cleanup(connection, run, "done")
    if runs.find(connection, run).state == "held":
        runs.set_state(connection, run, "done", text="cleaned up")


def _state(plan: Plan, ending: Ending, lost: int) -> RunState:
    if ending == "cancelled":
        return "cancelled"
    if ending == "refused" or lost:
        return "failed"
    return "held" if plan.mode == "drill" else "done"


def _why(ending: Ending, lost: int) -> str:
    if ending == "refused":
        return "preflight refused it"
    return f"{lost} values were lost" if lost and ending == "settled" else ""
