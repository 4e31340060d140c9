"""The process that carries one run: `python -m drconsole.recovery.runner --config F --run R`.

It lives in a session of its own, beside the service. Neither the service's death nor a logout ends
it; killed, another one takes the run over from the journal with the next epoch.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections import ChainMap
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from drconsole.errors import DRConsoleError
from drconsole.journal import runs, steps, tenure
from drconsole.journal.clock import now
from drconsole.journal.journal import Journal
from drconsole.journal.runs import RunRow
from drconsole.model.plan import Plan
from drconsole.model.step import Handlers
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.recovery import extensions, resting, stages, takeover
from drconsole.recovery.carrier import LOST
from drconsole.recovery.drivers import Room, close_all, load_rooms, rooms_of
from drconsole.recovery.executor import Ending, Executor
from drconsole.recovery.schedule import SETTLED
from drconsole.recovery.takeover import Taken
from drconsole.recovery.work import RunWork
from drconsole.settings.file import load
from drconsole.settings.values import Settings

HEAVY = {"provision": ("asyncssh", "jinja2"), "verify": ("lxml.etree",)}
"""What takes long to import, by the first stage that needs it."""

WARM_S = 1.0
"""A runner that takes a run up again is at work before it loads what comes later."""


class _Carrying(NamedTuple):
    """What a run is carried with until its plan is amended."""

    plan: Plan
    epoch: int
    doubts: Mapping[str, float]
    amended: int
    handlers: Handlers


class Runner:
    """Carries one run to its rest, and its cleanup where one is asked for."""

    def __init__(
        self, settings: Settings, journal: Journal, run: str, rooms: Sequence[Room] | None = None
    ) -> None:
        """`rooms` None: those that the configuration names."""
        self._settings = settings
        self._journal = journal
        self._run = run
        self._rooms = rooms

    async def carry(self) -> None:
        """Takes the run over and works until it rests.

        Raises Busy where a living runner has it, Fenced where another takes it over meanwhile.
        """
        if self._rooms is None:
            # Before the run is ours: who is silent that long afterwards counts as dead, and loses it.
            load_rooms(self._settings, self._journal.read(lambda c: runs.find(c, self._run)).site)
        taken = await self._journal.write(lambda c: takeover.take(c, self._run))
        while await self._carry(taken):
            pass
        await self._journal.write(lambda c: runs.release(c, self._run, taken.epoch))

    async def _carry(self, taken: Taken) -> bool:
        """Carries the run by its plan as it stands. Returns whether that was amended meanwhile."""
        row, plan, source, named = await self._journal.query(self._load)
        parts = self._bind(plan, msgspec.json.decode(source, type=PlanInput), named)
        # Earlier ones win: no room replaces a step of the recovery's own.
        handlers = dict(ChainMap(*({**part} for part in parts)))
        warming = asyncio.create_task(self._warm())
        carrying = _Carrying(plan, taken.epoch, taken.doubts, row.amended, handlers)
        try:
            if row.state in ("pending", "running", "waiting", "paused") and await self._recover(carrying):
                return True
            row = self._journal.read(lambda c: runs.find(c, self._run))
            to_clean = row.cleanup_state in ("pending", "running", "waiting", "paused")
            return to_clean and await self._clean_up(carrying)
        finally:
            # A fenced one takes no leave: its successor waits for the port of its boot service.
            if not isinstance(sys.exception(), LOST):
                await close_all(parts)
            warming.cancel()
            await asyncio.gather(warming, return_exceptions=True)

    def _load(self, connection: Connection) -> tuple[RunRow, Plan, bytes, frozenset[str]]:
        plan, source = runs.frozen(connection, self._run)
        named = frozenset(step.handler for step in plan.steps)
        # The steps are loaded as the journal has them now; twice they would be twice the memory.
        return runs.find(connection, self._run), msgspec.structs.replace(plan, steps=()), source, named

    async def _warm(self) -> None:
        """Imports what later steps need, beside the event loop: on it each would hold up every deadline."""
        await asyncio.sleep(WARM_S)
        states = await self._journal.query(lambda c: steps.states(c, self._run))
        ahead = {key.partition("/")[0] for key, state in states.items() if state not in SETTLED}
        await asyncio.to_thread(_import, ahead)

    def _bind(self, plan: Plan, source: PlanInput, named: frozenset[str]) -> tuple[Handlers, ...]:
        """The recovery's own handlers, then each room's, then those of installed extensions that the
        plan has named."""
        rooms = rooms_of(self._settings, plan.site) if self._rooms is None else self._rooms
        own = stages.handlers(self._settings, source, rooms)
        others = extensions.handlers(named)
        return own, *(room.handlers(self._settings, source) for room in rooms), others

    async def _recover(self, carrying: _Carrying) -> bool:
        """Carries the recovery to its rest. Returns whether its plan was amended meanwhile."""
        run, plan = self._run, carrying.plan
        await self._write(carrying.epoch, lambda c: resting.begin(c, run))
        ending, shared = await self._execute(carrying, cleanup=False)
        if ending == "amended":
            return True
        lost = int(shared.results.get(keys.COMPARED, {}).get("lost", 0))
        await self._write(carrying.epoch, lambda c: resting.end(c, run, plan, ending, lost))
        return False

    async def _clean_up(self, carrying: _Carrying) -> bool:
        """Carries the cleanup to its end. Returns whether its plan was amended meanwhile."""
        await self._write(carrying.epoch, lambda c: resting.begin_cleanup(c, self._run))
        ending, _ = await self._execute(carrying, cleanup=True)
        if ending == "amended":
            return True
        await self._write(carrying.epoch, lambda c: resting.end_cleanup(c, self._run))
        return False

    async def _execute(self, carrying: _Carrying, *, cleanup: bool) -> tuple[Ending, RunWork]:
        rows, standing = await self._journal.query(
            lambda c: (steps.load(c, self._run), tenure.standing(c, self._run))
        )
        results = {key: row.result for key, row in rows.items() if row.result is not None}
        shared = RunWork(
            self._journal,
            self._run,
            carrying.plan.mode,
            carrying.epoch,
            results,
            amended=carrying.amended,
            verb=standing.verb,
            doubts={**(takeover.late_effects(rows) if cleanup else {}), **carrying.doubts},
        )
        own = {key: row for key, row in rows.items() if row.cleanup == cleanup}
        return await Executor(shared, own, carrying.handlers, cleanup=cleanup).run(), shared

    async def _write(self, epoch: int, work: stages.Writing) -> None:
        def proven(connection: Connection) -> None:
            runs.prove(connection, self._run, epoch)
            work(connection)

        await self._journal.write(proven)


async def carry(config: str, run: str) -> None:
    """Carries a run of a configuration, in this process, which ends where the run is lost to it."""
    settings = load(config)
    journal = Journal(settings.journal_url)
    try:
        await Runner(settings, journal, run).carry()
    except LOST as error:
        _tell(run, error)
        os._exit(error.exit_code)  # a thread that hangs in a call would keep the process for minutes
    finally:
        await journal.close()


def _tell(run: str, error: DRConsoleError) -> None:
    print(f"{now()} runner of {run}: {error}", file=sys.stderr, flush=True)


def _import(stages_ahead: set[str]) -> None:
    for stage, modules in HEAVY.items():
        for module in modules if stage in stages_ahead else ():
            import_module(module)


def main(arguments: Sequence[str] | None = None) -> int:
    """The process's entry. Returns the exit code: 75 where it was fenced."""
    parser = argparse.ArgumentParser(prog="drconsole-runner")
    parser.add_argument("--config", required=True)
    parser.add_argument("--run", required=True)
    words = parser.parse_args(arguments)
    os.umask(0o077)
    try:
        asyncio.run(carry(words.config, words.run))
    except DRConsoleError as error:
        _tell(words.run, error)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
