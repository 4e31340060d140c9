"""Giving up a host un-deploys it (DESIGN 4, the barrier): the run goes on without waiting for it.

Its guests go to a host that reaches their datastores and networks, or are not recovered: the run then
ends with accepted failures.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from drconsole.errors import Refused, UsageError
from drconsole.model.mapping import VmSelection
from drconsole.planning import keys
from drconsole.planning.graph import dependants
from drconsole.planning.mapping_edit import targets_by_role, without
from drconsole.planning.placement import deployed_hosts, place
from drconsole.planning.plan_input import PlanInput
from drconsole.planning.roles import Need, needs_of
from drconsole.recovery.amend import Change, Rows, Seen, touched
from drconsole.recovery.verbs.replacing import former, without_target

_STAGES = frozenset({"preflight", "map", "provision", "uplinks"})


def host_of(seen: Seen, key: str) -> Need | None:
    """Returns the host that would be given up with a step; None for a step that is no host's, or that a
    run can do without.

    That is a step on its target before the barrier, where the barrier waits for it.
    """
    row = seen.rows.get(key)
    if row is None or row.step.stage not in _STAGES or keys.BARRIER not in _needing(seen.rows, key):
        return None
    by_role = targets_by_role(seen.source.mapping)
    needs = needs_of(seen.source.snapshot, seen.source.mapping)
    hosts = (need for need in needs if need.role == "host")
    return next((need for need in hosts if by_role.get(need.key) == row.step.machine), None)


def giving_up(seen: Seen, need: Need, key: str, *, reason: str) -> Change:
    """Returns the change that un-deploys a host because one of its steps is given up.

    Raises UsageError without a reason, Refused where the barrier has begun or no other host is left.
    """
    if not reason.strip():
        raise UsageError("a step is skipped with a reason", about=key)

    def still(rows: Rows) -> None:
        refuse_begun(need, rows)
        row = rows.get(key)
        waits = row is not None and row.state == "waiting" and row.step.asks
        if row is None or (row.state not in ("failed", "pending") and not waits):
            who = seen.by(("retry", "skip", "replace", "flags"), key)
            raise Refused(
                f"the step is {row.state if row else 'gone'}, not failed or pending{who}", about=key
            )

    still(seen.rows)
    target = targets_by_role(seen.source.mapping)[need.key]
    source, lost = undeployed(seen, need)
    rows = seen.rows.items()
    own = {name for name, row in rows if row.step.machine == target or row.step.object == need.name}
    return Change(
        verb="skip",
        text=f"{need.name} is given up{told_of(lost)}",
        reason=reason,
        source=source,
        still=still,
        left={target: touched(seen.rows, target)},
        lost={need.name: reason, **lost},
        given_up=frozenset(own) | steps_of(seen.rows, lost),
    )


def refuse_begun(need: Need, rows: Rows) -> None:
    """Raises Refused once the barrier has begun: a host is part of what was connected then."""
    barrier = rows.get(keys.BARRIER)
    if barrier is not None and barrier.state not in ("pending", "failed"):
        raise Refused(
            f"{need.name} cannot be given up any more: storage is being connected since {barrier.started}",
            about=need.name,
            remedy="skip what failed of it, or cancel the run",
        )


def undeployed(seen: Seen, need: Need) -> tuple[PlanInput, dict[str, str]]:
    """Returns the source without a host or physical server, and by id the guests that no other host can
    take, with why.

    Raises Refused for the last host.
    """
    source, target = seen.source, targets_by_role(seen.source.mapping).get(need.key, "")
    mapping = without(source.mapping, need.key)
    if need.role == "host" and not deployed_hosts(mapping):
        raise Refused(
            f"{need.name} is the last host that is deployed",
            about=need.name,
            remedy="replace its target, or cancel the run",
        )
    homeless = place(source.snapshot, mapping, source.selection).homeless
    lost = {guest: f"{need.name} is not recovered, and {why}" for guest, why in homeless.items()}
    left = replace(source, mapping=mapping, selection=deselected(source.selection, lost))
    if not touched(seen.rows, target):
        return without_target(left, target), lost
    return replace(left, former=(*source.former, former(source, need, target))), lost


def deselected(selection: VmSelection, guests: Mapping[str, str]) -> VmSelection:
    """Returns the selection without these guests."""
    flags = (
        replace(flag, deploy=False) if flag.id in guests else flag for flag in selection.virtual_machines
    )
    return replace(selection, virtual_machines=tuple(flags))


def told_of(lost: Mapping[str, str]) -> str:
    """Returns how many guests are lost, as the end of a sentence; "" for none."""
    if not lost:
        return "; other hosts take its guests"
    return f"; {len(lost)} guest{'s are' if len(lost) > 1 else ' is'} not recovered"


def steps_of(rows: Rows, guests: Mapping[str, str]) -> frozenset[str]:
    """Returns the steps that register these guests, and what needs those."""
    found: set[str] = set()
    for key in map(keys.registered, guests):
        found |= {key, *_needing(rows, key)}
    return frozenset(found)


def _needing(rows: Rows, key: str) -> frozenset[str]:
    return dependants((row.step for row in rows.values()), key)
