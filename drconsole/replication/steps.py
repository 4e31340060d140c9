"""The steps that halt, promote, present and clean up replication (R35, R65, R66)."""

from __future__ import annotations

from typing import Any

import msgspec

from drconsole.model.step import Facts, Step, step_key
from drconsole.planning import keys
from drconsole.planning.migration import kept_volumes, lying_on
from drconsole.planning.plan_input import PlanInput
from drconsole.replication.groups import Group, groups_of, viewers

_WAIT_SHARE = 0.8
"""How much of its deadline a step waits for the last writes, so that the rest is enough to say so."""


def steps(plan: PlanInput) -> tuple[Step, ...]:
    """Gives halt, promote (in a real run) and present for every group of the site.

    A planned run also synchronises each before its halt, and fences its source after. Halting waits for
    preflight, connecting for the barrier. Raises InvalidConfiguration for a group whose array has no copy
    at the recovery site.
    """
    return tuple(step for group in groups_of(plan) for step in _of_group(plan, group))


def cleanup_steps(plan: PlanInput, after: tuple[str, ...] = ()) -> tuple[Step, ...]:
    """Gives unpresent and the dropping of clones. `after` are keys that go before: the guests'.

    Of a real run what was halted stays halted until replication is resumed or reversed; a planned one
    that was given up lets the protected hosts write again.
    """
    if plan.mode == "planned":
        return tuple(_lift_fence(plan, group) for group in groups_of(plan))
    if plan.mode != "drill":
        return ()
    return tuple(step for group in groups_of(plan) for step in _cleanup(plan, group, after))


def promoted(group: str) -> str:
    """The key of the group's promotion; there is none in a drill."""
    return step_key("storage", group, "promote")


def _of_group(plan: PlanInput, group: Group) -> tuple[Step, ...]:
    planned = _around_halt(plan, group) if plan.mode == "planned" else ()
    before = tuple(step.key for step in planned if step.key == keys.synced(group.id))
    halt = _step(
        plan,
        group,
        key=keys.halted(group.id),
        handler="replication.halt",
        deadline="halt",
        title=f"Clone {group.id} at one point in time" if plan.mode == "drill" else f"Halt {group.id}",
        needs=(keys.PREFLIGHT, *before),
        typical_s=5,
        more={"guests": [lying.guest for lying in lying_on(plan, group.id)]} if planned else None,
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
    return halt, *planned, promote, _present(plan, group, (keys.BARRIER, keys.halted(group.id), promote.key))


def _around_halt(plan: PlanInput, group: Group) -> tuple[Step, Step]:
    """A planned run's: the last writes come over once the guests are off, and none follow the halt."""
    lying = lying_on(plan, group.id)
    sync = _asking(
        plan,
        group,
        key=keys.synced(group.id),
        handler="replication.sync",
        deadline="sync",
        title=f"Bring the last writes of {group.id} over",
        needs=(keys.PREFLIGHT,),
        typical_s=10,
        # A guest that an operator leaves out goes on running: what it writes does not come.
        optional_needs=tuple(keys.shut_down(guest.guest) for guest in lying),
        more={"within_s": plan.deadlines["sync"] * _WAIT_SHARE},
    )
    fence = _asking(
        plan,
        group,
        key=keys.fenced(group.id),
        handler="replication.fence",
        deadline="fence",
        title=f"Fence the source of {group.id}",
        needs=(keys.halted(group.id),),
        typical_s=5,
        more={
            "kept": list(kept_volumes(plan, group.id)),
            "lying": [msgspec.to_builtins(guest) for guest in lying],
        },
    )
    return sync, fence


def _asking(plan: PlanInput, group: Group, **told: Any) -> Step:
    """A step at the protected side, which may be gone: then the operator decides."""
    return msgspec.structs.replace(_step(plan, group, **told), asks=True)


def _lift_fence(plan: PlanInput, group: Group) -> Step:
    return _step(
        plan,
        group,
        key=step_key("cleanup", group.id, "lift-fence"),
        handler="replication.lift-fence",
        deadline="fence",
        title=f"Let the protected hosts write to {group.id} again",
        needs=(),
        typical_s=5,
    )


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
    optional_needs: tuple[str, ...] = (),
) -> Step:
    return Step(
        key=key,
        stage=key.partition("/")[0],
        handler=handler,
        object=group.id,
        title=title,
        needs=needs,
        optional_needs=optional_needs,
        arguments={"group": msgspec.to_builtins(group), **(more or {})},
        resources=(f"array:{group.recovery}",),
        typical_s=typical_s,
        deadline_s=plan.deadlines[deadline],
    )
