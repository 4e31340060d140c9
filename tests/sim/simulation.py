"""One seed: a world, a journal, its processes and what befalls them, until every run has come to rest."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from random import Random
from typing import Any

import msgspec

from drconsole.errors import DRConsoleError, Refused
from drconsole.journal import clock
from drconsole.journal.runs import RunRow
from drconsole.model.step import Handler, Handlers
from drconsole.recovery.drivers import Room
from drconsole.recovery.runner import Runner
from tests.sim import faults, site
from tests.sim.amending import amended
from tests.sim.database import MemoryDatabase, TurningJournal, TurningWriter
from tests.sim.handlers import Simulated, simulated
from tests.sim.loop import Process, here, outside
from tests.sim.operators import AT_REST, Operator, Said
from tests.sim.rules import Rules
from tests.sim.scenario import Scenario, Wanted
from tests.sim.service import Keeper, freeze
from tests.sim.weather import Weather
from tests.sim.world import World

BOUND_S = 900.0
"""No run may take longer once it is calm, in virtual seconds."""

_TROUBLE = """
SELECT id FROM run WHERE state IN ('held', 'failed', 'cancelled', 'waiting', 'paused')
OR cleanup_state IN ('waiting', 'paused', 'failed')
OR id IN (SELECT run FROM step WHERE step.state IN ('failed', 'waiting')) ORDER BY number
"""

_SETTINGS = site.settings()
_ROOMS = site.rooms(_SETTINGS)


class SimulatedRunner(Runner):
    """The product's runner. Capture and comparison are looks at the abstract world."""

    def __init__(self, journal: TurningJournal, run: str, rooms: tuple[Room, ...], handler: Handler) -> None:
        super().__init__(_SETTINGS, journal, run, rooms)
        self._handler = handler

    def _bind(self, *given: Any) -> tuple[Handlers, ...]:
        looks = dict.fromkeys(("recovery.capture", "recovery.compare"), self._handler)
        return looks, *super()._bind(*given)


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """How a runner's process ended by itself: its error, "" where it ended in order."""

    process: str
    at: float
    error: str
    expected: bool


class Simulation:
    """Everything that one seed's processes share."""

    def __init__(self, scenario: Scenario, database: MemoryDatabase) -> None:
        self.scenario = scenario
        self.database = database
        self.rules = Rules(database)
        self.strikes = faults.Strikes(scenario.faults, self._runners)
        self.world = World(
            self.rules, lambda process: self.strikes.count(process, "act"), self._pre_empted_by
        )
        self.rules.world = self.world
        self.weather = Weather(self.random("weather"), scenario.storm)
        self.said: list[Said] = []
        self.exits: list[Exit] = []
        self.refused: dict[str, str] = {}
        self.processes: list[Process] = []
        self._carriers: dict[int, str] = {}
        self._last: dict[str, tuple[int, int | None]] = {}
        self._keeper: Process | None = None
        self._mischief = scenario.mischief
        self._handler = {
            wanted.run: Simulated(self.world, self.rules, self.weather, site.RACKS[wanted.rack][0])
            for wanted in scenario.runs
        }

    def random(self, name: str) -> Random:
        """Returns a stream of chances of its own, so that one more draw here changes nothing there."""
        return Random(f"{self.scenario.seed}/{name}")

    async def live(self) -> None:
        """Lets everything happen, until all runs rest or the bound is reached."""
        scenario = self.scenario
        for wanted in scenario.runs:
            self._process(f"recover {wanted.run}", self._recover(wanted))
        self._serve()
        for number in range(scenario.operators):
            self._process(f"operator {number}", self._operator(f"op-{number}"))
        for at in scenario.more_runners:
            outside(self._one_more, after=at)
        for window in scenario.disk_full:
            outside(setattr, self.database, "full", True, after=window.first)
            outside(setattr, self.database, "full", False, after=window.last)
        for window in scenario.service_gone:
            outside(self._end_service, after=window.first)
            outside(self._serve, after=window.last)
        self.strikes.begin()
        outside(self._calm, after=scenario.calm_s)
        await self._ended(scenario.calm_s + BOUND_S)

    def _pre_empted_by(self, run: str) -> str:
        found = self.database.ask("SELECT pre_empted_by FROM run WHERE id = ?", run)
        return found[0][0] or "" if found else ""

    def known_dead(self, row: RunRow) -> bool:
        """What the kernel of this machine says of a pid."""
        process = self._by_pid(row.pid)
        return process is None or (process.host == here().host and process.dead)

    def end_silent(self, row: RunRow) -> None:
        """The service kills a runner of its own machine that has stopped beating."""
        process = self._by_pid(row.pid)
        if process is not None and process.host == here().host:
            process.kill()

    def answer(self) -> str:
        """What the probe of the protected side hears."""
        run = self._carriers[here().pid]
        wanted = next(wanted for wanted in self.scenario.runs if wanted.run == run)
        return "answers under its pinned certificate" if wanted.answered else ""

    async def _recover(self, wanted: Wanted) -> None:
        await asyncio.sleep(wanted.begins_s)
        journal = self._journal("recover")
        while wanted.run not in self.refused:
            try:
                await freeze(journal, _SETTINGS, _ROOMS, wanted)
            except Refused as refusal:
                self.refused[wanted.run] = str(refusal)
            except DRConsoleError:
                await asyncio.sleep(1.0)
            else:
                self._ensure(wanted.run)
                return

    def _process(self, name: str, work: Coroutine[Any, Any, None], host: str = "a") -> Process:
        process = Process(name, 100 + len(self.processes), host)
        self.processes.append(process)
        process.start(self._guarded(process, work))
        return process

    async def _guarded(self, process: Process, work: Coroutine[Any, Any, None]) -> None:
        """A process ends with its first task. Only errors of the product's own tree are foreseen."""
        error, expected = "", True
        try:
            await work
        except DRConsoleError as problem:
            error = f"{type(problem).__name__}: {problem}"
        except Exception as problem:  # whatever else it is, it is a finding
            error, expected = f"{type(problem).__name__}: {problem}", False
        self.exits.append(Exit(process=process.name, at=_now(), error=error, expected=expected))
        process.kill()

    def _journal(self, name: str) -> TurningJournal:
        return TurningJournal(self.database, self.random(f"journal/{name}/{here().pid}"), self._written)

    def _written(self, process: Process, writer: TurningWriter) -> None:
        """After each commit: no runner has written events of its run that another one has by now."""
        run = self._carriers.get(process.pid, "")
        for name, seq, pid in self.database.ask("SELECT id, seq, pid FROM run"):
            before, owner = self._last.get(name, (seq, pid))
            if name == run and seq != before and owner is not None and process.pid not in (owner, pid):
                self.world.violations.append(f"{run}: {process.name} writes events, though {owner} has it")
            self._last[name] = (seq, pid)
        self.strikes.count(process, "commit")

    def _runners(self) -> list[Process]:
        return [p for p in self.processes if p.pid in self._carriers and p.alive]

    def _by_pid(self, pid: int | None) -> Process | None:
        return next((process for process in self.processes if process.pid == pid), None)

    def _start_runner(self, run: str) -> Process:
        random = self.random(f"host/{len(self.processes)}")
        host = "b" if random.random() < self.scenario.elsewhere else "a"
        process = self._process(f"runner {len(self.processes)}", self._carry(run), host)
        self._carriers[process.pid] = run
        return process

    async def _carry(self, run: str) -> None:
        await asyncio.sleep(self.random(f"start/{here().pid}").uniform(0.05, 0.5))
        handler = self._handler[run]
        await SimulatedRunner(self._journal("runner"), run, simulated(_ROOMS, handler), handler).carry()

    def _serve(self) -> None:
        if self._keeper is None or self._keeper.dead:
            self._keeper = self._process("service", self._keep())

    async def _keep(self) -> None:
        await Keeper(self._journal("service"), self._quiet, self._start_runner, self.end_silent).keep()

    def _quiet(self) -> bool:
        rows = self.database.ask("SELECT beat FROM run")
        return any(beat is None or clock.unix() - beat > 1.1 for (beat,) in rows)

    def _end_service(self) -> None:
        if self._keeper is not None:
            self._keeper.kill()

    def _ensure(self, run: str) -> None:
        """Whoever has said something sees to it that a service stands, which starts a runner."""
        outside(self._serve, after=0.1)

    def _one_more(self) -> None:
        """Somebody starts a runner by hand."""
        for wanted in self.scenario.runs:
            if self._known(wanted.run):
                self._start_runner(wanted.run)

    def _known(self, run: str) -> bool:
        return bool(self.database.ask("SELECT id FROM run WHERE id = ?", run))

    async def _operator(self, name: str) -> None:
        journal = self._journal(name)
        await Operator(
            name,
            journal,
            self.random(name),
            mischief=lambda: self._mischief,
            said=self.said,
            ensure=self._ensure,
            wish=self._wish,
            needing=self._needing,
            amend=lambda run, decide: amended(journal, _SETTINGS, _ROOMS, run, decide, name),
        ).live()

    def _calm(self) -> None:
        self.weather.calm()
        self.strikes.end()
        self._mischief = 0.0
        self.database.full = False
        for process in self.processes:
            if process.stopped:
                process.go_on()
        self._serve()

    async def _ended(self, bound_s: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < bound_s:
            await asyncio.sleep(5.0)
            if self._resting() and not self._runners():
                break
        else:
            self.world.violations += [f"{run}: did not end ({told})" for run, told in self._restless()]

    def _resting(self) -> bool:
        """Whether all that is wanted is at rest, and as clean as is wished."""
        known = {run for (run,) in self.database.ask("SELECT id FROM run")}
        missing = {wanted.run for wanted in self.scenario.runs} - known - set(self.refused)
        return not missing and not self._restless()

    def _restless(self) -> list[tuple[str, str]]:
        rows = self.database.ask("SELECT id, mode, state, cleanup_state FROM run")
        return [
            (run, f"{state}, cleanup {cleanup}")
            for run, mode, state, cleanup in rows
            if state not in AT_REST
            or cleanup not in (None, "done")
            or (mode == "drill" and cleanup is None and self._wish(run))
        ]

    def _needing(self) -> list[str]:
        """The runs that an operator should look at; all of them where mischief is about."""
        rows = self.database.ask(_TROUBLE if self._mischief == 0 else "SELECT id FROM run")
        return [run for (run,) in rows]

    def _wish(self, run: str) -> bool:
        """Whether somebody wants a run that rests to be cleaned up."""
        return run != "R-1" or self.scenario.cleaned


def _now() -> float:
    return asyncio.get_running_loop().time()
