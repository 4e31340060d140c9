"""Preflight and map: targets are reserved and later leased, the plan is frozen (R41–R43)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from drconsole.errors import Refused
from drconsole.journal import claims, pool, runs
from drconsole.journal import steps as recorded
from drconsole.model.mapping import HostMapping, RoleKind
from drconsole.model.plan import Plan
from drconsole.model.step import Done, Facts, Step, Work, step_key
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.planning.readiness import SKEW_S
from drconsole.recovery.stages import pre_emption
from drconsole.recovery.stages.protected import probe_steps
from drconsole.settings.values import Settings

_READINESS = "preflight/run/readiness"


def steps(plan: PlanInput, others: Sequence[Step] = ()) -> tuple[Step, ...]:
    """Gives readiness, a reservation and a lease a target, a claim a group, and the freeze between them.

    In a disaster run also the probe of the protected side, which nothing may come before. What `others`,
    the rooms' steps, check in preflight is waited for too, and leases wait for their whole halt.
    """
    held = roles(plan)
    groups = tuple(dict.fromkeys(group.id for group in plan.site.groups))
    readiness = _step(_READINESS, "readiness", title="Check what the run depends on")
    probed = probe_steps(plan)
    claimed = tuple(_claim(plan, group) for group in groups)
    reserve = tuple(_reservation(plan, target, role, kind) for target, (role, kind) in held.items())
    ours = tuple(step for step in (*claimed, *reserve) if "drill" not in step.arguments)
    checks = tuple(step for step in others if step.stage == "preflight")
    # Nothing is taken from a drill for a run that could not begin.
    taking = pre_emption.steps(plan, [step.key for step in (readiness, *probed, *checks, *ours)])
    freeze = _step(
        keys.PREFLIGHT,
        "freeze",
        title="Freeze the plan",
        needs=(
            readiness.key,
            *(step.key for step in (*probed, *claimed, *reserve, *checks)),
        ),
    )
    fences = {step.key for step in others} & {keys.fenced(group) for group in groups}
    halted = (*(keys.halted(group) for group in groups), *sorted(fences))
    leases = tuple(
        Step(
            key=keys.leased(target),
            stage="map",
            handler="recovery.lease",
            object=target,
            machine=target,
            title=f"{target} becomes {role}",
            needs=(freeze.key, *halted),
            arguments={"target": target},
        )
        for target, (role, _) in held.items()
    )
    return readiness, *probed, *taking, *claimed, *reserve, freeze, *leases


def roles(plan: PlanInput) -> dict[str, tuple[str, RoleKind]]:
    """Returns target → (protected name of its role, kind), of everything that is deployed."""
    return roles_of(plan.mapping)


def roles_of(mapping: HostMapping) -> dict[str, tuple[str, RoleKind]]:
    """Returns the same from the mapping alone."""
    found: dict[str, tuple[str, RoleKind]] = {}
    if mapping.management_server is not None:
        found[mapping.management_server.target] = (mapping.management_server.protected, "management")
    found |= {host.target: (host.name, "host") for host in mapping.hosts if host.deploy}
    found |= {
        server.target: (server.protected, "physical") for server in mapping.physical_servers if server.deploy
    }
    return found


def untouched_groups(connection: Connection, run: str, plan: Plan) -> tuple[str, ...]:
    """Returns the groups that a run claimed and never began to halt: they may go back at once.

    Of a real run these are also the groups that it has only halted: where the site dies in the middle of a
    planned run, another one can take them at once.
    """
    rows = recorded.load(connection, run, cleanup=False)
    claimed = [row.step.arguments["group"] for row in rows.values() if row.step.handler == "recovery.claim"]
    begun = {key for key, row in rows.items() if row.attempts}
    if plan.mode != "drill":
        used = {row.step.object for row in rows.values() if row.attempts and row.step.stage == "storage"}
        return tuple(group for group in claimed if group not in used)
    return tuple(group for group in claimed if keys.halted(group) not in begun)


def _reservation(plan: PlanInput, target: str, role: str, kind: RoleKind) -> Step:
    drill = plan.taken.get(target)
    told = {"target": target, "role": role, "kind": kind}
    return Step(
        key=step_key("preflight", target, "reserve"),
        stage="preflight",
        handler="recovery.reserve",
        object=target,
        machine=target,
        title=f"Take {target} from {drill} for {role}" if drill else f"Reserve {target} for {role}",
        needs=(pre_emption.pre_empted(drill) if drill else _READINESS,),
        arguments=told | {"drill": drill} if drill else told,
    )


def _claim(plan: PlanInput, group: str) -> Step:
    drill = next((loss.drill for loss in plan.pre_empts if group in loss.groups), "")
    claim = Step(
        key=step_key("preflight", group, "claim"),
        stage="preflight",
        handler="recovery.claim",
        object=group,
        title=f"Make sure that no other run has {group}",
        needs=(_READINESS,),
        arguments={"group": group},
    )
    if not drill:
        return claim
    return msgspec.structs.replace(
        claim,
        title=f"Take {group} over from {drill}",
        needs=(pre_emption.pre_empted(drill),),
        # Clones that cannot be dropped hold it up until an operator has skipped that.
        optional_needs=(pre_emption.dropped(group),),
        arguments={"group": group, "drill": drill},
    )


def _step(key: str, verb: str, *, title: str, needs: tuple[str, ...] = ()) -> Step:
    return Step(key=key, stage="preflight", handler=f"recovery.{verb}", title=title, needs=needs)


class Readiness:
    """Clocks that are too far apart, and targets that were never seen, stop a run before it begins."""

    def __init__(self, settings: Settings, plan: PlanInput) -> None:
        self._settings = settings
        self._plan = plan

    async def observe(self, work: Work) -> Done | None:
        """Raises Refused, naming each machine that is not fit."""
        problems = [text for name in roles(self._plan) if (text := self._problem(name))]
        if problems:
            raise Refused("; ".join(problems), about=work.run, remedy="`drconsole target check` looks again")
        return Done(result={"targets": sorted(roles(self._plan))})

    async def act(self, work: Work) -> None:
        """There is nothing to do about it: the observation decides."""

    def _problem(self, name: str) -> str:
        target = self._plan.targets.get(name)
        if target is None or target.hardware is None:
            return f"target {name} has not been seen"
        if abs(target.hardware.skew_s) > SKEW_S:
            return f"the clock of target {name} is {target.hardware.skew_s:.0f} s off"
        return "" if name in self._settings.pool else f"target {name} is not configured"


class Reserve:
    """Ties a target to a role, for nobody else to take. No machine is touched."""

    def enact(self, connection: Connection, work: Work) -> Facts:
        """Raises Busy, naming the run that has the target."""
        arguments = work.step.arguments
        target, role, kind = arguments["target"], arguments["role"], arguments["kind"]
        if drill := arguments.get("drill"):
            pool.hand_over(connection, drill, work.run, target, role=role, role_kind=kind)
        else:
            pool.reserve(connection, work.run, target, role, kind)
        return {"target": arguments["target"], "role": arguments["role"]}


class TakeGroup:
    """Ties a replication group to the run: two runs never act on one. No array is touched."""

    def enact(self, connection: Connection, work: Work) -> Facts:
        """Raises Busy, naming the run that has the group."""
        group = work.step.arguments["group"]
        if drill := work.step.arguments.get("drill"):
            claims.hand_over(connection, group, drill, work.run)
        else:
            claims.claim(connection, work.run, group)
        return {"group": group}


class Freeze:
    """Proves that the plan in the journal is the one that this runner carries out."""

    def enact(self, connection: Connection, work: Work) -> Facts:
        """Returns the hash of the plan's source: what an approval signs."""
        plan, source = runs.frozen(connection, work.run)
        return {"sha256": hashlib.sha256(source).hexdigest(), "steps": len(plan.steps)}


class TakeLease:
    """A reservation becomes a lease, in the transaction that ends the step."""

    def enact(self, connection: Connection, work: Work) -> Facts:
        """Raises Refused where the reservation is gone."""
        target = work.step.arguments["target"]
        pool.lease(connection, work.run, target)
        return {"target": target}
