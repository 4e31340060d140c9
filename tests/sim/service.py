"""The service's part in a simulation: it freezes runs, and the product's own keeper of runners."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import cast

import msgspec
from sqlalchemy import Connection

from drconsole.journal import claims, clock, commands, pool, runs, steps
from drconsole.journal.journal import Journal
from drconsole.model.target import Target
from drconsole.recovery import planner
from drconsole.recovery.drivers import Room
from drconsole.service.runners import Runners
from drconsole.settings.values import Settings
from tests.sim import site
from tests.sim.loop import Process
from tests.sim.scenario import Wanted

Start = Callable[[str], Process]


class _Child:
    """What the keeper holds instead of a Popen."""

    def __init__(self, process: Process) -> None:
        self.pid = process.pid
        self._process = process

    def poll(self) -> int | None:
        return 0 if self._process.dead else None


class Keeper(Runners):
    """The product's keeper: only what forks is another."""

    def __init__(self, settings: Settings, journal: Journal, start: Start) -> None:
        super().__init__(settings, journal)
        self._start = start

    def start(self, run: str) -> int:
        """Starts a simulated runner and returns its pid."""
        process = self._start(run)
        self._processes[run] = cast("subprocess.Popen[bytes]", _Child(process))
        self._starts.setdefault(run, []).append(clock.monotonic())
        return process.pid


async def freeze(journal: Journal, settings: Settings, rooms: tuple[Room, ...], wanted: Wanted) -> None:
    """Plans a run from what the journal says now and freezes it, as `recover` does.

    Raises Refused where the planner sees that it cannot begin.
    """
    targets = journal.read(_pool)
    held = journal.read(claims.held_groups)
    made = planner.compose(settings, site.request(wanted, targets, held), rooms)
    planner.refuse_unready(made.report)

    def write(connection: Connection) -> None:
        source = msgspec.json.encode(made.source)
        runs.create(connection, made.plan, source, actor="op", auto_cleanup=wanted.auto_cleanup)
        steps.add(connection, wanted.run, made.plan.steps, cleanup=False)
        steps.add(connection, wanted.run, made.cleanup, cleanup=True)
        commands.audit(connection, "op", f"recover {wanted.mode}", wanted.run, site.SITE)

    await journal.write(write)


def _pool(connection: Connection) -> dict[str, Target]:
    """The targets with their leases, as the service hands them to the planner."""
    targets = site.pool()
    for lease in pool.leases(connection).values():
        targets[lease.target] = msgspec.structs.replace(
            targets[lease.target], state=lease.state, run=lease.run
        )
    return targets
