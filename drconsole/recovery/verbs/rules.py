"""What all verbs ask before they do anything: is the run open, is the step there, who was first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from drconsole.errors import Refused, UnknownName
from drconsole.journal import commands, runs, steps
from drconsole.journal.runs import RunRow
from drconsole.journal.steps import StepRow
from drconsole.planning import keys

AT_REST = frozenset({"held", "done", "failed", "cancelled"})
"""States that a run does not leave by itself."""

NEVER_SKIPPED = frozenset({keys.BARRIER, keys.PREFLIGHT, keys.PROBED, keys.GUESTS_GATE})
"""What proves that nothing foreign is in reach, what freezes the plan, and what keeps a guest from
running twice."""


def cleaning(row: RunRow) -> bool:
    """Whether the run's cleanup is under way: verbs are about its steps then."""
    return row.cleanup_state not in (None, "done", "failed")


def open_run(connection: Connection, run: str) -> tuple[RunRow, dict[str, StepRow]]:
    """Returns a run and the steps of its open plan: its recovery's, or its cleanup's.

    Raises Refused where it has come to rest or somebody has cancelled it, UnknownName.
    """
    row = runs.find(connection, run)
    if not cleaning(row):
        refuse_ended(row)
    return row, steps.load(connection, row.id, cleanup=cleaning(row))


def refuse_ended(row: RunRow) -> None:
    """Raises Refused for a run whose recovery goes on no more, naming who cancelled it."""
    if row.state in AT_REST:
        by = f", cancelled by {row.cancelled_by}" if row.cancelled_by else ""
        raise Refused(f"the run is {row.state}{by}", about=row.id)
    if row.cancelled_by is not None:
        raise Refused(f"{row.cancelled_by} has cancelled it", about=row.id)


def must_be(
    connection: Connection, row: RunRow, known: Mapping[str, StepRow], name: str, states: tuple[str, ...]
) -> None:
    """Raises UnknownName for a step that is not there, Refused for one in another state than these."""
    if name not in known:
        raise UnknownName("the run has no such step", about=name)
    if known[name].state not in states:
        raise Refused(
            f"the step is {known[name].state}, not {' or '.join(states)}{first(connection, row.id, name)}",
            about=name,
        )


def first(connection: Connection, run: str, *names: str) -> str:
    """Returns who was first to answer a step or to say a verb, as the end of a sentence; "" for nobody."""
    for command in commands.last(connection, run):
        if command.verb in names or not set(names).isdisjoint(command.steps):
            return f"; {command.actor} said {command.verb} at {command.at}"
    return ""


def answer(
    connection: Connection, run: str, verb: str, name: str, attempts: int, *, actor: str, reason: str = ""
) -> None:
    """Writes the verb that answers a step's question, or one of its failed attempts.

    Raises Refused where that has been answered, whatever the two operators saw, naming the first.
    """
    question = f"{name}#{attempts}"
    try:
        with connection.begin_nested():
            commands.add(connection, run, verb, (name,), actor=actor, reason=reason, answer=question)
    except IntegrityError:
        told = first(connection, run, name)
        raise Refused(f"attempt {attempts} of this step has been answered{told}", about=name) from None


def storage_connected(rows: Iterable[StepRow]) -> bool:
    """Whether a step that connects storage has ever begun."""
    return any(
        row.step.stage == "storage" and row.step.key != keys.BARRIER and row.attempts > 0 for row in rows
    )
