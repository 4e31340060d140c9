"""What no request may do, whatever the plan says: judged from the journal at that very moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from drconsole.model.step import Step
from drconsole.planning import keys
from tests.sim.database import MemoryDatabase
from tests.sim.deeds import mark_of
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
        if asked.by != asked.run:
            yield from self._pre_empting(asked)
            return
        epoch, state, cleanup = self._database.ask(
            "SELECT epoch, state, cleanup_state FROM run WHERE id = ?", asked.run
        )[0]
        if epoch != asked.epoch and not asked.slept:
            yield f"under epoch {asked.epoch}, though {epoch} has taken the run over"
        states = self._states(asked.run)
        if not self._amended_since(asked):
            yield from self._needs(asked.step, states)
        yield from self._owners(asked)
        if asked.step.stage == "cleanup":
            if cleanup not in ("running", "waiting", "paused"):
                yield f"while its cleanup is {cleanup}"
            return
        if state not in ("running", "waiting", "paused"):
            yield f"while the run is {state}"
        yield from self._uplinks(asked)
        yield from self._stages(asked, states)

    def _uplinks(self, asked: Request) -> Iterator[str]:
        """What has moved for good is not tried again; what is reviewed moves once somebody has said so."""
        step = asked.step
        moved = mark_of(keys.uplinks_applied(step.object), step.machine)
        if step.handler == "vsphere.try-uplinks" and self.world.stands(asked.run, moved):
            yield "though the host has moved for good"
        if step.handler == "vsphere.apply-uplinks" and step.asks:
            said = self._database.ask(
                "SELECT steps FROM command WHERE run = ? AND verb = 'approve'", asked.run
            )
            if not any(step.key in msgspec.json.decode(row[0]) for row in said):
                yield "though nobody has approved it"

    def _amended_since(self, asked: Request) -> bool:
        """What was begun before an amendment may go on for a moment: the journal has another plan then."""
        return self._database.ask("SELECT amended FROM run WHERE id = ?", asked.run) != [(asked.amended,)]

    def _pre_empting(self, asked: Request) -> Iterator[str]:
        """A real run undoes a drill's deeds in its name, once it has fenced it."""
        said = self._database.ask("SELECT pre_empted_by FROM run WHERE id = ?", asked.run)
        if said != [(asked.by,)]:
            yield f"in the name of {asked.by}, though the drill is pre-empted by {said}"
        epoch = self._database.ask("SELECT epoch FROM run WHERE id = ?", asked.by)
        if epoch != [(asked.epoch,)] and not asked.slept:
            yield f"under epoch {asked.epoch} of {asked.by}, which has {epoch}"

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
            wanted = ("wiping",) if asked.step.stage == "cleanup" else ("leased", "wiping")
            if held not in [[(asked.run, state)] for state in wanted]:
                yield f"on {machine}, whose lease is {held}"
        if group:
            holder = self._database.ask('SELECT run FROM claim WHERE "group" = ?', group)
            if holder != [(asked.run,)] and not self._own_leftover(asked, holder):
                yield f"on {group}, which is in the hands of {holder}"

    def _own_leftover(self, asked: Request, holder: list[tuple[object, ...]]) -> bool:
        """A drill's cleanup drops its own clone that came late, though a real run has the group by now."""
        taker = self._database.ask("SELECT pre_empted_by FROM run WHERE id = ?", asked.run)
        return asked.step.stage == "cleanup" and taker == holder != [(None,)]

    def _stages(self, asked: Request, states: dict[str, str]) -> Iterator[str]:
        stage = asked.step.stage
        if stage != "preflight" and states[keys.PREFLIGHT] != "done":
            yield "before the plan was frozen"
        if stage in _BEHIND_BARRIER and asked.step.key != keys.BARRIER:
            yield from self._barrier(asked.run, states)
        if stage == "guests" and states.get(keys.GUESTS_GATE) != "done":
            yield "before the gate of the guests"
        if stage == "guests" and self._answered(asked.run) and not self._approved(asked.run):
            yield "though the protected site had answered, and nobody has said that it is fenced"

    def _answered(self, run: str) -> bool:
        told = self._database.ask("SELECT result FROM step WHERE run = ? AND key = ?", run, keys.PROBED)
        return bool(told) and b'"answered":true' in (told[0][0] or b"")

    def _approved(self, run: str) -> bool:
        return bool(self._database.ask("SELECT id FROM command WHERE run = ? AND verb = 'approve'", run))

    def _barrier(self, run: str, states: dict[str, str]) -> Iterator[str]:
        if not self.world.stands(run, keys.BARRIER) or states.get(keys.BARRIER) != "done":
            yield "before the barrier was proven"

    def seen_barrier(self, run: str) -> list[str]:
        """What is wrong with a barrier that opens now: every deployed machine must stand there, proven."""
        from drconsole.journal import runs

        with self._database.reading() as connection:
            plan, _ = runs.frozen(connection, run)
        states = self._states(run)
        hosts = [
            host
            for host in plan.mapping.hosts
            if host.deploy and states.get(keys.proved(host.name)) not in ("skipped", "cancelled")
        ]
        marks = [mark_of(keys.proved(host.name), host.target) for host in hosts]
        return [
            f"{run}: the barrier opens before {mark}" for mark in marks if not self.world.stands(run, mark)
        ]

    def _states(self, run: str) -> dict[str, str]:
        rows: list[Any] = self._database.ask("SELECT key, state FROM step WHERE run = ?", run)
        return dict(rows)
