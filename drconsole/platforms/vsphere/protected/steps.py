"""Steps of a planned run at the protected site: what runs there is asked, and guests are shut down."""

from __future__ import annotations

from drconsole.model.inventory import VirtualMachine
from drconsole.model.step import Facts, Step
from drconsole.planning import keys
from drconsole.planning.migration import halted_datastores, moved, stays_running
from drconsole.planning.plan_input import PlanInput
from drconsole.platforms.vsphere.protected.order import off_before

_SLACK = 1.5
"""A step's own messages come before the runner's deadline, which only says that it was late."""


def shut_down_steps(plan: PlanInput) -> tuple[Step, ...]:
    """Gives the question what runs, and a shut-down for each guest that is moved; none in other modes."""
    if plan.mode != "planned":
        return ()
    guests = moved(plan.snapshot, plan.selection)
    before = off_before(plan.snapshot, guests)
    return (_running(plan, guests), *(_shut_down(plan, guest, before[guest.id]) for guest in guests))


def guest_facts(guest: VirtualMachine) -> Facts:
    """Returns by what a guest is found at the protected site, and called."""
    return {"id": guest.id, "name": guest.name, "instance_uuid": guest.instance_uuid}


def _running(plan: PlanInput, guests: tuple[VirtualMachine, ...]) -> Step:
    uuids = {guest.id: guest.instance_uuid for guest in plan.snapshot.virtual_machines}
    staying = stays_running(plan.verdicts)
    return Step(
        key=keys.RUNNING,
        stage="preflight",
        handler="vsphere.ask-running",
        object=plan.site.name,
        title="Ask what runs at the protected site",
        arguments={
            "moved": sorted(guest.instance_uuid for guest in guests),
            "staying": sorted(uuids[guest] for guest in staying if uuids.get(guest)),
            "datastores": sorted(halted_datastores(plan.snapshot, plan.site)),
        },
        typical_s=2,
        deadline_s=plan.deadlines["capture"],
    )


def _shut_down(plan: PlanInput, guest: VirtualMachine, before: tuple[str, ...]) -> Step:
    limit = plan.deadlines["shut-down"]
    return Step(
        key=keys.shut_down(guest.id),
        stage="halt",
        handler="vsphere.shut-down",
        object=guest.name,
        title="shut the guest down at the protected site",
        needs=(keys.PREFLIGHT,),
        # What is left out of the run by an operator holds nobody up.
        optional_needs=tuple(keys.shut_down(other) for other in before),
        arguments={**guest_facts(guest), "ran": guest.power == "on", "within_s": limit},
        resources=("protected-vcenter",),
        typical_s=60 if guest.power == "on" else 1,
        deadline_s=limit * _SLACK,
        asks=True,
    )
