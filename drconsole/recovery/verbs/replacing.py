"""Replacing a target in mid-run: a spare of the pool takes over the role of one that fails.

It may be said until the storage barrier begins: from then on a machine has volumes, and guests may lie
on it. The former target is powered off before its role's next one boots, because it may hold its
addresses, and stays the run's until it has been wiped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial

from msgspec.structs import replace

from drconsole.errors import Refused
from drconsole.model.plan import Former
from drconsole.model.target import Target
from drconsole.planning import keys
from drconsole.planning.addresses import assign_addresses
from drconsole.planning.mapping_edit import targets_by_role, with_target
from drconsole.planning.plan_input import PlanInput
from drconsole.planning.roles import Need, needs_of
from drconsole.planning.spares import Candidate, candidates, choose
from drconsole.recovery.amend import Change, Rows, Seen, Taken, touched


def need_of(seen: Seen, target: str) -> Need:
    """Returns the role of a target. Raises Refused where it has none (any more), saying why."""
    by_role = targets_by_role(seen.source.mapping)
    for need in needs_of(seen.source.snapshot, seen.source.mapping):
        if by_role.get(need.key) == target:
            return need
    who = seen.by(("replace", "skip", "flags"), keys.leased(target))
    for gone in seen.plan.former:
        if gone.target == target:
            taker = f"{gone.by} has taken its place" if gone.by else f"{gone.name} was given up"
            raise Refused(f"target {target} has no role any more: {taker}{who}", about=target)
    held = ", ".join(sorted(by_role.values()))
    raise Refused(f"target {target} has no role in this run{who}", about=target, remedy=f"in it: {held}")


def refuse_late(need: Need, rows: Rows) -> None:
    """Raises Refused where a role's target cannot be replaced any more, and says what can be done instead."""
    barrier = rows.get(keys.BARRIER)
    ready = rows.get(keys.ready(need.name))
    if barrier is None or barrier.state in ("pending", "failed"):
        return
    if need.role == "physical" and (ready is None or ready.state != "done"):
        return
    begun = "its storage is being connected" if need.role != "physical" else "it is in use"
    raise Refused(
        f"the machine of {need.name} cannot be replaced any more: {begun} since {barrier.started}",
        about=need.name,
        remedy="retry what failed, skip it with a reason, or cancel the run and begin another",
    )


def spares(seen: Seen, need: Need, pool: Iterable[Target]) -> tuple[Candidate, ...]:
    """Returns every target that has no role in the run as a spare, the best first."""
    used = {*targets_by_role(seen.source.mapping).values(), *(gone.target for gone in seen.plan.former)}
    found = candidates(need, pool, segments=seen.source.provisioning.segments)
    return tuple(each for each in found if each.target not in used)


def replacement(
    seen: Seen, target: str, by: str, pool: Iterable[Target], in_use: Collection[str], *, reason: str = ""
) -> Change:
    """Returns the change that gives a target's role to a spare; `by` "" takes the best.

    `in_use` are provisioning addresses of all runs. Raises Refused where the target has no role, where
    it is too late, and where no spare fits, with every reason.
    """
    targets = {each.name: each for each in pool}
    need = need_of(seen, target)
    refuse_late(need, seen.rows)
    if by and by not in targets:
        raise Refused(f"there is no target {by}", about=by, remedy="`drconsole target list` shows them")
    spare = choose(need, spares(seen, need, targets.values()), by)
    source = moved(seen, need, targets[spare.target], in_use)
    return Change(
        verb="replace",
        text=f"{spare.target} takes the place of {target} as {need.name} ({spare.reason})",
        reason=reason,
        source=source,
        still=partial(refuse_late, need),
        taken=(Taken(spare.target, need.name, need.role),),
        left={target: touched(seen.rows, target)},
    )


def moved(seen: Seen, need: Need, spare: Target, in_use: Collection[str]) -> PlanInput:
    """Returns a run's source with another target for a role.

    A former target that was touched keeps its provisioning address: it may come up late.
    """
    source, target = seen.source, targets_by_role(seen.source.mapping)[need.key]
    source = replace(
        source,
        mapping=with_target(source.mapping, need.key, spare.name),
        targets=source.targets | {spare.name: spare},
    )
    if not touched(seen.rows, target):
        return without_target(source, target)
    gone = former(source, need, target, by=spare.name)
    fresh = assign_addresses(source.provisioning, [need.name], {*in_use, *source.addresses.values()})
    return replace(source, addresses=source.addresses | fresh, former=(*source.former, gone))


def former(source: PlanInput, need: Need, target: str, *, by: str = "") -> Former:
    """Returns what a run remembers of a target that loses its role."""
    return Former(
        target=target,
        role=need.role,
        protected=need.protected,
        name=need.name,
        address=source.addresses[need.name],
        by=by,
    )


def without_target(source: PlanInput, target: str) -> PlanInput:
    """Returns a source that does not know a target any more, which nobody has touched."""
    return replace(source, targets={name: each for name, each in source.targets.items() if name != target})
