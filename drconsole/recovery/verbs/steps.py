"""Verbs about single steps: try it again, give it up, answer its question."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection

from drconsole.api.values import CommandReply
from drconsole.errors import Refused, UsageError
from drconsole.journal import commands, steps
from drconsole.journal.steps import StepRow
from drconsole.model.run import StepState
from drconsole.planning.graph import dependants
from drconsole.recovery.verbs.rules import NEVER_SKIPPED, answer, first, must_be, open_run


def retry(
    connection: Connection, run: str, names: tuple[str, ...], *, every: bool, actor: str
) -> CommandReply:
    """Lets failed steps be tried again.

    Raises Refused for one that is not failed (any more), naming who was first; UnknownName.
    """
    row, known = open_run(connection, run)
    chosen = tuple(key for key, step in known.items() if step.state == "failed") if every else names
    if not chosen:
        told = first(connection, row.id, "retry")
        text = f"no step is named and none has failed{told}" if every else "no step is named"
        raise UsageError(text, about=row.id)
    for name in chosen:
        must_be(connection, row, known, name, _settled_by("retry", known, name))
        answer(connection, row.id, "retry", name, known[name].attempts, actor=actor)
    steps.set_states(connection, row.id, dict.fromkeys(chosen, "pending"), actor=actor, reason="retry")
    return CommandReply(run=row.id, steps=chosen, state=row.state)


def skip(connection: Connection, run: str, name: str, *, reason: str, actor: str) -> CommandReply:
    """Gives a failed or pending step up, and with it what needs it.

    Raises UsageError without a reason, Refused where the step may not be given up.
    """
    row, known = open_run(connection, run)
    if not reason.strip():
        raise UsageError("a step is skipped with a reason", about=name)
    refuse_never_skipped(name)
    must_be(connection, row, known, name, _settled_by("skip", known, name))
    lost = lost_with(known, name)
    if known[name].state != "pending":
        answer(connection, row.id, "skip", name, known[name].attempts, actor=actor, reason=reason)
    else:
        commands.add(connection, row.id, "skip", (name,), actor=actor, reason=reason)
    steps.set_states(connection, row.id, {name: "skipped"}, actor=actor, reason=reason)
    others: dict[str, StepState] = dict.fromkeys(lost, "skipped")
    steps.set_states(connection, row.id, others, actor=actor, reason=f"needs {name}: {reason}")
    return CommandReply(run=row.id, steps=(name, *lost), state=row.state)


def refuse_never_skipped(name: str) -> None:
    """Raises Refused for a step that proves that the run is safe."""
    if name in NEVER_SKIPPED:
        raise Refused("this step proves that the run is safe: it cannot be skipped", about=name)


def lost_with(known: Mapping[str, StepRow], name: str) -> tuple[str, ...]:
    """Returns the steps that are given up with one, in the plan's order.

    Raises Refused where the run could not go on without it.
    """
    refuse_never_skipped(name)
    needing = dependants([row.step for row in known.values()], name)
    lost = tuple(key for key in known if key in needing and known[key].state in _GIVEN_UP)
    if refused := NEVER_SKIPPED.intersection(lost):
        raise Refused(
            f"without it the run cannot go on ({min(refused)} needs it)",
            about=name,
            remedy="retry it, or cancel the run",
        )
    return lost


_GIVEN_UP: tuple[StepState, ...] = ("pending", "failed", "waiting")


def _settled_by(verb: str, known: Mapping[str, StepRow], name: str) -> tuple[StepState, ...]:
    """Returns the states in which a step takes a verb."""
    states: tuple[StepState, ...] = ("failed",) if verb == "retry" else ("failed", "pending")
    asks = name in known and known[name].step.asks
    return (*states, "waiting") if asks else states


def approve(connection: Connection, run: str, name: str, *, actor: str) -> CommandReply:
    """Answers the question that a step waits for; "" takes the only one that is open.

    Steps that ask the same, word by word, are answered with it. Raises UsageError where none or several
    questions are open and none is named, UnknownName, and Refused where the step does not wait (any
    more), telling who answered.
    """
    row, known = open_run(connection, run)
    waiting = {key: step.error or "" for key, step in known.items() if step.state == "waiting"}
    if not name:
        if len(set(waiting.values())) != 1 or not _one_answer(known, waiting):
            told = "" if waiting else first(connection, row.id, "approve")
            text = f"{len(waiting) or 'no'} steps wait for an answer: name one{told}"
            raise UsageError(text, about=row.id)
        name = next(iter(waiting))
    must_be(connection, row, known, name, ("waiting",))
    question = waiting[name]
    others = (key for key in waiting if waiting[key] == question and key != name and known[key].step.asks)
    same = (name, *others) if known[name].step.asks else (name,)
    for key in same:
        answer(connection, row.id, "approve", key, known[key].attempts, actor=actor, reason=question)
    steps.set_states(connection, row.id, dict.fromkeys(same, "pending"), actor=actor, reason="approve")
    return CommandReply(run=row.id, steps=same, state=row.state)


def _one_answer(known: Mapping[str, StepRow], waiting: Collection[str]) -> bool:
    """Whether one answer settles all of them."""
    return len(waiting) == 1 or all(known[key].step.asks for key in waiting)


def applicable(row: StepRow) -> tuple[str, ...]:
    """Returns the verbs that a step takes now."""
    may_skip = row.step.key not in NEVER_SKIPPED
    if row.state == "waiting":
        return ("approve", "retry", "skip") if row.step.asks and may_skip else ("approve",)
    if row.state == "failed":
        return ("retry", "skip") if may_skip else ("retry",)
    return ("skip",) if row.state == "pending" and may_skip else ()
