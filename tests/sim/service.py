"""The service's part in a simulation: it freezes runs, and sees to it that each has its runner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from sqlalchemy import Connection

from drconsole.journal import claims, clock, commands, runs, steps
from drconsole.journal.journal import Journal
from drconsole.journal.runs import RunRow
from drconsole.recovery import planner, process
from drconsole.recovery.drivers import Room
from drconsole.settings.values import Settings
from tests.sim import amending, site
from tests.sim.loop import Process
from tests.sim.scenario import Wanted

LOOK_S = 0.7
Start = Callable[[str], Process]


class Keeper:
    """Looks after unfinished runs as `service.runners` does, without its processes: a run whose last
    runner is known dead, or silent beyond its lease, gets another one."""

    def __init__(
        self, journal: Journal, quiet: Callable[[], bool], start: Start, end_silent: Callable[[RunRow], None]
    ) -> None:
        """`quiet` says at little cost whether any runner may have fallen silent."""
        self._journal = journal
        self._quiet = quiet
        self._start = start
        self._end_silent = end_silent
        self._children: dict[str, Process] = {}

    async def keep(self) -> None:
        """Looks every second or so, for ever."""
        while True:
            unfinished = self._journal.read(runs.unfinished) if self._quiet() else ()
            for row in unfinished:
                if self._orphaned(row):
                    self._end_silent(row)
                    self._children[row.id] = self._start(row.id)
            await asyncio.sleep(LOOK_S)

    def _orphaned(self, row: RunRow) -> bool:
        if row.pid is not None and row.beat is not None and clock.unix() - row.beat > runs.LEASE_S:
            return True
        child = self._children.get(row.id)
        return process.known_dead(row) and (child is None or child.dead)


async def freeze(journal: Journal, settings: Settings, rooms: tuple[Room, ...], wanted: Wanted) -> None:
    """Plans a run from what the journal says now and freezes it, as `recover` does.

    Raises Refused where the planner sees that it cannot begin.
    """
    request = msgspec.structs.replace(
        site.request(wanted),
        targets=journal.read(amending.targets),
        held=journal.read(claims.held_groups),
        drills=journal.read(amending.drills),
        in_use=journal.read(amending.addresses),
    )
    made = planner.compose(settings, request, rooms)
    planner.refuse_unready(made.report)

    def write(connection: Connection) -> None:
        source = msgspec.json.encode(made.source)
        runs.create(connection, made.plan, source, actor="op", auto_cleanup=wanted.auto_cleanup)
        steps.add(connection, wanted.run, made.plan.steps, cleanup=False)
        steps.add(connection, wanted.run, made.cleanup, cleanup=True)
        commands.audit(connection, "op", f"recover {wanted.mode}", wanted.run, site.SITE)

    await journal.write(write)
