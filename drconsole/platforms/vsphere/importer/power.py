"""Handlers that start a guest and wait for its heartbeat."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from drconsole.errors import DeviceError
from drconsole.model.step import Done, Work
from drconsole.platforms.vsphere.faults import Fault
from drconsole.platforms.vsphere.importer.graph import found
from drconsole.platforms.vsphere.importer.recovered import RecoveredSite, SiteHandler, reference
from drconsole.platforms.vsphere.importer.tasks import run_task
from drconsole.platforms.vsphere.session import Session

_MOVED = ("moved", "button.uuid.movedthevm")
_LOOK_FIRST_S, _LOOK_S = 0.05, 0.5
_BEATING = frozenset({"green", "yellow"})
_BEAT_SHARE = 0.5
"""How much of its deadline a step waits for a heartbeat, so that giving it up is no failure."""


class PowerOn(SiteHandler):
    """Starts a guest, and answers the question that changed storage raises: it was moved, not copied."""

    async def observe(self, work: Work) -> Done | None:
        session, guest = await self.site.server(work), reference("VirtualMachine", found(work, "guest"))
        state = await session.read(guest, "runtime.powerState")
        return Done(result={"power": "on"}) if state["runtime.powerState"] == "poweredOn" else None

    async def act(self, work: Work) -> None:
        session, guest = await self.site.server(work), reference("VirtualMachine", found(work, "guest"))
        await work.check()
        starting = asyncio.ensure_future(self._started(work, session, guest))
        pause = _LOOK_FIRST_S
        try:
            while not (await asyncio.wait({starting}, timeout=pause))[0]:
                await self._answer(work, session, guest)
                pause = min(pause * 1.5, _LOOK_S)
            await starting
        finally:
            starting.cancel()

    async def _started(self, work: Work, session: Session, guest: Any) -> None:
        seconds, about = work.step.deadline_s, work.step.object
        await run_task(session, guest, "PowerOnVM_Task", seconds=seconds, about=about)

    async def _answer(self, work: Work, session: Session, guest: Any) -> None:
        question = (await session.read(guest, "runtime.question")).get("runtime.question")
        if question is None:
            return
        choice = moved_choice(question)
        if choice is None:
            raise DeviceError(
                f"asks: {question.text}", about=work.step.object, remedy="answer it, then retry"
            )
        try:
            await session.invoke(guest, "AnswerVM", questionId=question.id, answerChoice=choice)
            work.say("told that it was moved, so that it keeps its uuid and its MAC addresses")
        except Fault as fault:
            # Somebody else, or the attempt before, has answered already.
            if fault.code != "InvalidArgument":
                raise


def moved_choice(question: Any) -> str | None:
    """Returns the key of the answer "I moved it", None for another question."""
    for item in question.choice.choiceInfo:
        if any(word in f"{item.label} {item.summary}".lower() for word in _MOVED):
            return str(item.key)
    return None


class Heartbeat(SiteHandler):
    """Waits for the heartbeat of a guest that had one when it was captured.

    A guest without is said and left to the operator: it runs, and what ails it is its own.
    """

    def __init__(self, site: RecoveredSite) -> None:
        super().__init__(site)
        self._given_up: set[str] = set()

    async def observe(self, work: Work) -> Done | None:
        session, guest = await self.site.server(work), reference("VirtualMachine", found(work, "guest"))
        state = await session.read(guest, "guestHeartbeatStatus", "guest.toolsRunningStatus")
        beat = str(state.get("guestHeartbeatStatus", ""))
        if beat in _BEATING:
            return Done(result={"heartbeat": beat})
        return Done(result={"heartbeat": "none"}) if work.token in self._given_up else None

    async def act(self, work: Work) -> None:
        patience = work.step.deadline_s * _BEAT_SHARE
        end = time.monotonic() + patience
        while time.monotonic() < end:
            work.progress("waiting for the heartbeat")
            await asyncio.sleep(_LOOK_S)
            if await self.observe(work) is not None:
                return
        self._given_up.add(work.token)
        work.say(f"it runs, but its VMware Tools gave no heartbeat within {patience:.0f} s")
