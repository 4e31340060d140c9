"""Bugs that the product does not have, planted to prove that the simulation would find them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import msgspec
from sqlalchemy import Connection, delete, insert, text

from drconsole.errors import Refused
from drconsole.journal import claims, pool, schema
from drconsole.journal.clock import now
from drconsole.model.step import Facts, Handler, Step, Work
from drconsole.planning import keys
from drconsole.recovery import carry, planner, takeover
from drconsole.recovery.schedule import Schedule
from drconsole.recovery.stages.protected import Gate
from drconsole.recovery.verbs import steps as step_verbs
from drconsole.recovery.work import RunWork
from tests.sim.handlers import Simulated

Mutant = Callable[[], AbstractContextManager[object]]

_ONCE = carry._once
_GRAPHS = planner.graphs
_TAKE = takeover.take


def unobserved(handler: str = "") -> Mutant:
    """Whatever is begun, is done: nobody looks whether it is so already. One handler's, or all."""

    async def once(found: Handler, work: Work, tries: Any) -> Facts:
        if isinstance(found, Simulated) and handler in ("", work.step.handler) and not _looks(work):
            await work.check()
            await found.act(work)
            return (await carry._shown(found, work)).result
        return await _ONCE(found, work, tries)

    return lambda: patch.object(carry, "_once", once)


def _looks(work: Work) -> bool:
    from tests.sim.deeds import deed_of

    return deed_of(work.step, "").kind == "look"


def _unchecked() -> AbstractContextManager[object]:
    async def check(self: RunWork) -> None:
        """Goes on, whoever else has the run."""

    return patch.object(RunWork, "check", check)


def _without(keys_dropped: frozenset[str], of: Callable[[Step], bool]) -> Mutant:
    def graphs(*given: Any) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        recovery, cleanup = _GRAPHS(*given)
        return tuple(_free_of(step) if of(step) else step for step in recovery), cleanup

    def _free_of(step: Step) -> Step:
        return msgspec.structs.replace(step, needs=tuple(n for n in step.needs if n not in keys_dropped))

    return lambda: patch.object(planner, "graphs", graphs)


def _stolen() -> AbstractContextManager[object]:
    def reserve(connection: Connection, run: str, target: str, role: str, role_kind: str) -> None:
        connection.execute(delete(schema.lease).where(schema.lease.c.target == target))
        row = {"target": target, "state": "reserved", "run": run, "role": role, "role_kind": role_kind}
        connection.execute(insert(schema.lease), row | {"since": now()})

    return patch.object(pool, "reserve", reserve)


def _unclaimed() -> AbstractContextManager[object]:
    def claim(connection: Connection, run: str, group: str) -> None:
        connection.execute(delete(schema.claim).where(schema.claim.c.group == group))
        connection.execute(insert(schema.claim).values(group=group, run=run, since=now()))

    return patch.object(claims, "claim", claim)


def _done_again() -> AbstractContextManager[object]:
    def take(connection: Connection, run: str) -> takeover.Taken:
        again = "UPDATE step SET state = 'pending' WHERE run = :run AND state = 'done' AND attempts = 1"
        connection.execute(text(again), {"run": run})
        return _TAKE(connection, run)

    return patch.object(takeover, "take", take)


def _failed_is_settled() -> AbstractContextManager[object]:
    settle = Schedule.settle

    def settled(self: Schedule, key: str, state: Any) -> None:
        settle(self, key, "done" if state == "failed" else state)

    return patch.object(Schedule, "settle", settled)


def _impatient() -> AbstractContextManager[object]:
    async def once(handler: Handler, work: Work, tries: Any) -> Facts:
        tries.open = False
        return await _ONCE(handler, work, tries)

    return patch.object(carry, "_once", once)


def _gate_open() -> AbstractContextManager[object]:
    return patch.object(Gate, "question", lambda self, work: ("", ""))


def _answered_twice() -> AbstractContextManager[object]:
    def must_be(connection: Connection, row: Any, known: Any, name: str, states: Iterable[str]) -> None:
        if name not in known:
            raise Refused("the run has no such step", about=name)

    return patch.object(step_verbs, "must_be", must_be)


_BEHIND = frozenset({"storage", "import"})

MUTANTS: dict[str, Mutant] = {
    "nobody looks before the act": unobserved(),
    "check() checks nothing": _unchecked,
    "storage does not need the barrier": _without(
        frozenset({keys.BARRIER}), lambda step: step.stage in _BEHIND
    ),
    "the barrier waits for no host": _without(
        frozenset(keys.proved(f"esx-0{n}") for n in range(1, 5)), lambda step: step.key == keys.BARRIER
    ),
    "reserve takes what is another run's": _stolen,
    "claim takes what is another run's": _unclaimed,
    "a takeover does done steps again": _done_again,
    "a failed need counts as done": _failed_is_settled,
    "an act is repeated before it could show": _impatient,
    "the gate asks nobody": _gate_open,
    "a verb fits every state": _answered_twice,
}
"""Each with what puts it in place."""
