"""Steps and handlers that undo a drill at its management server: guests off and unregistered."""

from __future__ import annotations

from typing import Any

from drconsole.errors import UnknownName
from drconsole.model.step import Done, Step, Work, step_key
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.platforms.vsphere.faults import Fault
from drconsole.platforms.vsphere.importer.recovered import SiteHandler, reference
from drconsole.platforms.vsphere.importer.tasks import run_task


def cleanup_steps(plan: PlanInput, guests: tuple[str, ...]) -> tuple[Step, ...]:
    """Gives power-off and unregister for each guest (captured ids) that the run may have registered."""
    names = {guest.id: guest.name for guest in plan.snapshot.virtual_machines}
    steps: list[Step] = []
    for guest in guests:
        off = _step(plan, guest, names[guest], verb="power-off", title="stop the guest", needs=())
        gone = _step(
            plan, guest, names[guest], verb="unregister", title="unregister the guest", needs=(off.key,)
        )
        steps += [off, gone]
    return tuple(steps)


def _step(plan: PlanInput, guest: str, name: str, *, verb: str, title: str, needs: tuple[str, ...]) -> Step:
    return Step(
        key=step_key("cleanup", guest, verb),
        stage="cleanup",
        handler=f"vsphere.{verb}",
        object=name,
        title=title,
        needs=needs,
        arguments={"id": guest, "registered": keys.registered(guest)},
        resources=("vcenter",),
        typical_s=2,
        deadline_s=plan.deadlines["task"],
    )


class _Guest(SiteHandler):
    """A guest of a drill, found by what its registration said."""

    async def state(self, work: Work) -> tuple[Any, str]:
        """Returns the guest and its power state; None and "" where it is not registered (any more)."""
        try:
            registered = work.result(work.step.arguments["registered"])
        except UnknownName:
            return None, ""
        moid = registered["moids"][work.step.arguments["id"]]
        session, guest = await self.site.server(work), reference("VirtualMachine", moid)
        try:
            held = await session.read(guest, "runtime.powerState")
        except Fault as fault:
            if fault.code != "ManagedObjectNotFound":
                raise
            return None, ""
        return guest, held.get("runtime.powerState", "")

    async def run(self, work: Work, guest: Any, method: str) -> None:
        session = await self.site.server(work)
        await run_task(session, guest, method, seconds=work.step.deadline_s, about=work.step.object)


class PowerOff(_Guest):
    async def observe(self, work: Work) -> Done | None:
        _guest, power = await self.state(work)
        return None if power in ("poweredOn", "suspended") else Done()

    async def act(self, work: Work) -> None:
        guest, power = await self.state(work)
        await work.check()
        if power in ("poweredOn", "suspended"):
            await self.run(work, guest, "PowerOffVM_Task")


class Unregister(_Guest):
    async def observe(self, work: Work) -> Done | None:
        guest, _power = await self.state(work)
        return Done() if guest is None else None

    async def act(self, work: Work) -> None:
        guest, _power = await self.state(work)
        session = await self.site.server(work)
        await work.check()
        await session.invoke(guest, "UnregisterVM", _about=work.step.object)
