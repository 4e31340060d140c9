"""Cleanup: what a run did to the world is undone, and its targets go back into the pool."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from drconsole.errors import Busy
from drconsole.journal import claims, pool, runs
from drconsole.journal import steps as steps_of
from drconsole.journal.steps import StepRow
from drconsole.model.run import StepState
from drconsole.model.step import Facts, Step, Work, step_key
from drconsole.planning.plan_input import PlanInput
from drconsole.recovery.drivers import Room
from drconsole.recovery.stages.preflight import roles

PREFIX = "cleanup/"
_LIFT_FENCE = "replication.lift-fence"


def steps(plan: PlanInput, rooms: Sequence[Room]) -> tuple[Step, ...]:
    """Gives the cleanup's graph: room after room, targets taken back before the last one's steps.

    A room begins when the one before has ended; what could not be undone holds the rest up until
    an operator has retried or skipped it. No machine is touched before it was taken back: whoever
    skips that skips its wipe with it. A target whose wipe was skipped is not freed.
    """
    parts = [tuple(_prefixed(step) for step in room.cleanup_steps(plan)) for room in rooms]
    targets = sorted({*roles(plan), *(gone.target for gone in plan.former)})
    back = {target: _own(target, "take-back", f"Take {target} back") for target in targets}
    parts[-1:] = [tuple(back.values()), tuple(_behind(step, back) for step in parts[-1])]
    done = chained(parts)
    return (*done, *(_free(target, done) for target in targets))


def _behind(step: Step, back: Mapping[str, Step]) -> Step:
    """Returns the step of a machine as one that cannot go on without the machine's being ours."""
    if step.machine not in back:
        return step
    return msgspec.structs.replace(step, needs=(*step.needs, back[step.machine].key))


def chained(parts: Sequence[tuple[Step, ...]]) -> tuple[Step, ...]:
    """Returns all steps, the first ones of each part waiting for the last ones of the part before."""
    before: tuple[str, ...] = ()
    chain: list[Step] = []
    for part in parts:
        own = {step.key for step in part}
        waited_for = {need for step in part for need in (*step.needs, *step.optional_needs)}
        for step in part:
            inner = own.intersection((*step.needs, *step.optional_needs))
            optional = step.optional_needs if inner else (*step.optional_needs, *before)
            chain.append(msgspec.structs.replace(step, optional_needs=optional))
        before = tuple(step.key for step in part if step.key not in waited_for) or before
    return tuple(chain)


def _prefixed(step: Step) -> Step:
    """Cleanup is a plan of its own: its keys and needs stay within it."""
    return msgspec.structs.replace(
        step,
        key=_own_key(step.key),
        stage="cleanup",
        needs=tuple(_own_key(need) for need in step.needs),
        optional_needs=tuple(_own_key(need) for need in step.optional_needs),
    )


def _own_key(key: str) -> str:
    return key if key.startswith(PREFIX) else PREFIX + key


def _own(target: str, verb: str, title: str, needs: tuple[str, ...] = ()) -> Step:
    return Step(
        key=step_key("cleanup", target, verb),
        stage="cleanup",
        handler=f"recovery.{verb}",
        object=target,
        machine=target,
        title=title,
        needs=needs,
        arguments={"target": target},
    )


def _free(target: str, others: Sequence[Step]) -> Step:
    mine = tuple(step.key for step in others if step.machine == target)
    return _own(target, "free", f"{target} is free again", mine)


def set_aside(connection: Connection, run: str) -> None:
    """Calls off what a run would do to machines that it does not hold.

    A run that was cancelled before it leased has touched none of them; by now they may be another
    run's. A drill that was pre-empted may have lost its management server: its guests went with it.
    For the beginning of a cleanup, in one transaction.
    """
    held = {lease.target for lease in pool.leases(connection).values() if lease.run == run}
    rows = steps_of.load(connection, run, cleanup=True)
    for target in {row.step.machine for row in rows.values()} - held - {""}:
        idle = _idle(row for row in rows.values() if row.step.machine == target)
        reason = f"the run does not hold {target}: nothing on it is the run's"
        steps_of.set_states(connection, run, idle, reason=reason)
    _keep_fences(connection, run, rows)
    row = runs.find(connection, run)
    server = runs.frozen(connection, run)[0].mapping.management_server
    if row.pre_empted_by is not None and server is not None and server.target not in held:
        idle = _idle(row for row in rows.values() if "vcenter" in row.step.resources)
        reason = f"its management server was taken by {row.pre_empted_by}"
        steps_of.set_states(connection, run, idle, reason=reason)


def _keep_fences(connection: Connection, run: str, rows: Mapping[str, StepRow]) -> None:
    """A group that another run has taken up meanwhile stays fenced at its source, for that one's sake."""
    for row in rows.values():
        if row.step.handler == _LIFT_FENCE:
            try:
                claims.claim(connection, run, row.step.object)
            except Busy as error:
                steps_of.set_states(connection, run, _idle([row]), reason=error.message)


def _idle(rows: Iterable[StepRow]) -> dict[str, StepState]:
    """What has not been done of these steps, as cancelled."""
    return {row.step.key: "cancelled" for row in rows if row.state not in ("done", "cancelled")}


def given_back(connection: Connection, run: str) -> tuple[str, ...]:
    """Ends a cleanup: what was only reserved is free. Returns the targets and groups that the run still has.

    The targets were not wiped, the groups' clones still stand because an operator gave their steps up.
    They stay the run's, for nobody to take, until another cleanup has.
    """
    pool.free_reservations(connection, run)
    standing = _standing(steps_of.load(connection, run, cleanup=True).values())
    held = {group for group, tie in claims.held_groups(connection).items() if tie.run == run}
    claims.release(connection, run, held - standing)
    mine = [lease for lease in pool.leases(connection).values() if lease.run == run]
    targets = sorted(lease.target for lease in mine if lease.state != "in-service")
    return *targets, *sorted(held & standing)


def _standing(rows: Iterable[StepRow]) -> set[str]:
    """The groups of which something is still presented or cloned."""
    undoing = ("replication.unpresent", "replication.test-stop")
    return {row.step.object for row in rows if row.step.handler in undoing and row.state == "skipped"}


class TakeBack:
    """The target is no longer a role's; until it is wiped it is nobody's."""

    def enact(self, connection: Connection, work: Work) -> Facts:
        """Raises Refused where the target is not this run's."""
        pool.wiping(connection, work.run, work.step.arguments["target"])
        return {}


class Free:
    """The target is in the pool again."""

    def enact(self, connection: Connection, work: Work) -> Facts:
        """Frees it, in the transaction that ends the step."""
        pool.free(connection, work.run, [work.step.arguments["target"]])
        return {}
