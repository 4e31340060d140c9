"""What operators do to a run. Each is one transaction: the verb, its effect and its events.

Of two operators the second is refused, and told who was first.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from drconsole.api.values import CommandReply
from drconsole.errors import Refused, UnknownName, UsageError
from drconsole.journal import commands, runs, steps
from drconsole.journal.runs import RunRow
from drconsole.journal.steps import StepRow
from drconsole.model.run import StepState
from drconsole.planning import keys
from drconsole.planning.graph import dependants

_AT_REST = frozenset({"held", "done", "failed", "cancelled"})
_NEVER_SKIPPED = frozenset({keys.BARRIER, keys.PREFLIGHT, keys.PROBED, keys.GUESTS_GATE})
"""What proves that nothing foreign is in reach, what freezes the plan, and what keeps a guest from
running twice."""


def retry(
    connection: Connection, run: str, names: tuple[str, ...], *, every: bool, actor: str
) -> CommandReply:
    """Lets failed steps be tried again. Raises Refused for one that is not failed, UnknownName."""
    row, known = _open_run(connection, run)
    chosen = _failed(known) if every else names
    if not chosen:
        raise UsageError(
            "no step is named and none has failed" if every else "no step is named", about=row.id
        )
    for name in chosen:
        _must_be(connection, row, known, name, ("failed",))
    steps.set_states(connection, row.id, dict.fromkeys(chosen, "pending"), actor=actor, reason="retry")
    commands.add(connection, row.id, "retry", chosen, actor=actor)
    return CommandReply(run=row.id, steps=chosen, state=row.state)


def skip(connection: Connection, run: str, name: str, *, reason: str, actor: str) -> CommandReply:
    """Gives a failed or pending step up, and with it what needs it.

    Raises UsageError without a reason, Refused where the step may not be given up.
    """
    row, known = _open_run(connection, run)
    if not reason.strip():
        raise UsageError("a step is skipped with a reason", about=name)
    if name in _NEVER_SKIPPED:
        raise Refused("this step proves that the run is safe: it cannot be skipped", about=name)
    _must_be(connection, row, known, name, ("failed", "pending"))
    lost = [
        key
        for key in dependants([other.step for other in known.values()], name)
        if known[key].state in ("pending", "failed", "waiting")
    ]
    if refused := _NEVER_SKIPPED.intersection(lost):
        raise Refused(
            f"without it the run cannot go on ({min(refused)} needs it)",
            about=name,
            remedy="retry it, or cancel the run",
        )
    steps.set_states(connection, row.id, {name: "skipped"}, actor=actor, reason=reason)
    others: dict[str, StepState] = dict.fromkeys(lost, "skipped")
    steps.set_states(connection, row.id, others, actor=actor, reason=f"needs {name}: {reason}")
    commands.add(connection, row.id, "skip", (name,), actor=actor, reason=reason)
    return CommandReply(run=row.id, steps=(name, *lost), state=row.state)


def approve(connection: Connection, run: str, name: str, *, actor: str) -> CommandReply:
    """Answers the question that a step waits for; "" takes the only one that is open.

    Raises UsageError where none or several are open and none is named, UnknownName, and Refused
    where the step does not wait (any more), telling who answered.
    """
    row, known = _open_run(connection, run)
    waiting = [key for key, step in known.items() if step.state == "waiting"]
    if not name:
        if len(waiting) != 1:
            raise UsageError(f"{len(waiting) or 'no'} steps wait for an answer: name one", about=row.id)
        name = waiting[0]
    _must_be(connection, row, known, name, ("waiting",))
    question = known[name].error or ""
    steps.set_states(connection, row.id, {name: "pending"}, actor=actor, reason="approve")
    commands.add(connection, row.id, "approve", (name,), actor=actor, reason=question)
    return CommandReply(run=row.id, steps=(name,), state=row.state)


def cancel(connection: Connection, run: str, *, reason: str, actor: str) -> CommandReply:
    """Ends a run: nothing new starts. Raises Refused where it has ended or is being cancelled."""
    row = runs.find(connection, run)
    if row.state in _AT_REST:
        raise Refused(f"the run is {row.state}", about=row.id)
    if row.cancelled_by is not None:
        raise Refused(f"{row.cancelled_by} has cancelled it already", about=row.id)
    runs.set_cancelled(connection, row.id, actor)
    commands.add(connection, row.id, "cancel", (), actor=actor, reason=reason)
    return CommandReply(run=row.id, steps=(), state=row.state)


def cleanup(connection: Connection, run: str, *, actor: str) -> CommandReply:
    """Begins a run's cleanup, again where one failed.

    Raises Refused where the run still goes on, is clean, or is a real one that has connected
    storage: its machines are production.
    """
    row = runs.find(connection, run)
    if row.state not in _AT_REST:
        raise Refused(
            f"the run is {row.state}", about=row.id, remedy=f"`drconsole run cancel {row.id}` comes first"
        )
    if row.cleanup_state not in (None, "failed"):
        raise Refused(f"its cleanup is {row.cleanup_state}{_by(connection, row, 'cleanup')}", about=row.id)
    if row.mode != "drill" and storage_connected(steps.load(connection, row.id, cleanup=False).values()):
        raise Refused("its storage was connected: its machines are production", about=row.id)
    again: dict[str, StepState] = {
        key: "pending"
        for key, step in steps.load(connection, row.id, cleanup=True).items()
        if step.state in ("failed", "skipped", "cancelled")
    }
    steps.set_states(connection, row.id, again, actor=actor, reason="cleanup again")
    runs.set_cleanup(connection, row.id, "pending", actor=actor)
    commands.add(connection, row.id, "cleanup", (), actor=actor)
    return CommandReply(run=row.id, steps=(), state=row.state)


def storage_connected(rows: Iterable[StepRow]) -> bool:
    """Whether a step that connects storage has ever begun."""
    return any(
        row.step.stage == "storage" and row.step.key != keys.BARRIER and row.attempts > 0 for row in rows
    )


def applicable(row: StepRow) -> tuple[str, ...]:
    """Returns the verbs that a step takes now."""
    may_skip = row.step.key not in _NEVER_SKIPPED
    if row.state == "waiting":
        return ("approve",)
    if row.state == "failed":
        return ("retry", "skip") if may_skip else ("retry",)
    return ("skip",) if row.state == "pending" and may_skip else ()


def _open_run(connection: Connection, run: str) -> tuple[RunRow, dict[str, StepRow]]:
    """The run and the steps of its open plan: its recovery's, or its cleanup's."""
    row = runs.find(connection, run)
    cleaning = row.cleanup_state not in (None, "done", "failed")
    if row.state in _AT_REST and not cleaning:
        raise Refused(f"the run is {row.state}", about=row.id)
    if row.cancelled_by is not None and not cleaning:
        raise Refused(f"{row.cancelled_by} has cancelled it", about=row.id)
    return row, steps.load(connection, row.id, cleanup=cleaning)


def _failed(known: dict[str, StepRow]) -> tuple[str, ...]:
    return tuple(key for key, row in known.items() if row.state == "failed")


def _must_be(
    connection: Connection, row: RunRow, known: dict[str, StepRow], name: str, states: tuple[str, ...]
) -> None:
    if name not in known:
        raise UnknownName("the run has no such step", about=name)
    if known[name].state not in states:
        raise Refused(
            f"the step is {known[name].state}, not {' or '.join(states)}{_by(connection, row, name)}",
            about=name,
        )


def _by(connection: Connection, row: RunRow, name: str) -> str:
    """Who was first, if somebody was."""
    for command in commands.last(connection, row.id):
        if name in command.steps or name == command.verb:
            return f"; {command.actor} said {command.verb} at {command.at}"
    return ""
