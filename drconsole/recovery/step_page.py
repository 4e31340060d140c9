"""What do I do now: one step with all that was tried, said and seen, and the verbs that apply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from drconsole.api.values import Attempt, StepDetail
from drconsole.errors import Refused, UnknownName
from drconsole.journal import history, runs, steps
from drconsole.journal.steps import StepRow
from drconsole.model.target import Target
from drconsole.planning.graph import dependants
from drconsole.recovery import amend
from drconsole.recovery.amend import Seen
from drconsole.recovery.choices import choices
from drconsole.recovery.verbs.rules import AT_REST, cleaning
from drconsole.recovery.verbs.steps import applicable

SAID = 8
"""So many of a step's last lines of the log are shown."""


def step_detail(
    connection: Connection, run: str, key: str, *, site: str = "", pool: Iterable[Target] = ()
) -> StepDetail:
    """Returns all that is known of one step, and what can be done about it. Raises UnknownName.

    `pool` is what a spare may be taken from.
    """
    row = runs.find(connection, run, site)
    rows = steps.load(connection, row.id)
    if key not in rows:
        raise UnknownName("the run has no such step", about=key)
    found = rows[key]
    known = {name: each for name, each in rows.items() if each.cleanup == found.cleanup}
    open_plan = cleaning(row) if found.cleanup else row.state not in AT_REST
    plan, _ = runs.frozen(connection, row.id)
    seen = _seen(connection, row.id) if open_plan and not found.cleanup else None
    return StepDetail(
        run=row.id,
        key=key,
        title=found.step.title,
        object=found.step.object,
        machine=found.step.machine,
        state=found.state,
        attempts=found.attempts,
        error=found.error or "",
        remedy=found.remedy or "",
        needs=(*found.step.needs, *found.step.optional_needs),
        stops=_stops(known, key),
        verbs=applicable(found) if open_plan else (),
        arguments=found.step.arguments,
        result=found.result or {},
        attempted=_attempted(connection, row.id, key),
        said=history.said(connection, row.id, key, SAID),
        observed=found.observed or "",
        choices=choices(row.id, plan, known, key, seen=seen, pool=pool) if open_plan else (),
    )


def _seen(connection: Connection, run: str) -> Seen | None:
    """The run as something to amend; None where somebody has cancelled it."""
    try:
        return amend.see(connection, run)
    except Refused:
        return None


def _stops(known: Mapping[str, StepRow], key: str) -> tuple[str, ...]:
    return tuple(sorted(dependants((row.step for row in known.values()), key)))


def _attempted(connection: Connection, run: str, key: str) -> tuple[Attempt, ...]:
    return tuple(
        Attempt(
            number=each.number,
            started=each.started,
            ended=each.ended,
            epoch=each.epoch,
            end=each.end,
            error=each.error,
        )
        for each in history.attempts(connection, run, key)
    )
