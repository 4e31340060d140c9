"""Checks a host mapping that somebody wrote or edited, against the snapshot and the pool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from drconsole.errors import InvalidDocument, Refused, UnknownName
from drconsole.model.inventory import Snapshot
from drconsole.model.mapping import HostMapping
from drconsole.model.plan import RoleMatch
from drconsole.model.target import Target
from drconsole.planning.fit import misfit, tightness, unavailable
from drconsole.planning.roles import Need, needed_by, needs_of

_ABOUT = "host mapping"


def check_mapping(
    mapping: HostMapping,
    snapshot: Snapshot,
    targets: Iterable[Target],
    *,
    segments: Collection[str] = (),
    run: str = "",
    partial: bool = False,
    needs: Sequence[Need] | None = None,
) -> tuple[RoleMatch, ...]:
    """Returns a line a deployed role. With `partial`, roles may still lack their target.

    `needs` are those of the whole snapshot, where the caller knows them already.

    Raises UnknownName for a host, server or target that does not exist; InvalidDocument for a mapping
    that is wrong by itself: another site's, a target or a role twice, a deployed role without a target,
    deployed hosts without a management server; Refused for a target that is held, unprobed or too small.
    """
    pool = {target.name: target for target in targets}
    _check_names(mapping, snapshot, pool)
    wanted = needs_of(snapshot, mapping) if needs is None else needed_by(needs, mapping)
    _check_form(mapping, snapshot, wanted, partial=partial)
    chosen = _chosen(mapping)
    lines = [
        _line(need, pool[target], segments, run) if target else _open(need)
        for need in wanted
        for target in [chosen.get(need.key, "")]
    ]
    refused = [
        f"{line.target} for {line.name}: {line.reason}"
        for line in lines
        if line.fit == "none" and line.target
    ]
    if refused:
        raise Refused(
            "; ".join(refused), about=_ABOUT, remedy="name another target, or leave the entry to the match"
        )
    return tuple(lines)


def _chosen(mapping: HostMapping) -> dict[tuple[str, str], str]:
    """Returns (role, protected) → target, of deployed roles."""
    chosen = {("host", role.protected): role.target for role in mapping.hosts if role.deploy}
    chosen |= {("physical", r.protected): r.target for r in mapping.physical_servers if r.deploy}
    if mapping.management_server:
        chosen["management", mapping.management_server.protected] = mapping.management_server.target
    return chosen


def _check_names(mapping: HostMapping, snapshot: Snapshot, pool: Collection[str]) -> None:
    _known("host", (r.protected for r in mapping.hosts), {h.id for h in snapshot.hosts})
    _known(
        "physical server",
        (r.protected for r in mapping.physical_servers),
        {s.name for s in snapshot.physical_servers},
    )
    if mapping.management_server:
        server = snapshot.management_server
        known = {server.name} if server else set()
        _known("management server", [mapping.management_server.protected], known)
    _known("target", (target for target in _targets(mapping) if target), pool)


def _known(kind: str, names: Iterable[str], known: Collection[str]) -> None:
    strange = sorted(name for name in names if name not in known)
    if strange:
        raise UnknownName(
            f"there is no {kind} {', '.join(strange)}",
            about=_ABOUT,
            remedy=f"known: {', '.join(sorted(known))}",
        )


def _targets(mapping: HostMapping) -> list[str]:
    """Returns the targets of all entries, deployed or not: one that is written down twice is a slip."""
    management = [mapping.management_server.target] if mapping.management_server else []
    hosts = [role.target for role in mapping.hosts]
    return management + hosts + [role.target for role in mapping.physical_servers]


def _check_form(mapping: HostMapping, snapshot: Snapshot, wanted: Sequence[Need], *, partial: bool) -> None:
    if mapping.site != snapshot.site:
        raise _wrong(f"it is of site {mapping.site}", f"a mapping of {snapshot.site}")
    for kind, names in (
        ("target", [t for t in _targets(mapping) if t]),
        ("host", [role.protected for role in mapping.hosts]),
        ("physical server", [role.protected for role in mapping.physical_servers]),
    ):
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise _wrong(f"{kind} {', '.join(twice)} stands twice", f"each {kind} once")
    if partial:
        return
    if mapping.management_server is None and any(need.role == "host" for need in wanted):
        raise _wrong("hosts are deployed and no management server is", "a managementServer element")
    chosen = _chosen(mapping)
    bare = [n.name for n in wanted if not chosen.get(n.key)]
    if bare:
        raise _wrong(f"no target for {', '.join(bare)}", 'a target, or deploy="false"')


def _wrong(message: str, expected: str) -> InvalidDocument:
    return InvalidDocument(message, about=_ABOUT, expected=expected)


def _line(need: Need, target: Target, segments: Collection[str], run: str) -> RoleMatch:
    obstacle = unavailable(target, run=run, segments=segments) or misfit(need, target)
    tight = "" if obstacle else tightness(need, target)
    return RoleMatch(
        role=need.role,
        protected=need.protected,
        name=need.name,
        target=target.name,
        fit="none" if obstacle else "tight" if tight else "good",
        reason=obstacle or "; ".join(part for part in ("as the mapping says", target.segment, tight) if part),
    )


def _open(need: Need) -> RoleMatch:
    return RoleMatch(
        role=need.role,
        protected=need.protected,
        name=need.name,
        target="",
        fit="none",
        reason="no target yet",
    )
