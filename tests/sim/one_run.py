"""Runs one seed to its end and judges it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from functools import cache

import msgspec

from drconsole.journal import runs
from drconsole.model.run import Event
from drconsole.model.step import Mode
from drconsole.planning import keys
from tests.sim import invariants
from tests.sim.database import MemoryDatabase
from tests.sim.loop import Stuck, VirtualLoop
from tests.sim.scenario import Scenario, Wanted, drawn, undisturbed
from tests.sim.simulation import Simulation
from tests.sim.substitutes import substituted

_LAST = 30


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a seed came to. `digest` is over every event and every effect; `virtual_s` how long it took."""

    seed: int
    violations: tuple[str, ...]
    digest: str
    virtual_s: float
    events: int
    effects: int
    runners: int
    states: tuple[str, ...]
    last: tuple[str, ...]

    def told(self) -> str:
        """How to run it again, what was wrong, and its last events."""
        wrong = "\n".join(f"  {violation}" for violation in self.violations)
        last = "\n".join(f"    {line}" for line in self.last)
        return f"python -m tests.sim --seeds 1 --from {self.seed}\n{wrong}\n  last events:\n{last}"


@cache
def _database(use: str) -> MemoryDatabase:
    """One a process and use: every seed begins with it empty."""
    return MemoryDatabase()


def run_seed(seed: int) -> Verdict:
    """Runs the scenario of a seed."""
    return run(drawn(seed))


def run(scenario: Scenario) -> Verdict:
    """Runs a scenario and returns what it came to."""
    database = _database("seed")
    simulation, took = _lived(scenario, database)
    violations = list(simulation.world.violations)
    violations += [f"{e.process} broke: {e.error}" for e in simulation.exits if not e.expected]
    violations += [f"{s.actor}: {s.refusal}" for s in simulation.said if s.refusal.startswith("UNEXPECTED")]
    with database.reading() as connection:
        rows = runs.listing(connection)
        violations += list(invariants.violations(connection))
        log = [event for row in rows for event in invariants.log_of(connection, row.id)]
    violations += [text for wanted in scenario.runs for text in _final(simulation, wanted)]
    ledger = [msgspec.json.encode(line) for line in simulation.world.ledger]
    said = b"".join(msgspec.json.encode(event) for event in log) + b"".join(ledger)
    return Verdict(
        seed=scenario.seed,
        violations=tuple(dict.fromkeys(violations)),
        digest=hashlib.sha256(said).hexdigest(),
        virtual_s=took,
        events=len(log),
        effects=len(ledger),
        runners=sum(p.name.startswith("runner") for p in simulation.processes),
        states=tuple(f"{row.mode} {row.state}" for row in rows),
        last=tuple(_line(event) for event in sorted(log, key=lambda e: e.at)[-_LAST:]),
    )


def _lived(scenario: Scenario, database: MemoryDatabase) -> tuple[Simulation, float]:
    """The simulation after its end; what was still open then is cleared away unseen."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    database.forget()
    loop = VirtualLoop()
    simulation = Simulation(scenario, database)
    asyncio.set_event_loop(loop)
    try:
        with substituted(loop, simulation):
            try:
                loop.run_until_complete(simulation.live())
            except Stuck:
                simulation.world.violations.append("nothing was left to happen")
            took = loop.now
            _clear(loop, simulation)
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    return simulation, took


def _clear(loop: VirtualLoop, simulation: Simulation) -> None:
    """Lets what is still suspended end, killed processes' coroutines too: unseen by the verdict."""
    kept = (list(simulation.world.violations), list(simulation.world.ledger), list(simulation.exits))
    simulation.database.full = True
    loop.set_exception_handler(lambda *_: None)
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    for process in simulation.processes:
        process.haunt(loop)
    with contextlib.suppress(TimeoutError):
        loop.run_until_complete(asyncio.wait(tasks, timeout=600))
    simulation.world.violations, simulation.world.ledger, simulation.exits = kept


def _line(event: Event) -> str:
    return f"{event.at} {event.run}#{event.seq} {event.kind} {event.step} {event.text} {event.facts}"


def _final(simulation: Simulation, wanted: Wanted) -> list[str]:
    """What a run has left in the world, against what the same run leaves in fair weather, alone."""
    ask = simulation.database.ask
    found = ask("SELECT state, cleanup_state, amended FROM run WHERE id = ?", wanted.run)
    if not found or wanted.run in simulation.refused:
        return []
    state, cleanup, amended = found[0]
    left = simulation.world.standing(wanted.run)
    if cleanup == "done":
        return _clean(simulation, wanted.run, wanted.mode)
    undone = ask("SELECT count(*) FROM step WHERE run = ? AND NOT cleanup AND state != 'done'", wanted.run)
    if state not in ("held", "done") or undone != [(0,)] or cleanup is not None or amended:
        return []
    fair = set(_undisturbed(undisturbed(wanted)))
    missing = [f"{wanted.run}: {mark} is missing in the end" for mark in sorted(fair - set(left))]
    return missing + [f"{wanted.run}: {mark} is too much in the end" for mark in sorted(set(left) - fair)]


def _clean(simulation: Simulation, run: str, mode: Mode) -> list[str]:
    """After a cleanup no effect stands and nothing is held, unless somebody has skipped its removal.

    What lies on a machine that a real run has taken from it goes when that one installs or wipes it.
    """
    skipped = "SELECT count(*) FROM step WHERE run = ? AND cleanup AND state = 'skipped'"
    if simulation.database.ask(skipped, run) != [(0,)]:
        return []
    taken = simulation.database.ask(
        "SELECT target FROM lease WHERE run = (SELECT pre_empted_by FROM run WHERE id = ?)", run
    )
    left = simulation.world.standing(run, [target for (target,) in taken])
    wrong = [f"{run}: {mark} still stands after the cleanup" for mark in left if _lasting(mark, mode)]
    for table, column in (("lease", "target"), ("claim", '"group"')):
        rows = simulation.database.ask(f"SELECT {column} FROM {table} WHERE run = ?", run)
        wrong += [f"{run}: holds {name} after its cleanup" for (name,) in rows]
    return wrong


def _lasting(mark: str, mode: Mode) -> bool:
    """What looking leaves in our memory is no effect; what a real run halted stays halted."""
    looks = (keys.BARRIER, keys.CAPTURED, keys.COMPARED)
    verbs = ("read", "plan", "prove", "ready", "halt" if mode != "drill" else "")
    return mark not in looks and mark.partition("@")[0].rpartition("/")[2] not in verbs


@cache
def _undisturbed(scenario: Scenario) -> tuple[str, ...]:
    simulation, _ = _lived(scenario, _database("fair"))
    return simulation.world.standing(scenario.runs[0].run)
