"""What no request may do, whatever the plan says: judged from the journal at that very moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from drconsole.model.step import Step
from drconsole.planning import keys
from tests.sim.database import MemoryDatabase
from tests.sim.world import Request, World

_SETTLED = ("done", "skipped", "cancelled")
_BEHIND_BARRIER = ("storage", "import", "guests")
_STEP = msgspec.json.Decoder(Step).decode


class Rules:
    """Judges requests. It reads the same database as the processes, and nothing of their memory."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self.world: World

    def __call__(self, asked: Request) -> list[str]:
        """Returns one sentence for each rule that the request breaks."""
        who = f"{asked.run}: {asked.actor.name} asks for {asked.deed.mark}"
        return [f"{who} {text}" for text in self._broken(asked)]

    def _broken(self, asked: Request) -> Iterator[str]:
        epoch, state, cleanup = self._database.ask(
            "SELECT epoch, state, cleanup_state FROM run WHERE id = ?", asked.run
        )[0]
        if epoch != asked.epoch and not asked.slept:
            yield f"under epoch {asked.epoch}, though {epoch} has taken the run over"
        states = self._states(asked.run)
        yield from self._needs(asked.step, states)
        yield from self._owners(asked)
        if asked.step.stage == "cleanup":
            if cleanup not in ("running", "waiting", "paused"):
                yield f"while its cleanup is {cleanup}"
            return
        if state not in ("running", "waiting", "paused"):
            yield f"while the run is {state}"
        yield from self._stages(asked, states)

    def _needs(self, step: Step, states: dict[str, str]) -> Iterator[str]:
        if states.get(step.key) != "running":
            yield f"whose step is {states.get(step.key)} in the journal"
        for need in step.needs:
            if states.get(need) != "done":
                yield f"before its need {need}, which is {states.get(need)}"
        for need in step.optional_needs:
            if states.get(need, "done") not in _SETTLED:
                yield f"before {need}, which is {states.get(need)}"

    def _owners(self, asked: Request) -> Iterator[str]:
        machine, group = asked.deed.machine, asked.deed.group
        if machine:
            held = self._database.ask("SELECT run, state FROM lease WHERE target = ?", machine)
            wanted = "wiping" if asked.step.stage == "cleanup" else "leased"
            if held != [(asked.run, wanted)]:
                yield f"on {machine}, whose lease is {held}"
        if group:
            holder = self._database.ask('SELECT run FROM claim WHERE "group" = ?', group)
            if holder != [(asked.run,)]:
                yield f"on {group}, which is in the hands of {holder}"

    def _stages(self, asked: Request, states: dict[str, str]) -> Iterator[str]:
        stage = asked.step.stage
        if stage != "preflight" and states[keys.PREFLIGHT] != "done":
            yield "before the plan was frozen"
        if stage in _BEHIND_BARRIER and asked.step.key != keys.BARRIER:
            yield from self._barrier(asked.run, states)
        if stage == "guests" and states.get(keys.GUESTS_GATE) != "done":
            yield "before the gate of the guests"

    def _barrier(self, run: str, states: dict[str, str]) -> Iterator[str]:
        if not self.world.stands(run, keys.BARRIER) or states.get(keys.BARRIER) != "done":
            yield "before the barrier was proven"

    def seen_barrier(self, run: str) -> list[str]:
        """What is wrong with a barrier that opens now: every deployed machine must stand there, proven."""
        from drconsole.journal import runs

        with self._database.reading() as connection:
            plan, _ = runs.frozen(connection, run)
        hosts = [host.name for host in plan.mapping.hosts if host.deploy]
        given_up = {key for key, state in self._states(run).items() if state in ("skipped", "cancelled")}
        wanted = [keys.proved(host) for host in hosts if keys.proved(host) not in given_up]
        return [
            f"{run}: the barrier opens before {mark}" for mark in wanted if not self.world.stands(run, mark)
        ]

    def _states(self, run: str) -> dict[str, str]:
        rows: list[Any] = self._database.ask("SELECT key, state FROM step WHERE run = ?", run)
        return dict(rows)
