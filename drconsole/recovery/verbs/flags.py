"""Deploy flags changed late (R53, R54): guests' until `guests` begins, a host's until its provision.

The choice is made before metadata is consulted for the guests' recovery: the import takes only what the
chosen ones need, so that its first step ends the choice too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping

from msgspec.structs import replace

from drconsole.api.values import GuestDeploy, RoleDeploy, RunFlags
from drconsole.errors import Refused, UnknownName, UsageError
from drconsole.model.mapping import GuestFlag, VmSelection
from drconsole.model.step import Mode, step_key
from drconsole.model.target import Target
from drconsole.planning import keys
from drconsole.planning.addresses import assign_addresses
from drconsole.planning.mapping_edit import targets_by_role, with_target
from drconsole.planning.plan_input import PlanInput
from drconsole.planning.roles import Need, needs_of
from drconsole.planning.selection import check_selection, chosen
from drconsole.planning.spares import choose
from drconsole.recovery.amend import Change, Rows, Seen, Taken, touched
from drconsole.recovery.verbs.giving_up import steps_of, told_of, undeployed
from drconsole.recovery.verbs.replacing import spares


def flags_of(seen: Seen) -> RunFlags:
    """Returns every flag as it stands, and why it cannot be changed, where it cannot."""
    wanted, late = chosen(seen.source.selection), late_for_guests(seen.source.mode, seen.rows)
    guests = tuple(
        GuestDeploy(
            id=verdict.id,
            name=verdict.name,
            deploy=verdict.id in wanted,
            why="; ".join(verdict.reasons) if verdict.verdict == "no" else late,
        )
        for verdict in seen.source.verdicts
    )
    return RunFlags(run=seen.row.id, guests=guests, hosts=tuple(_roles(seen)))


def _roles(seen: Seen) -> Iterable[RoleDeploy]:
    deployed = targets_by_role(seen.source.mapping)
    for need in needs_of(seen.source.snapshot):
        if need.role != "management":
            yield RoleDeploy(
                kind=need.role,
                id=need.protected,
                name=need.name,
                deploy=need.key in deployed,
                target=deployed.get(need.key, ""),
                why=late_for_role(need, seen.rows),
            )


def late_for_guests(mode: Mode, rows: Rows) -> str:
    """Returns why no guest's flag can be changed any more, "" where it can.

    A planned run has moved its guests once it has begun to shut them down: one that is left out then
    would run nowhere, one that is added would be cut off from its storage.
    """
    last = ("halt", "import", "guests") if mode == "planned" else ("import", "guests")
    begun = [row for row in rows.values() if row.attempts and row.step.stage in last]
    if not begun:
        return ""
    first = min(begun, key=lambda row: row.started or "")
    what = "halting the protected side" if first.step.stage == "halt" else "the import"
    return f"{what} began at {first.started}"


def late_for_role(need: Need, rows: Rows) -> str:
    """Returns why a host's or physical server's flag cannot be changed any more, "" where it can."""
    barrier, boot = rows.get(keys.BARRIER), rows.get(step_key("provision", need.name, "boot"))
    if boot is not None and boot.attempts and boot.state != "cancelled":
        return f"its provision began at {boot.started}"
    if barrier is not None and barrier.attempts:
        return f"the storage barrier began at {barrier.started}"
    return ""


def flags_changed(
    seen: Seen,
    guests: Mapping[str, bool],
    hosts: Mapping[str, bool],
    pool: Iterable[Target],
    in_use: Collection[str],
    *,
    reason: str = "",
) -> Change:
    """Returns the change that sets flags; those that are so already change nothing.

    `guests` are by id, `hosts` by a host's id or a physical server's name. Raises UsageError where nothing
    would change, UnknownName, and Refused for what is too late, has no spare, or cannot be recovered.
    """
    roles = _asked_roles(seen, hosts)
    flagged = _asked_guests(seen, guests)
    if not roles and not flagged:
        raise UsageError(f"these flags are set so already{seen.by(('flags',))}", about=seen.row.id)
    sought = dataclasses.replace(seen, source=_with_guests(seen.source, flagged))
    lost: dict[str, str] = {}
    taken: list[Taken] = []
    left: dict[str, bool] = {}
    targets = tuple(pool)
    for need, deploy in roles:
        if deploy:
            sought, took = _deployed(sought, need, targets, in_use)
            taken.append(took)
        else:
            left |= {t: touched(seen.rows, t) for t in [targets_by_role(sought.source.mapping)[need.key]]}
            source, gone = undeployed(sought, need)
            sought, lost = dataclasses.replace(seen, source=source), lost | gone
    source = sought.source
    check_selection(source.selection, source.snapshot, source.verdicts, source.mapping)

    def still(rows: Rows) -> None:
        refuse_late(seen.source.mode, roles, flagged, rows)

    still(seen.rows)
    return Change(
        verb="flags",
        text=_told(seen, roles, flagged) + (told_of(lost) if lost else ""),
        reason=reason,
        source=source,
        still=still,
        taken=tuple(taken),
        left=left,
        lost=lost,
        given_up=steps_of(seen.rows, lost),
    )


def refuse_late(
    mode: Mode, roles: Iterable[tuple[Need, bool]], guests: Mapping[str, bool], rows: Rows
) -> None:
    """Raises Refused for a flag whose time is over, and says what can be done instead."""
    if guests and (late := late_for_guests(mode, rows)):
        raise Refused(
            f"guests' flags cannot be changed any more: {late}",
            about="guests",
            remedy="skip a guest's step to give it up; another run recovers more",
        )
    for need, _deploy in roles:
        if late := late_for_role(need, rows):
            raise Refused(
                f"its flag cannot be changed any more: {late}",
                about=need.name,
                remedy="replace its target, or skip its failed step with a reason to give it up",
            )


def _asked_roles(seen: Seen, hosts: Mapping[str, bool]) -> tuple[tuple[Need, bool], ...]:
    """The roles whose flag would change. Those that are left out come first: their targets are free then."""
    known = {need.protected: need for need in needs_of(seen.source.snapshot) if need.role != "management"}
    if strange := sorted(hosts.keys() - known.keys()):
        names = ", ".join(sorted(need.name for need in known.values()))
        raise UnknownName(f"the snapshot has no host {', '.join(strange)}", about="flags", remedy=names)
    deployed = targets_by_role(seen.source.mapping)
    changed = [
        (known[name], deploy) for name, deploy in hosts.items() if (known[name].key in deployed) != deploy
    ]
    return tuple(sorted(changed, key=lambda asked: asked[1]))


def _asked_guests(seen: Seen, guests: Mapping[str, bool]) -> dict[str, bool]:
    known = {verdict.id for verdict in seen.source.verdicts}
    if strange := sorted(guests.keys() - known):
        raise UnknownName(f"the snapshot has no guest {', '.join(strange)}", about="flags")
    wanted = chosen(seen.source.selection)
    return {guest: deploy for guest, deploy in guests.items() if (guest in wanted) != deploy}


def _with_guests(source: PlanInput, flagged: Mapping[str, bool]) -> PlanInput:
    """The selection with other flags; a guest that it did not list is listed then."""
    listed = {flag.id for flag in source.selection.virtual_machines}
    flags = [
        replace(flag, deploy=flagged.get(flag.id, flag.deploy)) for flag in source.selection.virtual_machines
    ]
    flags += [
        GuestFlag(id=verdict.id, name=verdict.name, deploy=flagged[verdict.id])
        for verdict in source.verdicts
        if verdict.id in flagged and verdict.id not in listed
    ]
    selection: VmSelection = replace(source.selection, virtual_machines=tuple(flags))
    return replace(source, selection=selection)


def _deployed(seen: Seen, need: Need, pool: Iterable[Target], in_use: Collection[str]) -> tuple[Seen, Taken]:
    """A role that gets a target of the pool: the one that fits best."""
    targets = {each.name: each for each in pool}
    spare = targets[choose(need, spares(seen, need, targets.values())).target]
    source = seen.source
    held = {address for name, address in source.addresses.items() if name != need.name}
    fresh = assign_addresses(source.provisioning, [need.name], {*in_use, *held})
    source = replace(
        source,
        mapping=with_target(source.mapping, need.key, spare.name),
        targets=source.targets | {spare.name: spare},
        addresses=source.addresses | fresh,
    )
    return dataclasses.replace(seen, source=source), Taken(spare.name, need.name, need.role)


def _told(seen: Seen, roles: Iterable[tuple[Need, bool]], guests: Mapping[str, bool]) -> str:
    names = {verdict.id: verdict.name for verdict in seen.source.verdicts}
    flags: list[tuple[str, bool]] = [(need.name, deploy) for need, deploy in roles]
    flags += [(names[guest], deploy) for guest, deploy in guests.items()]
    parts = []
    for word, wanted in (("deployed", True), ("left out", False)):
        found = [name for name, deploy in flags if deploy == wanted]
        if found:
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            parts.append(f"{word}: {', '.join(found[:_SHOWN])}{more}")
    return "; ".join(parts)


_SHOWN = 5
"""So many names stand in an amendment's text; all of them in its selection."""
