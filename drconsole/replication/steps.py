"""The steps that halt, promote, present and clean up replication (R35, R65, R66)."""

from __future__ import annotations

import msgspec

from drconsole.model.step import Facts, Step, step_key
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.replication.groups import Group, groups_of, viewers


def steps(plan: PlanInput) -> tuple[Step, ...]:
    """Gives halt, promote (in a real run) and present for every group of the site.

    Halting waits for preflight, connecting for the barrier. Raises InvalidConfiguration for a group
    whose array has no copy at the recovery site.
    """
    return tuple(step for group in groups_of(plan) for step in _of_group(plan, group))


def cleanup_steps(plan: PlanInput, after: tuple[str, ...] = ()) -> tuple[Step, ...]:
    """Gives unpresent and the dropping of clones. `after` are keys that go before: the guests'.

    Only a drill's: what a real run halted stays halted until replication is resumed or reversed.
    """
    if plan.mode != "drill":
        return ()
    return tuple(step for group in groups_of(plan) for step in _cleanup(plan, group, after))


def promoted(group: str) -> str:
    """The key of the group's promotion; there is none in a drill."""
    return step_key("storage", group, "promote")


def _of_group(plan: PlanInput, group: Group) -> tuple[Step, ...]:
    halt = _step(
        plan,
        group,
        key=keys.halted(group.id),
        handler="replication.halt",
        deadline="halt",
        title=f"Clone {group.id} at one point in time" if plan.mode == "drill" else f"Halt {group.id}",
        needs=(keys.PREFLIGHT,),
        typical_s=5,
    )
    if plan.mode == "drill":
        return halt, _present(plan, group, (keys.BARRIER, keys.halted(group.id)))
    promote = _step(
        plan,
        group,
        key=promoted(group.id),
        handler="replication.promote",
        deadline="promote",
        title=f"Promote {group.id}",
        needs=(keys.BARRIER, keys.halted(group.id)),
        typical_s=10,
    )
    return halt, promote, _present(plan, group, (keys.BARRIER, keys.halted(group.id), promote.key))


def _present(plan: PlanInput, group: Group, needs: tuple[str, ...]) -> Step:
    return _step(
        plan,
        group,
        key=keys.presented(group.id),
        handler="replication.present",
        deadline="present",
        title=f"Present {group.id}",
        needs=needs,
        typical_s=5,
        more={"viewers": _viewers(plan, group)},
    )


def _cleanup(plan: PlanInput, group: Group, after: tuple[str, ...]) -> tuple[Step, Step]:
    unpresent = _step(
        plan,
        group,
        key=step_key("cleanup", group.id, "unpresent"),
        handler="replication.unpresent",
        deadline="present",
        title=f"Withdraw {group.id}",
        needs=(),
        typical_s=5,
    )
    stop = _step(
        plan,
        group,
        key=step_key("cleanup", group.id, "drop-clones"),
        handler="replication.test-stop",
        deadline="halt",
        title=f"Drop the clones of {group.id}",
        needs=(unpresent.key,),
        typical_s=5,
    )
    return msgspec.structs.replace(unpresent, optional_needs=after), stop


def _viewers(plan: PlanInput, group: Group) -> Facts:
    """Per volume of the protected array, the hosts that may see its copy."""
    return {
        volume: [msgspec.to_builtins(seen) for seen in viewers(plan, datastore)]
        for volume, datastore in group.datastores.items()
    }


def _step(
    plan: PlanInput,
    group: Group,
    *,
    key: str,
    handler: str,
    deadline: str,
    title: str,
    needs: tuple[str, ...],
    typical_s: float,
    more: Facts | None = None,
) -> Step:
    return Step(
        key=key,
        stage=key.partition("/")[0],
        handler=handler,
        object=group.id,
        title=title,
        needs=needs,
        arguments={"group": msgspec.to_builtins(group), **(more or {})},
        resources=(f"array:{group.recovery}",),
        typical_s=typical_s,
        deadline_s=plan.deadlines[deadline],
    )
