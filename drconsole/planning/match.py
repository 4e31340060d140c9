"""Matches targets to roles by capability, at least waste, and explains each choice (R37–R45).

The assignment is exact: of all ways to give every role a target that fits, the one that leaves the
least memory and threads unused; of equal ones, the one with fewer tight fits (uplinks to re-arrange,
or less than a tenth over), then the one in the order of names. The same input gives the same match.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from drconsole.errors import Refused
from drconsole.model.inventory import Snapshot
from drconsole.model.mapping import HostMapping, HostRole, ManagementRole, PhysicalRole, RoleKind
from drconsole.model.plan import RoleMatch
from drconsole.model.target import Target
from drconsole.planning.fit import misfit, tightness, unavailable, waste
from drconsole.planning.mapping_check import check_mapping
from drconsole.planning.roles import Need, needs_of


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal: the mapping, a line a role, and what is missing (in words, a role each).

    Roles without a target stand in the mapping with an empty one.
    """

    mapping: HostMapping
    roles: tuple[RoleMatch, ...]
    missing: tuple[str, ...] = ()

    def complete(self) -> HostMapping:
        """Returns the mapping. Raises Refused, saying how many more and of what size, if some lack."""
        if self.missing:
            what = "1 more target is" if len(self.missing) == 1 else f"{len(self.missing)} more targets are"
            raise Refused(
                f"{what} needed: {'; '.join(self.missing)}",
                about="pool",
                remedy="add targets, clean finished runs up, or do not deploy all hosts",
            )
        return self.mapping


def match_targets(
    snapshot: Snapshot,
    snapshot_id: str,
    targets: Iterable[Target],
    *,
    given: HostMapping | None = None,
    segments: Collection[str] = (),
    run: str = "",
) -> Match:
    """Proposes a host mapping. `snapshot_id` is `sha256:…`, `segments` are of the provisioning network.

    Entries of `given` are respected (checked as `check_mapping` does, whose errors it raises), its
    deploy flags too; roles without a target are filled. `run` may use what is reserved for it.
    """
    pool = sorted(targets, key=lambda target: target.name)
    fixed = check_mapping(given, snapshot, pool, segments=segments, run=run, partial=True) if given else ()
    chosen = {(role.role, role.protected): role for role in fixed if role.target}
    used = {role.target for role in chosen.values()}
    needs = needs_of(snapshot, given)
    open_needs = [need for need in needs if need.key not in chosen]
    found = _assign(open_needs, [t for t in pool if t.name not in used], segments, run)
    roles = tuple(chosen.get(need.key) or found[need.key] for need in needs)
    return Match(
        mapping=_mapping(snapshot, snapshot_id, roles, given),
        roles=roles,
        missing=tuple(
            f"{need.name} ({need.size()})" for need, role in zip(needs, roles, strict=True) if not role.target
        ),
    )


def _assign(
    needs: Sequence[Need], pool: Sequence[Target], segments: Collection[str], run: str
) -> dict[tuple[RoleKind, str], RoleMatch]:
    barred = {target.name: unavailable(target, run=run, segments=segments) for target in pool}
    free = [target for target in pool if not barred[target.name]]
    refusals = [{target.name: misfit(need, target) for target in free} for need in needs]
    chosen = _solve(needs, free, refusals)
    gone = {name: text for name, text in barred.items() if text}
    return {
        need.key: _explain(need, chosen.get(row), free, {**gone, **_told(refusals[row])})
        for row, need in enumerate(needs)
    }


def _told(refusals: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in refusals.items() if text}


def _solve(
    needs: Sequence[Need], free: Sequence[Target], refusals: Sequence[Mapping[str, str]]
) -> dict[int, Target]:
    """Returns row of `needs` → target. As many roles as can be get one; scipy's solver is exact."""
    if not needs or not free:
        return {}
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    # Whole numbers below 2**53, so that sums of floats compare exactly: waste, then tight fits, then names.
    order = len(needs) * len(free) * len(needs) + 1
    cost = np.zeros((len(needs), len(free)))
    for row, need in enumerate(needs):
        for column, target in enumerate(free):
            if not refusals[row][target.name]:
                tight = bool(tightness(need, target))
                first = waste(need, target) // 64 * (len(needs) + 1) + tight
                cost[row, column] = first * order + column * (len(needs) - row)
    impossible = float(cost.max(initial=0) + 1) * len(needs)
    for row, refused in enumerate(refusals):
        for column, target in enumerate(free):
            if refused[target.name]:
                cost[row, column] = impossible
    rows, columns = linear_sum_assignment(cost)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {row: free[column] for row, column in pairs if not refusals[row][free[column].name]}


def _explain(need: Need, target: Target | None, free: Sequence[Target], refused: dict[str, str]) -> RoleMatch:
    if target is None:
        fitting = [t.name for t in free if t.name not in refused]
        reason = f"{', '.join(fitting)} would fit, and other roles need them" if fitting else "no target fits"
        return _role(need, "", "none", f"{reason}; {need.size()} needed", refused)
    tight = tightness(need, target)
    smaller = [t.name for t in free if t.name not in refused and waste(need, t) < waste(need, target)]
    size = f"smallest left, {', '.join(smaller)} taken by others" if smaller else "smallest that fits"
    parts = [size, target.segment, *([tight] if tight else [])]
    return _role(need, target.name, "tight" if tight else "good", "; ".join(parts), refused)


def _role(
    need: Need, target: str, fit: Literal["good", "tight", "none"], reason: str, refused: dict[str, str]
) -> RoleMatch:
    return RoleMatch(
        role=need.role,
        protected=need.protected,
        name=need.name,
        target=target,
        fit=fit,
        reason=reason,
        refused=refused,
    )


def _mapping(
    snapshot: Snapshot, snapshot_id: str, roles: Sequence[RoleMatch], given: HostMapping | None
) -> HostMapping:
    """Writes every host and physical server down, those that are not deployed too."""
    target: dict[tuple[str, str], str] = {(role.role, role.protected): role.target for role in roles}
    written = _idle(given, set(target.values())) | target
    management = next((role for role in roles if role.role == "management"), None)
    return HostMapping(
        site=snapshot.site,
        snapshot=snapshot_id,
        management_server=ManagementRole(protected=management.protected, target=management.target)
        if management
        else None,
        hosts=tuple(
            HostRole(protected=host.id, name=host.name, target=written[key], deploy=key in target)
            for host in snapshot.hosts
            for key in [("host", host.id)]
        ),
        physical_servers=tuple(
            PhysicalRole(protected=server.name, target=written[key], deploy=key in target)
            for server in snapshot.physical_servers
            for key in [("physical", server.name)]
        ),
    )


def _idle(given: HostMapping | None, taken: Collection[str]) -> dict[tuple[str, str], str]:
    """Returns the targets of roles that are not deployed, "" where another role has taken theirs."""
    if given is None:
        return {}
    off = {("host", role.protected): role.target for role in given.hosts if not role.deploy}
    off |= {("physical", role.protected): role.target for role in given.physical_servers if not role.deploy}
    return {key: "" if name in taken else name for key, name in off.items()}
