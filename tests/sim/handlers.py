"""The simulated handlers: one for every name that the plan's steps call, over the abstract world."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

from drconsole.errors import DeviceError, Question, Unreachable
from drconsole.model.step import Done, Facts, Handlers, Step, Work
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.recovery.drill_work import DrillWork
from drconsole.recovery.drivers import Room
from drconsole.recovery.work import StepWork
from drconsole.settings.values import Settings
from tests.sim.deeds import deed_of
from tests.sim.loop import here
from tests.sim.rules import Rules
from tests.sim.weather import Weather
from tests.sim.world import Request, World

PORTS = 3
"""So many ports of a machine may be tried for management."""

_LOOK_AGAIN_S = 0.4
"""How often a handler looks for the end of a task that a dead runner has left at work."""


class Simulated:
    """Observes and acts as a driver does: it reads the device, waits for a task that it finds there,
    checks the lease before it asks for anything, and believes no answer."""

    def __init__(self, world: World, rules: Rules, weather: Weather, management: str) -> None:
        self._world = world
        self._rules = rules
        self._weather = weather
        self._management = management
        self._session = world.login()

    def again(self, management: str) -> Simulated:
        """Returns the same over a login of its own; `management` is that server's target as planned now."""
        return Simulated(self._world, self._rules, self._weather, management or self._management)

    async def observe(self, work: Work) -> Done | None:
        """Returns Done where the world is as the step wants it."""
        await self._travel(work)
        deed = deed_of(work.step, self._management)
        while self._world.at_work(work.run, deed.mark, self._session):  # noqa: ASYNC110 -- as over a network
            await asyncio.sleep(_LOOK_AGAIN_S)
        if deed.kind == "look":
            self._look(work)
        elif not self._world.is_so(work.run, deed):
            return None
        return Done(result=_result(work))

    async def act(self, work: Work) -> None:
        """Asks the device for it."""
        await self._travel(work)
        _ask(work)
        for need in work.step.needs if isinstance(work, StepWork) else ():
            work.result(need)
        stops = here().stops
        await work.check()
        mine = cast("StepWork", work._work if isinstance(work, DrillWork) else work)
        asked = Request(
            run=work.run,
            by=mine.run,
            epoch=mine._shared.epoch,
            step=work.step,
            deed=deed_of(work.step, self._management),
            actor=here(),
            session=self._session,
            slept=here().stops != stops,
            amended=mine._shared.amended,
        )
        await self._world.request(asked, self._weather.outcome())

    def _look(self, work: Work) -> None:
        """A look finds what its needs have made, or it is no look at the world."""
        deed = deed_of(work.step, self._management)
        if work.step.handler == "vsphere.barrier":
            self._world.violations += self._rules.seen_barrier(work.run)
        if self._weather.lost_on_the_way():
            raise DeviceError("does not look as it should", about=work.step.object)
        self._world.seen(work.run, deed)

    async def _travel(self, work: Work) -> None:
        await asyncio.sleep(self._weather.travel_s())
        if self._weather.lost_on_the_way():
            raise Unreachable("gives no answer", about=work.step.object)


def _result(work: Work) -> Facts:
    found: Facts = {"of": work.step.key}
    if work.step.stage == "halt":
        found |= {"point_in_time": "2026-11-22T08:00:00Z", "rpo_s": 12.0, "clone": ""}
    if work.step.handler == "recovery.compare":
        found |= {"lost": 0}
    if work.step.handler == "vsphere.try-uplinks":
        found |= {"port": f"vmnic{len(work.step.arguments.get('refused', ()))}"}
    return found


def _ask(work: Work) -> None:
    """What an operator decides: a move for good that is reviewed, and ports that have run out."""
    step = work.step
    if step.handler == "vsphere.try-uplinks" and len(step.arguments.get("refused", ())) >= PORTS:
        raise DeviceError("no port is left to try", about=step.object)
    if step.handler == "vsphere.apply-uplinks" and step.asks:
        port = work.result(keys.uplinks_tried(step.object))["port"]
        question = f"move {step.object} on {step.machine} to {port}?"
        if work.answered(question) is None:
            raise Question(question, about=step.object, remedy="approve, or roll back")


class SimulatedRoom:
    """A room of the product with its own steps, carried out by simulated handlers."""

    def __init__(self, room: Room, handler: Simulated) -> None:
        self._room = room
        self._handler = handler

    def steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        return self._room.steps(plan)

    def cleanup_steps(self, plan: PlanInput, /) -> tuple[Step, ...]:
        return self._room.cleanup_steps(plan)

    def handlers(self, settings: Settings, plan: PlanInput, /) -> Handlers:
        named = {step.handler for step in (*self.steps(plan), *self.cleanup_steps(plan))}
        server = plan.mapping.management_server
        return dict.fromkeys(sorted(named), self._handler.again(server.target if server else ""))


def simulated(rooms: Sequence[Room], handler: Simulated) -> tuple[Room, ...]:
    """Returns the product's rooms as the simulation carries them out."""
    return tuple(SimulatedRoom(room, handler) for room in rooms)
