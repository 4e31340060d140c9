"""Verbs about a whole run: let it rest a while, let it go on, end it, undo it."""

from __future__ import annotations

from sqlalchemy import Connection

from drconsole.api.values import CommandReply
from drconsole.errors import Refused
from drconsole.journal import commands, runs, steps
from drconsole.journal.pre_empting import being_pre_empted
from drconsole.journal.runs import RunRow
from drconsole.model.run import StepState
from drconsole.recovery.verbs.rules import AT_REST, cleaning, first, refuse_ended, storage_connected


def pause(connection: Connection, run: str, *, reason: str = "", actor: str) -> CommandReply:
    """Lets nothing new start: what works ends as it would have. A cleanup can be paused too.

    Raises Refused where the run has ended, is being cancelled, or is paused, naming by whom.
    """
    row = runs.find(connection, run)
    if not cleaning(row):
        refuse_ended(row)
    if row.paused_by is not None:
        raise Refused(f"the run is paused{first(connection, row.id, 'pause')}", about=row.id)
    runs.set_paused(connection, row.id, actor)
    commands.add(connection, row.id, "pause", (), actor=actor, reason=reason)
    return _moved(connection, row, "paused", actor)


def resume(connection: Connection, run: str, *, actor: str, carried: bool = True) -> CommandReply:
    """Lets a paused run go on. `carried` says that a living runner has the run.

    One that is not paused and has lost its runner is answered all the same: the caller starts another.
    Raises Refused where the run has ended, and where it goes on already, naming who resumed it.
    """
    row = runs.find(connection, run)
    if not cleaning(row):
        refuse_ended(row)
    if row.paused_by is None:
        if carried:
            told = first(connection, row.id, "resume")
            raise Refused(f"the run is not paused: it is {row.state}{told}", about=row.id)
        commands.add(connection, row.id, "resume", (), actor=actor, reason="its runner was gone")
        return CommandReply(run=row.id, steps=(), state=row.state)
    runs.set_paused(connection, row.id, None)
    commands.add(connection, row.id, "resume", (), actor=actor)
    return _moved(connection, row, "running", actor)


def _moved(connection: Connection, row: RunRow, state: StepState, actor: str) -> CommandReply:
    if cleaning(row):
        runs.set_cleanup(connection, row.id, state, actor=actor)
    else:
        runs.set_state(connection, row.id, state, actor=actor)
    return CommandReply(run=row.id, steps=(), state=runs.find(connection, row.id).state)


def cancel(connection: Connection, run: str, *, reason: str, actor: str) -> CommandReply:
    """Ends a run: nothing new starts, and a pause ends with it.

    Raises Refused where it has ended or is being cancelled.
    """
    row = runs.find(connection, run)
    if row.state in AT_REST:
        by = f", cancelled by {row.cancelled_by}" if row.cancelled_by else ""
        raise Refused(f"the run is {row.state}{by}", about=row.id)
    if row.cancelled_by is not None:
        raise Refused(f"{row.cancelled_by} has cancelled it already", about=row.id)
    runs.set_cancelled(connection, row.id, actor)
    if row.paused_by is not None:
        runs.set_paused(connection, row.id, None)
        runs.set_state(connection, row.id, "running", actor=actor, text="the pause ends with the run")
    commands.add(connection, row.id, "cancel", (), actor=actor, reason=reason)
    return CommandReply(run=row.id, steps=(), state=row.state)


def cleanup(connection: Connection, run: str, *, actor: str) -> CommandReply:
    """Begins a run's cleanup, again where one failed.

    Raises Refused where the run still goes on, is clean, or is a real one that has connected
    storage: its machines are production.
    """
    row = runs.find(connection, run)
    refuse_cleanup(connection, row)
    again: dict[str, StepState] = {
        key: "pending"
        for key, step in steps.load(connection, row.id, cleanup=True).items()
        if step.state in ("failed", "skipped", "cancelled")
    }
    steps.set_states(connection, row.id, again, actor=actor, reason="cleanup again")
    runs.set_cleanup(connection, row.id, "pending", actor=actor)
    commands.add(connection, row.id, "cleanup", (), actor=actor)
    return CommandReply(run=row.id, steps=(), state=row.state)


def refuse_cleanup(connection: Connection, row: RunRow) -> None:
    """Raises Refused where a run cannot be cleaned up now, and says why."""
    if row.state not in AT_REST:
        raise Refused(
            f"the run is {row.state}", about=row.id, remedy=f"`drconsole run cancel {row.id}` comes first"
        )
    if row.cleanup_state not in (None, "failed"):
        told = first(connection, row.id, "cleanup")
        raise Refused(f"its cleanup is {row.cleanup_state}{told}", about=row.id)
    if taker := being_pre_empted(connection, row):
        raise Refused(
            f"is being pre-empted by {taker}, which still takes what it needs",
            about=row.id,
            remedy=f"`drconsole run show {taker}`: it is a matter of seconds",
        )
    if row.mode != "drill" and storage_connected(steps.load(connection, row.id, cleanup=False).values()):
        raise Refused("its storage was connected: its machines are production", about=row.id)
