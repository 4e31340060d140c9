"""Composes a run: mapping, selection, verdicts and readiness decided, the rooms' steps joined.

Nothing here touches a machine or the journal: what it takes is read before, what it gives is frozen
after. `drconsole plan` shows the report, `drconsole recover` freezes the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from drconsole.errors import Busy, InvalidConfiguration, Refused
from drconsole.journal.claims import Claim
from drconsole.model.inventory import Snapshot
from drconsole.model.mapping import HostMapping, VmSelection
from drconsole.model.plan import Finding, Plan, PlanReport, RoleMatch
from drconsole.model.site import GroupEntry, SitePlan
from drconsole.model.step import STAGES, Mode, Step
from drconsole.model.target import Target
from drconsole.planning import estimate, graph
from drconsole.planning.addresses import assign_addresses
from drconsole.planning.isolation import network_findings, networks_needed
from drconsole.planning.mapping_check import check_mapping
from drconsole.planning.match import match_targets
from drconsole.planning.migration import migration_findings
from drconsole.planning.plan_input import PlanInput, PreEmption
from drconsole.planning.readiness import World, readiness, ready
from drconsole.planning.selection import check_selection, select
from drconsole.planning.taking import match_taking, opened, takeable
from drconsole.planning.verdicts import judge
from drconsole.recovery import customer, stages
from drconsole.recovery.drivers import Room
from drconsole.recovery.stages.preflight import roles
from drconsole.settings.values import Settings

_DRILL = "drill "
"""How a finding calls a drill that loses something."""

_UNSET = frozenset("0Ff-")
"""What firmware without a UUID of its own fills the field with (SMBIOS 3.7, 7.2.1)."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be recovered, and what is known of the world at this moment.

    `snapshot_id` is `sha256:…`; None for a document means: automatic match, all that can be
    recovered. `targets` is the whole pool; `in_use` are addresses of other runs' machines, `held`
    the replication groups that other runs have in hand, by `array/group`; `drills` names the drills
    that hold a machine. `review_uplinks`: see `PlanInput`. `rto_s` and `rpo_s` are this run's objectives,
    None: the site's.
    """

    run: str
    site: str
    mode: Mode
    snapshot_id: str
    snapshot: Snapshot
    targets: Mapping[str, Target]
    world: World
    mapping: HostMapping | None = None
    selection: VmSelection | None = None
    in_use: tuple[str, ...] = ()
    held: Mapping[str, Claim] = {}
    drills: frozenset[str] = frozenset()
    review_uplinks: bool = False
    rto_s: float | None = None
    rpo_s: float | None = None


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """A run that may begin where `report.ready`. `source` is what handlers are bound with."""

    report: PlanReport
    plan: Plan
    source: PlanInput
    cleanup: tuple[Step, ...]


def compose(settings: Settings, request: Request, rooms: Sequence[Room]) -> Composed:
    """Returns the plan and its report.

    Raises InvalidDocument and UnknownName for documents that are wrong, Refused for right ones that
    the world forbids (too few targets, one that is too small or leased), InvalidConfiguration.
    """
    try:
        source, matches = _decided(settings, request)
    except Refused:
        # Whoever has the groups has the machines too: its name helps more than their want.
        _refuse_held(settings, request)
        raise
    steps, cleanup = graphs(settings, source, rooms)
    findings = (*_findings(settings, request, source, matches), *customer.findings(source, steps))
    plan = Plan(
        run=request.run,
        site=request.site,
        mode=request.mode,
        snapshot=request.snapshot_id,
        mapping=source.mapping,
        selection=source.selection,
        verdicts=source.verdicts,
        steps=steps,
        estimate=estimate.estimate(steps),
    )
    report = _report(plan, source, findings, matches)
    return Composed(report=report, plan=plan, source=source, cleanup=cleanup)


def graphs(
    settings: Settings, source: PlanInput, rooms: Sequence[Room]
) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Returns all steps of a run and all of its cleanup, of what has been decided.

    For a run that begins, and for one that is amended. Raises what the rooms raise, and Refused.
    """
    inner = [step for room in rooms for step in room.steps(source)]
    steps = graph.join(customer.with_own(source, stages.steps(source, inner)))
    return steps, graph.join(stages.cleanup_steps(source, rooms))


def refuse_unsafe(settings: Settings, source: PlanInput) -> None:
    """Raises Refused where what an amendment adds would not be isolated, as a drill has to be."""
    found = (
        *network_findings(source.mode, source.site, source.snapshot, source.mapping, source.selection),
        *_others_vlans(settings, source),
    )
    blocking = [finding for finding in found if finding.blocks]
    if blocking:
        told = "; ".join(f"{finding.subject} {finding.text}" for finding in blocking)
        raise Refused(told, about=source.site.name, remedy=blocking[0].remedy)


def refuse_unready(report: PlanReport) -> None:
    """Raises Refused with each finding that blocks."""
    blocking = [finding for finding in report.findings if finding.blocks]
    if blocking:
        told = "; ".join(f"{finding.subject} {finding.text}" for finding in blocking)
        raise Refused(told, about=report.site, remedy=blocking[0].remedy)


def pre_emptions(report: PlanReport) -> tuple[Finding, ...]:
    """Returns the findings that tell what is taken from drills."""
    return tuple(finding for finding in report.findings if finding.subject.startswith(_DRILL))


def _decided(settings: Settings, request: Request) -> tuple[PlanInput, tuple[RoleMatch, ...]]:
    if settings.provisioning is None:
        raise InvalidConfiguration("a recovery needs the [provisioning] table", about=settings.path)
    network = settings.provisioning.network
    site = _with_objectives(settings.plan_of(settings.sites[request.site]), request)
    verdicts = judge(request.snapshot, site)
    mapping, matches, taken = _mapping(request, network.segments)
    selection = request.selection or select(request.snapshot, request.snapshot_id, verdicts)
    check_selection(selection, request.snapshot, verdicts, mapping)
    source = PlanInput(
        run=request.run,
        mode=request.mode,
        site=site,
        provisioning=network,
        snapshot_id=request.snapshot_id,
        snapshot=request.snapshot,
        mapping=mapping,
        selection=selection,
        verdicts=verdicts,
        targets={},
        addresses={},
        deadlines=settings.deadlines,
        pre_empts=_pre_empted(request, site.groups, taken),
        custom=tuple(step for step in settings.steps if step.applies(request.site, request.mode)),
        review_uplinks=request.review_uplinks,
    )
    held = roles(source)
    names = [name for name, _ in held.values()]
    return msgspec.structs.replace(
        source,
        targets={name: request.targets[name] for name in held},
        addresses=assign_addresses(network, names, request.in_use),
    ), matches


def _with_objectives(site: SitePlan, request: Request) -> SitePlan:
    """The run's own stand over the site's, in all that is said of them from here on."""
    return msgspec.structs.replace(
        site,
        rto_s=site.rto_s if request.rto_s is None else request.rto_s,
        rpo_s=site.rpo_s if request.rpo_s is None else request.rpo_s,
    )


def _mapping(
    request: Request, segments: Collection[str]
) -> tuple[HostMapping, tuple[RoleMatch, ...], dict[str, str]]:
    """The mapping, a line a role, and target → drill of what a real run takes away."""
    pool, run = tuple(request.targets.values()), request.run
    held = takeable(pool, request.drills) if request.mode != "drill" else {}
    if request.mapping is None:
        snapshot = request.snapshot
        match = match_targets(snapshot, request.snapshot_id, pool, segments=segments, run=run)
        if not match.missing or not held:
            return match.complete(), match.roles, {}
        match, taken = match_taking(snapshot, request.snapshot_id, pool, held, segments=segments, run=run)
        return match.complete(), match.roles, taken
    matches = check_mapping(request.mapping, request.snapshot, opened(pool, held), segments=segments, run=run)
    return request.mapping, matches, {m.target: held[m.target] for m in matches if m.target in held}


def _pre_empted(
    request: Request, groups: Iterable[GroupEntry], taken: Mapping[str, str]
) -> tuple[PreEmption, ...]:
    """Which drills a real run takes something from: those that have its groups, and those with machines
    that it needs. All their clones go: a drill without some of its machines is over."""
    if request.mode == "drill":
        return ()
    own = {group.id for group in groups}
    drills = {claim.run for claim in request.held.values() if claim.group in own and claim.mode == "drill"}
    return tuple(
        PreEmption(
            drill=drill,
            groups=tuple(sorted(c.group for c in request.held.values() if c.run == drill)),
            targets=tuple(sorted(target for target, of in taken.items() if of == drill)),
        )
        for drill in sorted(drills | set(taken.values()))
    )


def _findings(
    settings: Settings, request: Request, source: PlanInput, matches: tuple[RoleMatch, ...]
) -> tuple[Finding, ...]:
    found = readiness(
        mode=request.mode,
        site=source.site,
        snapshot=request.snapshot,
        mapping=source.mapping,
        selection=source.selection,
        verdicts=source.verdicts,
        matches=matches,
        world=request.world,
        provisioning=source.provisioning,
        endpoint=settings.sites[request.site].endpoint.address,
    )
    held = (
        *_takings(source.pre_empts),
        *(
            Finding(subject=subject, text=claim.text, blocks=True, remedy=claim.remedy)
            for subject, claim in _held_groups(request, source.site.groups)
        ),
    )
    # Only of a planned run: what it takes along from a site that still works, and leaves behind.
    moving = migration_findings(source, request.world.groups) if source.mode == "planned" else ()
    return *held, *_others_vlans(settings, source), *_machines_twice(request, source), *moving, *found


def _others_vlans(settings: Settings, source: PlanInput) -> Iterator[Finding]:
    """A drill stays off the VLANs that any other site's production has here, not only its own's."""
    if source.mode != "drill":
        return
    taken = {
        network.real.vlan: f"{network.name} of site {site.name}"
        for site in settings.sites.values()
        for network in site.networks
        if network.real is not None and site.name != source.site.name
    }
    for name in networks_needed(source.snapshot, source.site, source.mapping, source.selection):
        place = source.site.network(name)
        if place is not None and place.drill is not None and place.drill.vlan in taken:
            text = f"its drill VLAN {place.drill.vlan} is the real one of {taken[place.drill.vlan]}"
            yield Finding(
                subject=name, text=text, blocks=True, remedy="give the drill a VLAN that nothing else uses"
            )


def _machines_twice(request: Request, source: PlanInput) -> Iterator[Finding]:
    """Two targets that turn out to be one machine: leases by name would not keep two runs apart."""
    names: dict[str, list[str]] = {}
    for name, target in request.targets.items():
        if target.hardware is not None and set(target.hardware.uuid) - _UNSET:
            names.setdefault(target.hardware.uuid, []).append(name)
    for uuid, same in names.items():
        if len(same) > 1 and not source.targets.keys().isdisjoint(same):
            yield Finding(
                subject=f"targets {' and '.join(sorted(same))}",
                text=f"are one machine, {uuid}",
                blocks=True,
                remedy="keep one of them in the configuration",
            )


def _takings(losses: Iterable[PreEmption]) -> Iterator[Finding]:
    for loss in losses:
        parts = ["is pre-empted: it can never act again"]
        if loss.groups:
            parts.append(f"its clones of {', '.join(loss.groups)} are dropped")
        if loss.targets:
            parts.append(f"{', '.join(loss.targets)} are taken from it and installed anew")
        yield Finding(subject=f"{_DRILL}{loss.drill}", text="; ".join(parts), blocks=False)


def _held_groups(request: Request, groups: Iterable[GroupEntry]) -> Iterator[tuple[str, Claim]]:
    """Two runs never act on one group: the second is told who has it. A real one takes a drill's."""
    for group in dict.fromkeys(group.id for group in groups):
        claim = request.held.get(group)
        if claim is not None and (request.mode == "drill" or claim.mode != "drill"):
            yield f"replication group {group}", claim


def _refuse_held(settings: Settings, request: Request) -> None:
    for subject, claim in _held_groups(request, settings.sites[request.site].groups):
        raise Busy(claim.text, about=subject, remedy=claim.remedy)


def _report(
    plan: Plan, source: PlanInput, findings: tuple[Finding, ...], matches: tuple[RoleMatch, ...]
) -> PlanReport:
    counts: dict[str, int] = {name: sum(step.stage == name for step in plan.steps) for name in STAGES}
    return PlanReport(
        site=plan.site,
        mode=plan.mode,
        snapshot=plan.snapshot,
        ready=ready(findings),
        findings=findings,
        matches=matches,
        verdicts=plan.verdicts,
        estimate=plan.estimate,
        steps=len(plan.steps),
        stages=counts,
        customer=customer.told(source, plan.steps),
    )
