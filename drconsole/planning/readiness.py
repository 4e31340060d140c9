"""Whether a run may begin: one finding a line, some of which block it (DESIGN 4, preflight).

A disaster run is never blocked by what only makes its outcome worse, such as an old snapshot: then
the operator is told, and decides. What would harm somebody, or could only fail half way, blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from drconsole.model.inventory import Snapshot
from drconsole.model.mapping import HostMapping, VmSelection
from drconsole.model.plan import Finding, RoleMatch, Verdict
from drconsole.model.site import Provisioning, SitePlan
from drconsole.model.step import Mode
from drconsole.planning.isolation import network_findings, reach_findings
from drconsole.planning.placement import deployed_hosts, place
from drconsole.planning.replicated import Replication
from drconsole.planning.selection import chosen

SKEW_S = 300.0
"""Clocks further apart than this break sign-ons and make times in reports wrong."""


class GroupHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What an array said of a replication group (`array/group`). `lag_s` is None where it cannot say;
    `error` is its words, or why it could not be asked."""

    id: str
    state: str = ""
    synced: bool = True
    lag_s: float | None = None
    error: str = ""


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out for a readiness check. `now` is aware. `verified` says that the snapshot was
    read back whole. `groups` is None where the arrays were not asked. `skews_s` are seconds by what was
    asked: the clock of a vCenter, a BMC, an array, minus ours."""

    now: datetime
    verified: bool = True
    groups: tuple[GroupHealth, ...] | None = None
    skews_s: Mapping[str, float] = {}


def readiness(
    *,
    mode: Mode,
    site: SitePlan,
    snapshot: Snapshot,
    mapping: HostMapping,
    selection: VmSelection,
    verdicts: Sequence[Verdict],
    matches: Sequence[RoleMatch],
    world: World,
    provisioning: Provisioning | None = None,
    endpoint: str = "",
) -> tuple[Finding, ...]:
    """Returns the findings, those that block first, else in the order in which they are listed here.

    With `provisioning`, a drill whose management server could reach the protected site is blocked too;
    `endpoint` is where the protected management server is reached, HOST:PORT.
    """
    findings = [
        *_snapshot_findings(snapshot, site, world),
        *_deploy_findings(snapshot, mapping, selection, verdicts),
        *_target_findings(matches),
        *network_findings(mode, site, snapshot, mapping, selection),
        *(reach_findings(mode, provisioning, snapshot, endpoint) if provisioning else ()),
        *_group_findings(site, snapshot, selection, world.groups),
        *_skew_findings(world.skews_s),
    ]
    return tuple(sorted(findings, key=lambda finding: not finding.blocks))


def ready(findings: Iterable[Finding]) -> bool:
    """Returns whether no finding blocks."""
    return not any(finding.blocks for finding in findings)


def _finding(subject: str, text: str, remedy: str = "", *, blocks: bool = False) -> Finding:
    return Finding(subject=subject, text=text, blocks=blocks, remedy=remedy)


def _snapshot_findings(snapshot: Snapshot, site: SitePlan, world: World) -> Iterator[Finding]:
    remedy = f"drconsole capture {site.name}, or choose another with --snapshot"
    if not snapshot.consistent:
        text = f"is inconsistent, {len(snapshot.dangling)} references dangle"
        yield _finding("snapshot", text, remedy, blocks=True)
    if not world.verified:
        yield _finding("snapshot", "is not verified", remedy, blocks=True)
    age = (world.now - datetime.fromisoformat(snapshot.taken)).total_seconds()
    if age < -SKEW_S:
        yield _finding("snapshot", f"was taken {duration_text(-age)} in the future", "compare the clocks")
    if site.rpo_s is not None and age > site.rpo_s:
        text = f"is {duration_text(age)} old, the objective is {duration_text(site.rpo_s)}"
        yield _finding("snapshot", text, remedy)


def _deploy_findings(
    snapshot: Snapshot, mapping: HostMapping, selection: VmSelection, verdicts: Sequence[Verdict]
) -> Iterator[Finding]:
    hosts = deployed_hosts(mapping)
    if not hosts and not any(role.deploy for role in mapping.physical_servers):
        yield _finding(
            "deploy flags", "nothing is deployed", "deploy a host or a physical server", blocks=True
        )
    idle = [host.name for host in snapshot.hosts if host.id not in hosts]
    if idle:
        yield _finding("deploy flags", f"not deployed: {', '.join(idle)}")
    wanted = chosen(selection)
    if hosts and not wanted:
        yield _finding("deploy flags", "no guest is selected")
    for verdict in verdicts:
        if verdict.id in wanted and verdict.verdict == "no":
            yield _finding(verdict.name, "; ".join(verdict.reasons), 'give it deploy="false"', blocks=True)
    lost = [verdict.name for verdict in verdicts if verdict.verdict == "no" and verdict.registrable]
    if lost:
        yield _finding("guests", f"cannot be recovered: {', '.join(lost)}", "see the verdicts")
    yield from _placement_findings(snapshot, mapping, selection)


def _placement_findings(
    snapshot: Snapshot, mapping: HostMapping, selection: VmSelection
) -> Iterator[Finding]:
    placement = place(snapshot, mapping, selection)
    guests = {guest.id: guest.name for guest in snapshot.virtual_machines}
    for guest, reason in placement.homeless.items():
        remedy = 'deploy a host that reaches it, or give it deploy="false"'
        yield _finding(guests[guest], f"no deployed host can take it: {reason}", remedy, blocks=True)
    hosts = {host.id: host.name for host in snapshot.hosts}
    for host, text in placement.crowded.items():
        yield _finding(hosts[host], f"is promised too much: {text}", "deploy more hosts or fewer guests")


def _target_findings(matches: Sequence[RoleMatch]) -> Iterator[Finding]:
    for match in matches:
        if match.fit == "none":
            yield _finding(match.name, f"has no target: {match.reason}", "see target list", blocks=True)
        elif match.fit == "tight":
            yield _finding(match.name, f"fits {match.target} tightly: {match.reason}")


def _group_findings(
    site: SitePlan, snapshot: Snapshot, selection: VmSelection, groups: Sequence[GroupHealth] | None
) -> Iterator[Finding]:
    if groups is None:
        return
    replication = Replication(site, snapshot)
    wanted = chosen(selection)
    guests = [guest for guest in snapshot.virtual_machines if guest.id in wanted]
    needed = {g for v in guests for d in replication.datastores_of(v) for g in replication.groups_of(d)}
    known = {group.id: group for group in groups}
    for identifier in sorted(needed):
        if identifier not in known:
            text = "the recovery array does not know this group"
            yield _finding(identifier, text, "compare [[site.NAME.group]] with the array", blocks=True)
            continue
        yield from _health_findings(known[identifier], site)


def _health_findings(group: GroupHealth, site: SitePlan) -> Iterator[Finding]:
    if group.error:
        yield _finding(group.id, f"cannot be used: {group.error}", "see the array", blocks=True)
    if not group.synced:
        text = "its first synchronisation is not finished: it cannot be promoted"
        yield _finding(group.id, text, "wait for the array", blocks=True)
    if group.state == "source":
        text = "is the source here: the site to recover replicates from this array"
        yield _finding(group.id, text, "compare [array.NAME] side with the array", blocks=True)
    if group.state == "partial":
        yield _finding(
            group.id, "some of its volumes are halted", "resume or halt it on the array", blocks=True
        )
    if site.rpo_s is not None and group.lag_s is not None and group.lag_s > site.rpo_s:
        text = f"is {duration_text(group.lag_s)} behind, the objective is {duration_text(site.rpo_s)}"
        yield _finding(group.id, text)


def _skew_findings(skews: Mapping[str, float]) -> Iterator[Finding]:
    for subject, skew in sorted(skews.items()):
        if abs(skew) > SKEW_S:
            way = "ahead of" if skew > 0 else "behind"
            yield _finding(subject, f"its clock is {duration_text(abs(skew))} {way} ours", "set both by NTP")


def duration_text(seconds: float) -> str:
    """Returns seconds in words for an operator: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return f"{int(seconds)} s"
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
