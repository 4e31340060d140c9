"""What an operator can do about a step now, and what each verb would change: the verbs' own logic, dry.

Nothing here decides anything twice: what a skip gives up, what a host takes along and whether a target
may be replaced are asked of the verbs themselves.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from drconsole.api.values import Choice
from drconsole.errors import Refused
from drconsole.journal.steps import StepRow
from drconsole.model.plan import Plan
from drconsole.model.target import Target
from drconsole.planning import keys
from drconsole.planning.amend import Difference, done_again
from drconsole.planning.graph import dependants
from drconsole.planning.roles import Need
from drconsole.planning.spares import choose
from drconsole.recovery.amend import Seen
from drconsole.recovery.verbs.giving_up import giving_up, host_of
from drconsole.recovery.verbs.replacing import need_of, refuse_late, spares
from drconsole.recovery.verbs.steps import applicable, lost_with
from drconsole.recovery.verbs.uplinks import rolled_back

_REASON = "…"


def choices(
    run: str,
    plan: Plan,
    known: Mapping[str, StepRow],
    key: str,
    *,
    seen: Seen | None,
    pool: Iterable[Target],
) -> tuple[Choice, ...]:
    """Returns the verbs that a step takes, the gentlest first, what cannot be done last.

    () for one that needs nobody.

    `known` are the steps of the plan that it stands in; `seen` is the run where its recovery goes on,
    None where it is cleaned up or at rest: there is nothing to amend then.
    """
    row = known[key]
    if row.state not in ("failed", "waiting", "pending", "running"):
        return ()
    verbs = applicable(row)
    found = [_VERBS[verb](run, known, key) for verb in verbs if verb in _VERBS]
    if seen is not None:
        found += _roll_back(seen, row)
        found += _replace(seen, row, pool)
    if "skip" in verbs:
        found.append(_skip(run, plan, known, key, seen))
    if row.state != "pending" and seen is not None:
        found.append(_cancel(run, known))
    return tuple(sorted(found, key=lambda choice: bool(choice.refused)))


def _approve(run: str, known: Mapping[str, StepRow], key: str) -> Choice:
    return Choice(
        verb="approve",
        command=f"drconsole run approve {run} {shlex.quote(key)}",
        effect=f"answers its question with yes, in your name; {_going_on(known, key)}",
        retried=(key,),
    )


def _retry(run: str, known: Mapping[str, StepRow], key: str) -> Choice:
    return Choice(
        verb="retry",
        command=f"drconsole run retry {run} {shlex.quote(key)}",
        effect=f"looks at the device again, and acts if need be; {_going_on(known, key)}",
        retried=(key,),
    )


_VERBS = {"approve": _approve, "retry": _retry}


def _going_on(known: Mapping[str, StepRow], key: str) -> str:
    waiting = _open(known, dependants((row.step for row in known.values()), key))
    return (
        f"{_count(len(waiting), 'step')} that need it can go on then" if waiting else "nothing else needs it"
    )


def _skip(run: str, plan: Plan, known: Mapping[str, StepRow], key: str, seen: Seen | None) -> Choice:
    command = f"drconsole run skip {run} {shlex.quote(key)} --reason {_REASON}"
    try:
        need = host_of(seen, key) if seen is not None else None
        if seen is not None and need is not None:
            return _give_up(seen, need, key, command)
        lost = lost_with(known, key)
    except Refused as refused:
        return Choice(verb="skip", command=command, effect="gives the step up", refused=str(refused))
    guests = _guests(plan, (key, *lost))
    effect = "gives the step up" + (f", and {_count(len(lost), 'step')} that need it" if lost else "")
    return Choice(verb="skip", command=command, effect=effect, skipped=(key, *lost), guests=guests)


def _give_up(seen: Seen, need: Need, key: str, command: str) -> Choice:
    """With a step that the barrier waits for goes the whole host."""
    change = giving_up(seen, need, key, reason=_REASON)
    open_steps = _open(seen.rows, change.given_up)
    names = {verdict.id: verdict.name for verdict in seen.plan.verdicts}
    return Choice(
        verb="skip",
        command=command,
        effect=f"{change.text}, and the run goes on without it",
        skipped=open_steps,
        guests=tuple(names[guest] for guest in change.lost if guest in names),
    )


def _roll_back(seen: Seen, row: StepRow) -> Iterator[Choice]:
    """For a host that waits to be moved to other uplinks: the trial that stands can be taken back."""
    host = row.step.object
    if row.state != "waiting" or row.step.key != keys.uplinks_applied(host):
        return
    command = f"drconsole run uplinks {seen.row.id} {shlex.quote(host)} --roll-back"
    try:
        change = rolled_back(seen, host)
    except Refused as refused:
        yield Choice(verb="roll-back", command=command, effect="takes the trial back", refused=str(refused))
        return
    tried = (keys.uplinks_tried(host), row.step.key)
    yield Choice(verb="roll-back", command=command, effect=f"{change.text}; the next one is", retried=tried)


def _replace(seen: Seen, row: StepRow, pool: Iterable[Target]) -> Iterator[Choice]:
    """For a step on a machine that has a role; a role that no spare fits is told with every reason."""
    target = row.step.machine
    try:
        need = need_of(seen, target)
    except Refused:
        return
    command = f"drconsole run replace {seen.row.id} {shlex.quote(target)}"
    try:
        refuse_late(need, seen.rows)
        spare = choose(need, spares(seen, need, pool))
    except Refused as refused:
        effect = f"gives the role of {need.name} to a spare"
        yield Choice(verb="replace", command=command, effect=effect, refused=str(refused))
        return
    retried = _done_again(seen, target, spare.target)
    again = f"; {_count(len(retried), 'step')} are done again" if retried else ""
    effect = f"{spare.target} ({spare.reason}) takes the place of {target} as {need.name}{again}"
    yield Choice(
        verb="replace", command=f"{command} --by {shlex.quote(spare.target)}", effect=effect, retried=retried
    )


def _done_again(seen: Seen, target: str, spare: str) -> tuple[str, ...]:
    """The steps that a replacement would put back, of those that have begun."""
    before = [row.step for row in seen.rows.values()]
    after = [replace(step, machine=spare) if step.machine == target else step for step in before]
    found = Difference(changed=tuple(step for step in after if step.machine == spare))
    kept = {step.machine for step in before} - {target, ""}
    again = done_again(before, after, found, kept)
    return tuple(
        key
        for key, row in seen.rows.items()
        if key in again and row.attempts and row.step.stage not in ("preflight", "map")
    )


def _cancel(run: str, known: Mapping[str, StepRow]) -> Choice:
    left = _open(known, known)
    return Choice(
        verb="cancel",
        command=f"drconsole run cancel {run}",
        effect=f"ends the run: {_count(len(left), 'step')} are not done; it says what is left standing",
    )


def _open(known: Mapping[str, StepRow], keys_: Iterable[str]) -> tuple[str, ...]:
    wanted = set(keys_)
    states = ("pending", "failed", "waiting", "running")
    return tuple(key for key, row in known.items() if key in wanted and row.state in states)


def _guests(plan: Plan, given_up: Iterable[str]) -> tuple[str, ...]:
    lost = set(given_up)
    return tuple(verdict.name for verdict in plan.verdicts if keys.registered(verdict.id) in lost)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
