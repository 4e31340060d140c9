"""Operators' verbs that change a run's plan: a target replaced, flags changed late, a host given up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial
from random import Random

import msgspec
from sqlalchemy import Connection

from drconsole.errors import Refused
from drconsole.journal import pool, runs
from drconsole.journal.journal import Journal
from drconsole.model.target import Target
from drconsole.planning.plan_input import PlanInput
from drconsole.recovery import amend
from drconsole.recovery.amend import Change, Seen
from drconsole.recovery.drivers import Room
from drconsole.recovery.planner import refuse_unsafe
from drconsole.recovery.verbs.flags import flags_changed
from drconsole.recovery.verbs.giving_up import giving_up, host_of
from drconsole.recovery.verbs.replacing import replacement
from drconsole.recovery.verbs.uplinks import cleared, rolled_back
from drconsole.settings.values import Settings
from tests.sim import site

_TRIES = 3
Decide = Callable[[Seen, Iterable[Target], Collection[str]], Change]


def targets(connection: Connection) -> dict[str, Target]:
    """The pool with its leases, as the service hands it out."""
    found = site.pool()
    for lease in pool.leases(connection).values():
        found[lease.target] = msgspec.structs.replace(found[lease.target], state=lease.state, run=lease.run)
    return found


def addresses(connection: Connection) -> tuple[str, ...]:
    """The provisioning addresses of machines that runs hold."""
    used: list[str] = []
    for run in sorted({lease.run for lease in pool.leases(connection).values()}):
        source = msgspec.json.decode(runs.frozen(connection, run)[1], type=PlanInput)
        used += (*source.addresses.values(), *(gone.address for gone in source.former))
    return tuple(used)


def drills(connection: Connection) -> frozenset[str]:
    """The drills that hold a machine."""
    holding = {lease.run for lease in pool.leases(connection).values()}
    return frozenset(run.id for run in runs.listing(connection) if run.mode == "drill" and run.id in holding)


async def amended(
    journal: Journal, settings: Settings, rooms: tuple[Room, ...], run: str, decide: Decide, actor: str
) -> None:
    """Amends a run as the service does: decided outside a transaction, anew where the run went on.

    Raises Refused, UnknownName and UsageError.
    """
    for _ in range(_TRIES):
        seen = journal.read(partial(amend.see, run=run))
        change = decide(seen, journal.read(targets).values(), journal.read(addresses))
        refuse_unsafe(settings, change.source)
        made = amend.compose(settings, seen, change, rooms)
        try:
            await journal.write(partial(amend.write, made=made, actor=actor))
        except amend.Stale:
            continue
        return
    raise Refused("it goes on too fast to be amended", about=run)


def replaced(random: Random) -> Decide:
    """Some target's role goes to the best spare."""

    def decide(seen: Seen, pool: Iterable[Target], used: Collection[str]) -> Change:
        return replacement(seen, random.choice(sorted(seen.source.targets)), "", pool, used, reason="slow")

    return decide


def reflagged(random: Random) -> Decide:
    """Some host's or guest's flag becomes the other one."""

    def decide(seen: Seen, pool: Iterable[Target], used: Collection[str]) -> Change:
        role = random.choice(seen.source.mapping.hosts)
        guest = random.choice(seen.source.selection.virtual_machines)
        hosts = {role.protected: not role.deploy} if random.random() < 0.6 else {}
        guests = {guest.id: not guest.deploy} if not hosts or random.random() < 0.3 else {}
        return flags_changed(seen, guests, hosts, pool, used, reason="late")

    return decide


def rolled(host: str) -> Decide:
    """A host's trial is rolled back."""

    def decide(seen: Seen, pool: Iterable[Target], used: Collection[str]) -> Change:
        return rolled_back(seen, host, reason="the wrong switch")

    return decide


def allowed(host: str) -> Decide:
    """All ports of a host may be tried again."""

    def decide(seen: Seen, pool: Iterable[Target], used: Collection[str]) -> Change:
        return cleared(seen, (host,))

    return decide


def given_up(step: str) -> Decide:
    """A host is given up with one of its steps. Raises Refused where no host hangs on it."""

    def decide(seen: Seen, pool: Iterable[Target], used: Collection[str]) -> Change:
        need = host_of(seen, step)
        if need is None:
            raise Refused("no host hangs on it", about=step)
        return giving_up(seen, need, step, reason="given up")

    return decide
