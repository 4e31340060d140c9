"""A run as others see it: `run show --json`, assembled from the journal and the frozen plan."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, func, select

from drconsole.journal import commands, pool, runs, schema, steps
from drconsole.journal.clock import now, seconds_between, unix
from drconsole.journal.pre_empting import pre_empted_at
from drconsole.journal.runs import LEASE_S, RunRow
from drconsole.journal.steps import StepRow
from drconsole.model.plan import Plan
from drconsole.model.run import (
    AmendmentView,
    CleanupView,
    Fidelity,
    GuestView,
    MachineView,
    RunnerPlace,
    RunView,
    StageView,
    StepView,
    VerbView,
)
from drconsole.model.stages import stage_state
from drconsole.model.step import STAGES, Facts
from drconsole.planning import keys
from drconsole.recovery import customer
from drconsole.recovery.stages.preflight import roles_of
from drconsole.recovery.stages.verify import recovery_point_s
from drconsole.recovery.standing import standing


def run_view(connection: Connection, run: str = "latest", site: str = "") -> RunView:
    """Returns a run as it is now. Raises UnknownName."""
    row = runs.find(connection, run, site)
    plan, _ = runs.frozen(connection, row.id)
    every = steps.load(connection, row.id, cleanup=False)
    rows = in_plan(plan, every)
    report = _result(rows, keys.REPORTED)
    halted = {key: step.result for key, step in rows.items() if key.startswith("halt/") and step.result}
    end = row.ended or now()
    return RunView(
        run=row.id,
        site=row.site,
        mode=row.mode,
        state=row.state,
        snapshot=row.snapshot,
        started=row.started,
        ended=row.ended,
        rto_s=report.get("rto_s"),
        rpo_s=recovery_point_s(halted),
        runner=_runner(row),
        stages=tuple(_stage(name, list(rows.values())) for name in STAGES),
        steps=tuple(_step(key, step) for key, step in rows.items()),
        fidelity=_fidelity(rows),
        guests=tuple(_guests(plan, rows)),
        machines=tuple(_machines(connection, plan, row, rows)),
        cleanup=_cleanup(connection, row),
        elapsed_s=seconds_between(row.started, end) if row.started else 0.0,
        paused_by=row.paused_by,
        pre_empted_by=row.pre_empted_by,
        pre_empted_at=pre_empted_at(connection, row.id) if row.pre_empted_by else None,
        amendments=tuple(_amendments(connection, row.id)),
        verbs=tuple(_verbs(connection, row.id)),
        standing=standing(connection, row, plan, every),
        customer=customer.views(rows),
        started_by=_starter(connection, row.id),
    )


def _starter(connection: Connection, run: str) -> str:
    """Returns who began a run: its first event tells."""
    table = schema.event.c
    first = select(table.actor).where(table.run == run).order_by(table.seq).limit(1)
    return connection.execute(first).scalar() or ""


def _runner(row: RunRow) -> RunnerPlace | None:
    if row.pid is None:
        return None
    silent = None if row.beat is None else max(0.0, unix() - row.beat)
    lost = silent is not None and silent > LEASE_S
    return RunnerPlace(pid=row.pid, host=row.host or "", epoch=row.epoch, silent_s=silent, lost=lost)


def in_plan(plan: Plan, rows: dict[str, StepRow]) -> dict[str, StepRow]:
    """Returns the steps of the plan as it stands, and what was given up of an earlier one.

    What an amendment just made needless is history: it stands in the events and in the amendment.
    """
    known = {step.key for step in plan.steps}
    return {key: row for key, row in rows.items() if key in known or row.state == "skipped"}


def _verbs(connection: Connection, run: str) -> Iterable[VerbView]:
    for command in reversed(commands.last(connection, run)):
        yield VerbView(
            at=command.at,
            actor=command.actor,
            verb=command.verb,
            steps=command.steps,
            reason=command.reason,
        )


def _amendments(connection: Connection, run: str) -> Iterable[AmendmentView]:
    table = schema.amendment.c
    query = select(table.number, table.at, table.actor, table.text).where(table.run == run)
    for row in connection.execute(query.order_by(table.number)):
        yield AmendmentView(number=row.number, at=row.at, actor=row.actor, text=row.text)


def _stage(name: str, rows: list[StepRow]) -> StageView:
    own = [row for row in rows if row.step.stage == name]
    state = stage_state([row.state for row in own])
    if not own:
        state = "skipped" if any(row.state == "done" for row in rows) else "pending"
    ended = [row.ended for row in own if row.ended]
    return StageView(
        name=name,
        state=state,
        started=min((row.started for row in own if row.started), default=None),
        ended=max(ended, default=None) if state in ("done", "skipped", "failed", "cancelled") else None,
        steps=len(own),
        done=sum(row.state == "done" for row in own),
        failed=sum(row.state == "failed" for row in own),
    )


def _step(key: str, row: StepRow) -> StepView:
    return StepView(
        key=key,
        state=row.state,
        attempts=row.attempts,
        started=row.started,
        ended=row.ended,
        error=row.error,
    )


def _result(rows: dict[str, StepRow], key: str) -> Facts:
    return (rows[key].result or {}) if key in rows else {}


def _fidelity(rows: dict[str, StepRow]) -> Fidelity | None:
    found = _result(rows, keys.COMPARED).get("fidelity")
    return None if found is None else msgspec.convert(found, Fidelity)


def _cleanup(connection: Connection, row: RunRow) -> CleanupView | None:
    """The cleanup with those of its steps that an operator has to know of."""
    if row.cleanup_state is None:
        return None
    rows = steps.load(connection, row.id, cleanup=True)
    trouble = [(key, step) for key, step in rows.items() if step.state in ("failed", "waiting", "skipped")]
    return CleanupView(
        state=row.cleanup_state,
        started=row.cleanup_started,
        ended=row.cleanup_ended,
        trouble=tuple(_step(key, step) for key, step in trouble),
    )


def _guests(plan: Plan, rows: dict[str, StepRow]) -> Iterable[GuestView]:
    selected = {flag.id: flag.deploy for flag in plan.selection.virtual_machines}
    for verdict in plan.verdicts:
        reason = "; ".join(verdict.reasons)
        if verdict.id in plan.given_up and not selected.get(verdict.id, False):
            lost = plan.given_up[verdict.id]
            yield GuestView(name=verdict.name, id=verdict.id, state="failed", power="", reason=lost)
        elif not verdict.registrable or verdict.verdict == "no":
            yield GuestView(
                name=verdict.name, id=verdict.id, state="not-recoverable", power="", reason=reason
            )
        elif not selected.get(verdict.id, False):
            yield GuestView(name=verdict.name, id=verdict.id, state="not-selected", power="")
        else:
            yield _guest(verdict.id, verdict.name, rows)


def _guest(id: str, name: str, rows: dict[str, StepRow]) -> GuestView:
    registered, powered = rows.get(keys.registered(id)), rows.get(keys.powered(id))
    if registered is None:
        return GuestView(name=name, id=id, state="pending", power="")
    word = {"done": "registered", "failed": "failed", "skipped": "failed", "cancelled": "failed"}
    state = word.get(registered.state, "pending")
    there = rows.get(keys.shut_down(id))
    on = powered is not None and powered.state == "done"
    power = ("on" if on else "off") if state == "registered" else ""
    reason = registered.error or (powered.error if powered is not None else None) or _off_there(there, state)
    return GuestView(name=name, id=id, state=state, power=power, reason=reason)


def _off_there(row: StepRow | None, state: str) -> str:
    """Says of a guest that a planned run shut down and did not register that it is off over there."""
    power = row.result.get("power") if row is not None and row.result is not None else ""
    return "shut down at the protected site" if power == "off" and state == "failed" else ""


def _machines(
    connection: Connection, plan: Plan, row: RunRow, rows: dict[str, StepRow]
) -> Iterable[MachineView]:
    """The targets with a role, then those that lost theirs and are not wiped yet."""
    leases = pool.leases(connection)
    held = {name: lease for name, lease in leases.items() if lease.run == row.id}
    taken = {n: f"taken by {of.run}" for n, of in leases.items() if of.run == row.pre_empted_by}
    progress = _progress(connection, row.id)
    # The last one in this order is the first that failed.
    failed = {r.step.machine: r.error or "" for r in reversed(rows.values()) if r.state == "failed"}
    for target, (name, kind) in roles_of(plan.mapping).items():
        shown = progress.get(target, {})
        yield MachineView(
            target=target,
            role=kind,
            protected=name,
            state=held[target].state if target in held else "free",
            phase=str(shown.get("phase", "")),
            fraction=shown.get("fraction"),
            note=taken.get(target) or failed.get(target, ""),
        )
    for gone in plan.former:
        if gone.target in held:
            note = f"was {gone.name}, " + (f"replaced by {gone.by}" if gone.by else "given up")
            yield MachineView(
                target=gone.target,
                role="former",
                protected="",
                state=held[gone.target].state,
                phase="former",
                note=f"{note}; to be wiped",
            )


def _progress(connection: Connection, run: str) -> dict[str, Facts]:
    """The last progress event of each machine."""
    table = schema.event
    newest = (
        select(func.max(table.c.seq))
        .where(table.c.run == run, table.c.kind == "progress")
        .group_by(table.c.step)
    )
    query = select(table.c.facts).where(table.c.run == run, table.c.seq.in_(newest)).order_by(table.c.seq)
    found: dict[str, Facts] = {}
    for facts in connection.scalars(query):
        value: Facts = msgspec.json.decode(facts)
        found[str(value.get("machine", ""))] = value
    return found
