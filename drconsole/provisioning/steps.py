"""The steps that install a machine from bare metal, and those that take it back (R56–R63)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drconsole.model.step import Step, step_key
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.provisioning.images import WIPE, refuse_missing
from drconsole.provisioning.jobs import Job, install_job, wipe_job
from drconsole.provisioning.limits import limits_of
from drconsole.provisioning.roles import Role, deployed, former
from drconsole.provisioning.server_network import server_network

_BOOT_S = 120.0
_READY_S = 90.0
_INSTALL_S = {"hypervisor": 360.0, "management": 900.0, "linux": 300.0}
_SLACK = 1.2
"""A step's own messages come before the runner's deadline, which only says that it was late."""

_NOUN = {"hypervisor": "hypervisor", "management": "management server", "linux": "Linux"}


def steps(plan: PlanInput) -> tuple[Step, ...]:
    """Gives boot, install and ready for every deployed role; `ready` is at `keys.ready(name)`.

    Each needs the lease of its target and nothing else: machines are installed concurrently. Raises
    Refused where a role cannot be installed on its target, its metadata does not say what to install, a
    physical server's network is mapped to none for this mode, or the medium is not complete (only looked
    at where the images' path is absolute).
    """
    jobs = [install_job(plan, role) for role in deployed(plan)]
    _refuse_missing_media(plan, jobs)
    for job in jobs:
        if job.kind == "linux":
            server_network(plan, job, job.mac)
    aside = [_set_aside(plan, role) for role in former(plan)]
    return *aside, *(step for job in jobs for step in _install(plan, job, aside))


def _refuse_missing_media(plan: PlanInput, jobs: list[Job]) -> None:
    images = Path(plan.provisioning.images)
    needed = {(job.kind, job.folder) for job in jobs}
    needed |= {("wipe", WIPE) for job in jobs if not job.erases_itself}
    for kind, folder in sorted(needed) if images.is_absolute() else ():
        refuse_missing(images, kind, folder)


def cleanup_steps(plan: PlanInput, after: tuple[str, ...] = ()) -> tuple[Step, ...]:
    """Gives power-off, wipe and restore for every machine of the run; `after` are keys that go before.

    The last, at `keys.cleaned(target)`, proves that the target may go back to the pool. A failed key of
    `after` does not stop them: the machines are given back all the same.
    """
    jobs = [install_job(plan, role) for role in (*deployed(plan), *former(plan))]
    return tuple(step for job in jobs for step in _cleanup(plan, job, after))


def _set_aside(plan: PlanInput, role: Role) -> Step:
    """Powers a target off that was given up: it may have taken its role's addresses by now.

    Who takes its place waits for that. Where nobody does, a BMC that does not answer stops nothing.
    """
    job = install_job(plan, role)
    return _step(
        plan,
        job,
        key=step_key("provision", job.target, "set-aside"),
        handler="provision.power-off",
        title=f"Power {job.target} off: it is {job.name} no more",
        needs=(keys.PREFLIGHT,),
        typical_s=10,
        deadline_s=2 * limits_of(plan.deadlines, job).power,
        critical=any(other.name == role.name for other in deployed(plan)),
    )


def _install(plan: PlanInput, job: Job, aside: Sequence[Step] = ()) -> tuple[Step, Step, Step]:
    limits = limits_of(plan.deadlines, job)
    again = limits.boot_step + 2 * limits.netboot
    boot = _step(
        plan,
        job,
        key=step_key("provision", job.name, "boot"),
        handler="provision.boot",
        title=f"Boot {job.target} from the network for {job.name}",
        needs=(keys.leased(job.target),),
        # An operator who knows that the former machine is off skips the step that makes sure of it.
        optional_needs=tuple(step.key for step in aside if step.object == job.name),
        typical_s=_BOOT_S,
        deadline_s=limits.boot_step + limits.wipe,
    )
    install = _step(
        plan,
        job,
        key=step_key("provision", job.name, "install"),
        handler="provision.install",
        title=f"Install the {_NOUN[job.kind]} {job.name} on {job.target}",
        needs=(boot.key,),
        typical_s=_INSTALL_S[job.kind],
        busy=False,
        deadline_s=again + limits.install,
    )
    ready = _step(
        plan,
        job,
        key=keys.ready(job.name),
        handler="provision.ready",
        title=f"{job.name} answers at {job.address}",
        needs=(install.key,),
        typical_s=_READY_S,
        busy=False,
        deadline_s=limits.ready,
    )
    return boot, install, ready


def _cleanup(plan: PlanInput, job: Job, after: tuple[str, ...]) -> tuple[Step, Step, Step]:
    limits = limits_of(plan.deadlines, job)
    off = _step(
        plan,
        job,
        key=step_key("cleanup", job.target, "power-off"),
        handler="provision.power-off",
        title=f"Power {job.target} off",
        needs=(),
        optional_needs=after,
        typical_s=10,
        deadline_s=2 * limits.power,
    )
    wipe = _step(
        plan,
        wipe_job(job),
        key=step_key("cleanup", job.target, "wipe"),
        handler="provision.wipe",
        title=f"Wipe what was installed on {job.target}",
        needs=(off.key,),
        typical_s=240,
        deadline_s=limits.boot_step + limits.wipe,
    )
    restore = _step(
        plan,
        job,
        key=keys.cleaned(job.target),
        handler="provision.restore",
        title=f"{job.target} is off and boots as usual",
        needs=(wipe.key,),
        typical_s=10,
        deadline_s=2 * limits.power,
    )
    return off, wipe, restore


def _step(
    plan: PlanInput,
    job: Job,
    *,
    key: str,
    handler: str,
    title: str,
    needs: tuple[str, ...],
    typical_s: float,
    deadline_s: float,
    optional_needs: tuple[str, ...] = (),
    busy: bool = True,
    critical: bool = True,
) -> Step:
    """`busy` steps occupy their BMC's segment; while a machine installs by itself it does not."""
    return Step(
        key=key,
        stage=key.partition("/")[0],
        handler=handler,
        object=job.name,
        title=title,
        machine=job.target,
        needs=needs,
        optional_needs=optional_needs,
        arguments={"job": job.id},
        resources=(f"segment:{plan.targets[job.target].segment}",) if busy else (),
        typical_s=typical_s,
        deadline_s=deadline_s * _SLACK + 5,
        critical=critical,
    )
