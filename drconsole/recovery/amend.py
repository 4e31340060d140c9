"""Changes a run's frozen plan in mid-run, by name and for good: who, when and why stand in the journal.

An amendment is decided and composed outside any transaction, from what the journal said, and written
in one. Where the run went on meanwhile so that it does not hold any more, `Stale` is raised, and the
caller decides anew on what stands there now. The run's runner notices, and goes on by the new plan.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from drconsole.api.values import CommandReply
from drconsole.journal import amending, commands, pool, runs, steps
from drconsole.journal.commands import Command
from drconsole.journal.runs import RunRow
from drconsole.journal.steps import StepRow
from drconsole.model.mapping import RoleKind
from drconsole.model.plan import Plan
from drconsole.model.step import Step
from drconsole.planning import estimate
from drconsole.planning.amend import Difference, difference, done_again, merged
from drconsole.planning.mapping_edit import targets_by_role
from drconsole.planning.plan_input import PlanInput
from drconsole.recovery.drivers import Room
from drconsole.recovery.planner import graphs
from drconsole.recovery.verbs.rules import refuse_ended
from drconsole.settings.values import Settings

Rows = Mapping[str, StepRow]


class Stale(Exception):
    """The run went on, or was amended, while an amendment of it was composed."""


@dataclass(frozen=True)
class Seen:
    """A run as it stood when somebody decided to change it.

    `rows` are its recovery's steps, `verbs` what operators have said so far, newest first.
    """

    row: RunRow
    plan: Plan
    source: PlanInput
    rows: Rows
    verbs: tuple[Command, ...] = ()

    def by(self, verbs: Collection[str], step: str = "") -> str:
        """Returns who said one of these verbs last (about a step), as a sentence's end; "" for nobody."""
        for said in self.verbs:
            if said.verb in verbs and (not step or step in said.steps):
                return f"; {said.actor} said {said.verb} at {said.at}"
        return ""


@dataclass(frozen=True)
class Taken:
    """A target that gets a role: it is reserved in the amendment's transaction."""

    target: str
    role: str
    kind: RoleKind


@dataclass(frozen=True)
class Change:
    """What an operator wants to be otherwise.

    `still` raises Refused where the steps, as they are when it is written, forbid it. `left` are targets
    that lose their role, each with whether this run has touched it. `lost` says by id or name what is
    not recovered any more, and why; the steps `given_up` count as skipped where they leave the plan.
    """

    verb: str
    text: str
    source: PlanInput
    still: Callable[[Rows], None]
    reason: str = ""
    taken: tuple[Taken, ...] = ()
    left: Mapping[str, bool] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)
    given_up: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Amendment:
    """A change, composed: what the journal is going to hold."""

    seen: Seen
    change: Change
    plan: Plan
    recovery: Difference
    cleanup: Difference
    again: frozenset[str]


def see(connection: Connection, run: str, site: str = "") -> Seen:
    """Returns a run as it stands. Raises UnknownName, Refused where it has ended or was cancelled."""
    row = runs.find(connection, run, site)
    refuse_ended(row)
    plan, source = runs.frozen(connection, row.id)
    rows = steps.load(connection, row.id, cleanup=False)
    said = commands.last(connection, row.id)
    return Seen(row, plan, msgspec.json.decode(source, type=PlanInput), rows, said)


def compose(settings: Settings, seen: Seen, change: Change, rooms: Sequence[Room]) -> Amendment:
    """Returns the amendment that a change makes. Raises what composing a plan raises."""
    before, cleanup_before = graphs(settings, seen.source, rooms)
    after, cleanup_after = graphs(settings, change.source, rooms)
    found = difference(before, after)
    new = merged(seen.plan.steps, found)
    taken = {each.target for each in change.taken}
    kept = set(targets_by_role(change.source.mapping).values()) - taken
    plan = replace(
        seen.plan,
        mapping=change.source.mapping,
        selection=change.source.selection,
        steps=new,
        estimate=estimate.estimate(new),
        former=change.source.former,
        given_up=seen.plan.given_up | dict(change.lost),
    )
    return Amendment(
        seen=seen,
        change=change,
        plan=plan,
        recovery=found,
        cleanup=difference(cleanup_before, cleanup_after),
        again=done_again(seen.plan.steps, new, found, kept),
    )


def write(connection: Connection, made: Amendment, *, actor: str) -> CommandReply:
    """Writes an amendment: plan, steps, targets and the operator's verb, in the caller's transaction.

    Raises Stale, Refused where the run is too far by now, and Busy naming who has a target.
    """
    change, run = made.change, made.seen.row.id
    row = runs.find(connection, run)
    refuse_ended(row)
    rows = steps.load(connection, run, cleanup=False)
    if row.amended != made.seen.row.amended or _touched(change, rows) != dict(change.left):
        raise Stale
    change.still(rows)
    _move_targets(connection, run, change)
    runs.amend(connection, made.plan, msgspec.json.encode(change.source), actor=actor, text=change.text)
    redone = _rewrite(connection, made, rows, actor)
    others = (*(step.key for step in made.recovery.added), *made.recovery.vanished)
    told = tuple(dict.fromkeys((*redone, *others)))
    commands.add(connection, run, change.verb, told, actor=actor, reason=change.reason or change.text)
    return CommandReply(run=run, steps=told, state=row.state, text=change.text)


def touched(rows: Rows, target: str) -> bool:
    """Whether a target has to be wiped once it loses its role.

    A run has begun to do something to it, beyond having tied it to the role; or it has taken it from a
    drill, whose installation stands there.
    """
    return any(_touches(row) for row in rows.values() if row.step.machine == target)


def _touches(row: StepRow) -> bool:
    if row.step.stage in ("preflight", "map"):
        return row.state == "done" and bool(row.step.arguments.get("drill"))
    return row.started is not None


def _touched(change: Change, rows: Rows) -> dict[str, bool]:
    return {target: touched(rows, target) for target in change.left}


def _move_targets(connection: Connection, run: str, change: Change) -> None:
    """What was touched stays the run's until it is wiped; what was not may be anybody's at once."""
    for target, held in change.left.items():
        if held:
            pool.give_up(connection, run, target)
        else:
            pool.free(connection, run, [target])
    for each in change.taken:
        pool.reserve(connection, run, each.target, each.role, each.kind)


def _elsewhere(rows: Rows, step: Step) -> bool:
    """Whether what has begun of a step was on another machine than it is for now."""
    row = rows.get(step.key)
    return row is not None and row.step.machine != step.machine


def _rewrite(connection: Connection, made: Amendment, rows: Rows, actor: str) -> tuple[str, ...]:
    run, text = made.seen.row.id, made.change.text
    amending.put(connection, run, made.recovery.values, cleanup=False)
    amending.put(connection, run, made.cleanup.values, cleanup=True)
    moved = {step.key for step in made.recovery.values if _elsewhere(rows, step)}
    amending.unstarted(connection, run, moved)
    revived = {step.key for step in made.recovery.added}
    redone = amending.again(connection, run, rows, made.again, revived=revived, actor=actor, text=text)
    cleaning = steps.load(connection, run, cleanup=True)
    back = {step.key for step in made.cleanup.added}
    amending.again(connection, run, cleaning, back, revived=back, actor=actor, text=text)
    gone = [key for key in made.recovery.vanished if key in rows]
    lost = [key for key in gone if key in made.change.given_up and rows[key].state != "done"]
    why = made.change.reason or text
    amending.withdraw(connection, run, lost, state="skipped", actor=actor, text=why)
    rest = [*(key for key in gone if key not in lost), *made.cleanup.vanished]
    amending.withdraw(connection, run, rest, state="cancelled", actor=actor, text=text)
    return redone
