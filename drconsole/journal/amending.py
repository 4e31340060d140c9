"""Steps under an amendment: new values, new steps, steps to do again, and steps that are none any more.

For a verb's transaction, beside `runs.amend`; the runner reads the steps anew when it sees that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

import msgspec
from sqlalchemy import Connection, bindparam, update

from drconsole.journal import schema, steps
from drconsole.journal.steps import StepRow
from drconsole.model.run import StepState
from drconsole.model.step import Step

_TABLE = schema.step
_THIS = (_TABLE.c.run == bindparam("the_run")) & (_TABLE.c.key == bindparam("the_key"))
_VALUE = update(_TABLE).where(_THIS).values(value=bindparam("the_value"))
_FORGOTTEN = update(_TABLE).where(_THIS).values(error=None, remedy=None, observed=None, result=None)
_UNSTARTED = update(_TABLE).where(_THIS).values(started=None)


def put(connection: Connection, run: str, values: Iterable[Step], *, cleanup: bool) -> None:
    """Writes steps: over the value that stands there, or as new ones. States stay as they are."""
    known = steps.states(connection, run)
    new: list[Step] = []
    for step in values:
        if step.key in known:
            value = msgspec.json.encode(step)
            connection.execute(_VALUE, {"the_run": run, "the_key": step.key, "the_value": value})
        else:
            new.append(step)
    steps.add(connection, run, new, cleanup=cleanup)


def unstarted(connection: Connection, run: str, keys: Collection[str]) -> None:
    """Forgets when steps began: it was on other machines, and nothing of these has been touched."""
    if keys:
        connection.execute(_UNSTARTED, [{"the_run": run, "the_key": key} for key in keys])


def again(
    connection: Connection,
    run: str,
    rows: Mapping[str, StepRow],
    keys: Collection[str],
    *,
    revived: Collection[str],
    actor: str,
    text: str,
) -> tuple[str, ...]:
    """Puts steps back to be done: what they found is forgotten, how often they were tried is not.

    `rows` are the steps as they stood before. What an operator skipped stays skipped, but for `revived`
    ones, which had left the plan. Returns the keys of those that had begun, in the plan's order.
    """
    begun = tuple(
        key
        for key, row in rows.items()
        if key in keys and row.state != "pending" and (row.state != "skipped" or key in revived)
    )
    _forget(connection, run, begun)
    steps.set_states(connection, run, dict.fromkeys(begun, "pending"), actor=actor, reason=text)
    return begun


def withdraw(
    connection: Connection,
    run: str,
    keys: Collection[str],
    *,
    state: Literal["cancelled", "skipped"],
    actor: str,
    text: str,
) -> None:
    """Takes steps out of the plan. `skipped` ones were given up, and count as that in the run's end."""
    _forget(connection, run, keys)
    gone: dict[str, StepState] = dict.fromkeys(keys, state)
    steps.set_states(connection, run, gone, actor=actor, reason=text)


def _forget(connection: Connection, run: str, keys: Collection[str]) -> None:
    if keys:
        connection.execute(_FORGOTTEN, [{"the_run": run, "the_key": key} for key in keys])
