"""What must hold of every run's journal once all is over: read from its events, one after another."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from sqlalchemy import Connection

from drconsole.journal import commands, events, runs, steps
from drconsole.journal.steps import StepRow
from drconsole.model.run import Event

_NEXT: dict[str, frozenset[str]] = {
    "pending": frozenset({"running", "skipped", "cancelled", "pending", "waiting", "failed"}),
    "running": frozenset({"running", "done", "failed", "waiting", "cancelled", "skipped", "pending"}),
    "failed": frozenset({"pending", "skipped", "cancelled"}),
    "waiting": frozenset({"pending", "cancelled", "skipped"}),
    "skipped": frozenset({"pending"}),
    "cancelled": frozenset({"pending"}),
    "done": frozenset(),
}
"""How a step's state may change. `done` is final: what is done is never done again. A
step that lies in the journal begins and ends in one transaction: it fails where it was."""

_SETTLED = ("done", "skipped", "cancelled")


def violations(connection: Connection) -> Iterator[str]:
    """Yields a sentence for everything that should not be."""
    for row in runs.listing(connection):
        known = steps.load(connection, row.id)
        log = log_of(connection, row.id)
        if [event.seq for event in log] != list(range(1, len(log) + 1)):
            yield f"{row.id}: its events are not numbered without gaps"
        yield from _walk(row.id, log, known, amended=row.amended > 0)
        yield from _answers(connection, row.id, log)


def log_of(connection: Connection, run: str) -> list[Event]:
    """Returns all events of a run."""
    found: list[Event] = []
    while batch := events.since(connection, run, len(found)):
        found += batch
    return found


def _walk(run: str, log: list[Event], known: dict[str, StepRow], *, amended: bool) -> Iterator[str]:
    """Each step's states in their order, and what each start waited for.

    An amendment may put a step back, and gives it other needs than those it started by: these were
    judged when it acted.
    """
    states = dict.fromkeys(known, "pending")
    attempts: Counter[str] = Counter()
    for event in log:
        state = event.facts.get("state")
        if event.kind not in ("step", "command") or not event.step or state is None:
            continue
        key = event.step
        if key not in states:
            continue
        again = amended and state in ("pending", "cancelled", "skipped")
        if state not in _NEXT[states[key]] and not again:
            yield f"{run}: {key} goes from {states[key]} to {state} (event {event.seq})"
        states[key] = str(state)
        if state == "running":
            yield from _started(run, event, key, attempts)
            if not amended:
                yield from _start(run, known[key], states)
    for key, row in known.items():
        if row.state != states[key]:
            yield f"{run}: {key} is {row.state}, its events say {states[key]}"
        if row.state == "done" and row.result is None:
            yield f"{run}: {key} is done and has no result"


def _started(run: str, event: Event, key: str, attempts: Counter[str]) -> Iterator[str]:
    if event.facts["attempt"] != attempts[key] + 1:
        yield f"{run}: attempt {event.facts['attempt']} of {key} follows attempt {attempts[key]}"
    attempts[key] = event.facts["attempt"]


def _start(run: str, row: StepRow, states: dict[str, str]) -> Iterator[str]:
    key = row.step.key
    for need in row.step.needs:
        if need in states and states[need] != "done":
            yield f"{run}: {key} starts before its need {need}, which is {states[need]}"
    for need in row.step.optional_needs:
        if need in states and states[need] not in _SETTLED:
            yield f"{run}: {key} starts before {need}, which is {states[need]}"


def _answers(connection: Connection, run: str, log: list[Event]) -> Iterator[str]:
    """Each verb took effect once: a question has one answer, a failure one retry."""
    asked: Counter[str] = Counter(
        e.step for e in log if e.kind == "step" and e.facts.get("state") == "waiting"
    )
    failed: Counter[str] = Counter(
        e.step for e in log if e.kind == "step" and e.facts.get("state") == "failed"
    )
    given: dict[str, Counter[str]] = defaultdict(Counter)
    for command in commands.last(connection, run):
        given[command.verb].update(command.steps or ("",))
    for key, count in given["approve"].items():
        if count > asked[key]:
            yield f"{run}: {key} asked {asked[key]} times and was answered {count} times"
    for key, count in given["retry"].items():
        if count + given["approve"][key] > failed[key] + asked[key]:
            yield f"{run}: {key} failed {failed[key]} times and was retried {count} times"
    if given["cancel"][""] > 1:
        yield f"{run}: was cancelled {given['cancel']['']} times"
