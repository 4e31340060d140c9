"""The protected site during a planned run: one session with its management server, and its guests' power."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, NamedTuple

from drconsole.errors import DRConsoleError, PinMismatch, Question, Unreachable, WrongCredentials
from drconsole.model.step import Facts
from drconsole.platforms.vsphere.importer.recovered import read_all, reference
from drconsole.platforms.vsphere.session import Session
from drconsole.settings.values import Settings, Site

_PATIENCE_S = (0.5, 1.0, 2.0)
"""Pauses before a management server that does not answer is asked again; then the operator is."""


class Standing(NamedTuple):
    """A guest as it stands at the protected site. `tools` says whether VMware Tools run in it."""

    guest: Any
    power: str
    tools: bool


class ProtectedSite:
    """The session with a site's own management server, opened at its first use and shared."""

    def __init__(self, settings: Settings, site: Site) -> None:
        self.settings = settings
        self.site = site
        self._session: Session | None = None
        self._lock = asyncio.Lock()

    async def session(self) -> Session:
        """Returns the session. Raises Unreachable, WrongCredentials, PinMismatch."""
        async with self._lock:
            if self._session is None:
                endpoint, name = self.site.endpoint, self.site.name
                self._session = await Session.open(endpoint, self.settings, about=f"protected site {name}")
            return self._session

    async def standing(self, wanted: Facts) -> tuple[Standing, ...]:
        """Returns the guests that have an instance uuid now: none, one, or copies of it.

        `wanted` has `id` and `instance_uuid`; without the latter the former is taken. Raises
        Unreachable after some patience.
        """
        for pause in _PATIENCE_S:
            try:
                return await self._standing(wanted)
            except (WrongCredentials, PinMismatch):
                raise
            except Unreachable:
                await self._forget()
                await asyncio.sleep(pause)
        return await self._standing(wanted)

    async def _standing(self, wanted: Facts) -> tuple[Standing, ...]:
        session = await self.session()
        found = await self._found(session, wanted)
        rows = await read_all(session, found, "runtime.powerState", "guest.toolsRunningStatus")
        return tuple(
            Standing(
                guest,
                str(rows[guest._moId]["runtime.powerState"]),
                rows[guest._moId].get("guest.toolsRunningStatus") == "guestToolsRunning",
            )
            for guest in found
            if "runtime.powerState" in rows.get(guest._moId, {})
        )

    async def _found(self, session: Session, wanted: Facts) -> list[Any]:
        if not wanted["instance_uuid"]:
            return [reference("VirtualMachine", wanted["id"])]
        search = session.content.searchIndex
        told = {"uuid": wanted["instance_uuid"], "vmSearch": True, "instanceUuid": True}
        return list(await session.invoke(search, "FindAllByUuid", **told) or [])

    async def _forget(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(DRConsoleError):
                await session.close()

    async def close(self) -> None:
        """Logs out, as far as it still answers."""
        await self._forget()

    def silence(self) -> str:
        """The one question about a management server that gives no answer: its answer counts for the run."""
        return (
            f"the protected management server of {self.site.name} gives no clear answer:"
            " are its hosts off, or cut off from networks and storage?"
        )

    def ask_about_silence(self) -> Question:
        """Returns the question as an error to raise."""
        remedy = (
            "approve once that is so: the protected side then counts as gone for the whole run;"
            " retry: ask it again; or cancel the run"
        )
        return Question(self.silence(), about=self.site.name, remedy=remedy)


def running(standing: tuple[Standing, ...]) -> tuple[Standing, ...]:
    """Returns those that are powered on, or of which that is not clear."""
    return tuple(found for found in standing if found.power not in ("poweredOff", "suspended"))
