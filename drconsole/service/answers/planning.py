"""Answers that decide: mapping, selection, plan."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import partial

import msgspec
from sqlalchemy import Connection

from drconsole.api import requests
from drconsole.api.values import MatchReply, SelectionReply
from drconsole.documents import read_snapshot
from drconsole.errors import DRConsoleError, Refused
from drconsole.journal import claims, runs
from drconsole.journal import pool as leases
from drconsole.model.inventory import Snapshot
from drconsole.model.mapping import HostMapping
from drconsole.model.plan import PlanReport
from drconsole.planning.mapping_check import check_mapping
from drconsole.planning.match import match_targets
from drconsole.planning.plan_input import PlanInput
from drconsole.planning.readiness import GroupHealth, World
from drconsole.planning.selection import check_selection
from drconsole.planning.selection import select as select_guests
from drconsole.planning.verdicts import judge
from drconsole.recovery import planner
from drconsole.recovery.drivers import rooms_of
from drconsole.replication.registry import open_array
from drconsole.repository.entry import Entry
from drconsole.service.answers.pool import ensure_seen, probe, targets
from drconsole.service.caller import Caller
from drconsole.service.state import State, in_thread


async def snapshot_of(state: State, site: str, name: str) -> tuple[Entry, Snapshot]:
    """Returns a site's snapshot; `latest` is the newest verified one. Raises UnknownName."""
    state.site(site)

    def read() -> tuple[Entry, Snapshot]:
        wanted = state.repository.latest_verified(site).id if name == "latest" else name
        stored = state.repository.get(wanted, site)
        return stored.entry, read_snapshot(stored.data, stored.entry.id)

    return await in_thread(read)


async def match(state: State, request: requests.Match, caller: Caller) -> MatchReply:
    """A mapping of free targets, with reasons."""
    state.with_provisioning()
    entry, snapshot = await snapshot_of(state, request.site, request.snapshot)
    await ensure_seen(state, caller)
    segments = state.settings.provisioning.network.segments if state.settings.provisioning else ()
    found = match_targets(
        snapshot, entry.id, targets(state).values(), given=request.mapping, segments=segments
    )
    return MatchReply(snapshot=entry.id, mapping=found.complete(), matches=found.roles)


async def select(state: State, request: requests.Select, caller: Caller) -> SelectionReply:
    """The guests that can be recovered, and every guest's verdict."""
    entry, snapshot = await snapshot_of(state, request.site, request.snapshot)
    verdicts = judge(snapshot, state.settings.plan_of(state.site(request.site)))
    selection = select_guests(snapshot, entry.id, verdicts, request.only)
    if request.mapping is not None:
        _check(state, request.mapping, snapshot)
        check_selection(selection, snapshot, verdicts, request.mapping)
    return SelectionReply(snapshot=entry.id, selection=selection, verdicts=verdicts)


def _check(state: State, mapping: HostMapping, snapshot: Snapshot) -> None:
    check_mapping(mapping, snapshot, targets(state).values(), partial=True)


async def plan(state: State, request: requests.PlanRun, caller: Caller) -> PlanReport:
    """What a run would do."""
    return (await composed(state, request, "R-PLAN", caller)).report


async def composed(
    state: State, request: requests.PlanRun | requests.Recover, run: str, caller: Caller
) -> planner.Composed:
    """Reads what a plan depends on, and composes it. Raises what `planner.compose` raises."""
    state.with_provisioning()
    for objective in (request.rto_s, request.rpo_s):
        if objective is not None and not 0 < objective < math.inf:
            raise Refused("an objective is a number of seconds above 0", about=request.site)
    entry, snapshot = await snapshot_of(state, request.site, request.snapshot)
    caller.say(f"snapshot {entry.id[:19]} of {entry.taken}: {entry.hosts} hosts, {entry.guests} guests")
    await probe(
        state, tuple(n for n, t in targets(state).items() if t.state in ("free", "unreachable")), caller.say
    )
    world = await _world(state, request.site, entry)
    wanted = planner.Request(
        run=run,
        site=request.site,
        mode=request.mode,
        snapshot_id=entry.id,
        snapshot=snapshot,
        targets=targets(state),
        world=world,
        mapping=request.mapping,
        selection=request.selection,
        in_use=addresses_in_use(state),
        held=state.journal.read(claims.held_groups),
        drills=state.journal.read(_drills),
        rto_s=request.rto_s,
        rpo_s=request.rpo_s,
        review_uplinks=isinstance(request, requests.Recover) and request.review_uplinks,
    )
    rooms = rooms_of(state.settings, request.site)
    return await in_thread(lambda: planner.compose(state.settings, wanted, rooms))


async def _world(state: State, site: str, entry: Entry) -> World:
    """Asks what a readiness check wants to know; only the recovery side is asked."""
    groups = [health for name in _replicas(state, site) for health in await _groups(state, name)]
    skews = {
        f"target {name}": target.hardware.skew_s
        for name, target in targets(state).items()
        if target.hardware is not None and target.state == "free"
    }
    return World(now=datetime.now(UTC), verified=bool(entry.verified), groups=tuple(groups), skews_s=skews)


def _replicas(state: State, site: str) -> list[str]:
    wanted = {group.array for group in state.site(site).groups}
    arrays = state.settings.arrays
    return [n for n, a in arrays.items() if a.place.side == "recovery" and a.place.peer in wanted]


async def _groups(state: State, name: str) -> list[GroupHealth]:
    array = state.settings.arrays[name]
    try:
        driver = open_array(array, state.settings)
        try:
            found = await driver.discover()
        finally:
            await driver.close()
    except DRConsoleError as error:
        of = [g.id for s in state.settings.sites.values() for g in s.groups if g.array == array.place.peer]
        return [GroupHealth(id=group, error=str(error)) for group in dict.fromkeys(of)]
    return [
        GroupHealth(
            id=f"{array.place.peer}/{group.id}",
            state=group.state,
            synced=all(volume.synced for volume in group.volumes),
            lag_s=group.lag_s,
            error="; ".join(volume.error for volume in group.volumes if volume.error),
        )
        for group in found
    ]


def addresses_in_use(state: State) -> tuple[str, ...]:
    """Returns the provisioning addresses of machines that runs hold, or have given up and not wiped."""
    holding = {lease.run for lease in state.journal.read(leases.leases).values()}
    used: list[str] = []
    for run in holding:
        _, source = state.journal.read(partial(runs.frozen, run=run))
        known = msgspec.json.decode(source, type=PlanInput)
        used.extend((*known.addresses.values(), *(gone.address for gone in known.former)))
    return tuple(used)


def _drills(connection: Connection) -> frozenset[str]:
    """The drills that hold a machine."""
    holding = {lease.run for lease in leases.leases(connection).values()}
    return frozenset(run.id for run in runs.listing(connection) if run.mode == "drill" and run.id in holding)
