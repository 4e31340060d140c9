"""Guests are shut down at the protected site: by their Tools, never hard unless an operator says so."""

from __future__ import annotations

import asyncio
import time

from drconsole.errors import Question, Unreachable
from drconsole.model.step import Done, Work
from drconsole.platforms.vsphere.faults import Fault
from drconsole.platforms.vsphere.protected.site import ProtectedSite, Standing, running

_LOOK_FIRST_S, _LOOK_S = 0.1, 2.0
_NO_TOOLS = frozenset({"ToolsUnavailable", "NotSupported", "OperationNotSupportedByGuest"})
_OFF_ALREADY = "InvalidPowerState"


class ShutDown:
    """The guest is off at the protected site, or is there no more."""

    def __init__(self, site: ProtectedSite) -> None:
        self._site = site

    async def observe(self, work: Work) -> Done | None:
        """Its power now. Raises Question where the management server does not answer."""
        if said := work.answered(self._site.silence()):
            return Done(result={"power": "unknown", "accepted_by": said[0], "at": said[1]})
        standing = await self._standing(work)
        if running(standing):
            return None
        power = "gone" if not standing else "suspended" if _suspended(standing) else "off"
        return Done(result={"power": power, "hard_by": _hard(work)})

    async def act(self, work: Work) -> None:
        """Tells it to shut down and waits. Raises Question where it stays on."""
        for found in running(await self._standing(work)):
            await work.check()
            if _hard(work):
                await self._power_off(work, found)
            else:
                await self._tell(work, found)
        await self._off(work)

    async def describe(self, work: Work) -> str:
        """What the management server shows of it."""
        standing = await self._standing(work)
        return f"it is {', '.join(found.power for found in standing) or 'not there any more'}"

    async def _standing(self, work: Work) -> tuple[Standing, ...]:
        try:
            return await self._site.standing(work.step.arguments)
        except Unreachable as error:
            work.say(str(error))
            raise self._site.ask_about_silence() from error

    async def _tell(self, work: Work, found: Standing) -> None:
        work.say("told to shut down" if work.step.arguments["ran"] else "runs, though captured off; told to")
        session = await self._site.session()
        try:
            await session.invoke(found.guest, "ShutdownGuest", _about=work.step.object)
        except Fault as fault:
            if fault.code in _NO_TOOLS:
                raise _question(work) from fault
            if fault.code != _OFF_ALREADY:
                raise

    async def _power_off(self, work: Work, found: Standing) -> None:
        work.say(f"powered off hard, as {_hard(work)} said")
        session = await self._site.session()
        try:
            task = await session.invoke(found.guest, "PowerOffVM_Task", _about=work.step.object)
            await session.wait_task(task, work.step.arguments["within_s"], about=work.step.object)
        except Fault as fault:
            if fault.code != _OFF_ALREADY:
                raise

    async def _off(self, work: Work) -> None:
        end, pause = time.monotonic() + work.step.arguments["within_s"], _LOOK_FIRST_S
        while running(await self._standing(work)):
            if time.monotonic() >= end:
                raise _question(work)
            work.progress("shutting down")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LOOK_S)


def _suspended(standing: tuple[Standing, ...]) -> bool:
    return any(found.power == "suspended" for found in standing)


def _hard(work: Work) -> str:
    """Who said that it is to be powered off hard, "" for nobody."""
    said = work.answered(_text(work))
    return said[0] if said else ""


def _text(work: Work) -> str:
    return f"{work.step.object} ({work.step.arguments['id']}) did not shut down by itself: power it off hard?"


def _question(work: Work) -> Question:
    return Question(
        _text(work),
        about=work.step.object,
        remedy=(
            "approve: power it off; retry: tell it once more; skip: leave it running there, out of this run;"
            " or cancel the run"
        ),
    )
