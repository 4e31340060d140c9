"""Captures: on schedule and on demand, one at a time a site, late and failed ones said (R13)."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from drconsole import documents
from drconsole.api.values import CaptureStatus
from drconsole.errors import DeadlinePassed, DRConsoleError
from drconsole.journal.clock import now, stamp
from drconsole.recovery.drivers import platform_of
from drconsole.repository.entry import Entry
from drconsole.repository.repository import Repository
from drconsole.settings.values import Settings, Site

LATE = 0.5
"""A scheduled capture that begins later than half its interval is called late."""


class Captures:
    """Captures sites of one configuration into its repository; `tell` is called when a status changes."""

    def __init__(
        self, settings: Settings, repository: Repository, tell: Callable[[], None] = lambda: None
    ) -> None:
        self._settings = settings
        self._repository = repository
        self._tell = tell
        self._status: dict[str, CaptureStatus] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    @property
    def scheduled(self) -> bool:
        """Whether any site is captured on schedule: such a service does not end by itself."""
        return any(site.capture_s for site in self._settings.sites.values())

    def remember(self) -> None:
        """Takes over from the repository how the last attempts went: a restarted service knows. Blocking."""
        for name in self._settings.sites:
            attempts = self._repository.attempts(name)
            if attempts:
                last = attempts[-1]
                self._set(name, state="ok" if last.ok else "failed", started=last.at, text=last.error)

    def status(self, site: str) -> CaptureStatus:
        """Returns how the last capture went; `late` where the next one should have begun by now."""
        known = self._status.get(site, CaptureStatus())
        place = self._settings.sites.get(site)
        every_s = place.capture_s if place else None
        if not every_s or not known.next or known.state in ("running", "failed"):
            return known
        overdue = (datetime.now(UTC) - datetime.fromisoformat(known.next)).total_seconds()
        if overdue <= every_s * LATE:
            return known
        return msgspec.structs.replace(known, state="late", text=f"due since {known.next}")

    async def capture(self, site: Site, profile: str, say: Callable[[str], None]) -> Entry:
        """Captures a site now and stores the snapshot. Waits for one that is under way first.

        Raises what the platform raises; the failure stands in the status too.
        """
        lock = self._locks.setdefault(site.name, asyncio.Lock())
        if lock.locked():
            say("another capture of this site is under way; waiting for it")
        async with lock:
            return await self._noted(site, profile, say)

    async def schedule(self) -> None:
        """Captures every site with a schedule, for ever."""
        async with asyncio.TaskGroup() as group:
            for site in self._settings.sites.values():
                if site.capture_s:
                    group.create_task(self._repeat(site, site.capture_s))

    async def _repeat(self, site: Site, every_s: float) -> None:
        due = await self._first_due(site, every_s)
        while True:
            self._set(site.name, next=stamp(due))
            wait = (due - datetime.now(UTC)).total_seconds()
            await asyncio.sleep(max(0.0, wait))
            if await self._attempted(site):
                self._tell_lateness(site.name, due, every_s)
            due = _next_due(due, every_s)

    def _tell_lateness(self, site: str, due: datetime, every_s: float) -> None:
        """Another capture may have been under way when it was due, or no service."""
        late = (datetime.fromisoformat(self._status[site].started) - due).total_seconds()
        if late > every_s * LATE:
            self._set(site, state="late", text=f"began {late:.0f} s late")

    async def _attempted(self, site: Site) -> bool:
        """Captures once. Whatever goes wrong ends this attempt, never the schedule."""
        try:
            await self.capture(site, site.profile, _unheard)
        except DRConsoleError as error:
            print(f"capture of {site.name}: {error}", flush=True)
            return False
        except Exception as error:  # the boundary: a mistake of ours is recorded and told, and tried again
            traceback.print_exception(error)
            return False
        return True

    async def _first_due(self, site: Site, every_s: float) -> datetime:
        """A restarted service goes on where the last snapshot left off."""
        entries = await asyncio.to_thread(self._repository.entries, site.name)
        if not entries:
            return datetime.now(UTC)
        return datetime.fromisoformat(entries[-1].taken) + timedelta(seconds=every_s)

    async def _noted(self, site: Site, profile: str, say: Callable[[str], None]) -> Entry:
        started = now()
        self._set(site.name, state="running", started=started, ended="", text="")
        try:
            entry = await self._stored(site, profile, say)
        except BaseException as error:
            text = _why(error)
            self._set(site.name, state="failed", ended=now(), text=text)
            await asyncio.to_thread(self._repository.record_attempt, site.name, started, False, text)
            raise
        await asyncio.to_thread(self._repository.record_attempt, site.name, started, True)
        self._set(site.name, state="ok", ended=now())
        return entry

    async def _stored(self, site: Site, profile: str, say: Callable[[str], None]) -> Entry:
        platform = platform_of(self._settings, site.name)
        limit = self._settings.deadlines["capture"]
        try:
            async with asyncio.timeout(limit):
                snapshot = await platform.capture(site, self._settings, profile or site.profile, say)
        except TimeoutError as late:
            raise DeadlinePassed(f"the capture took longer than {limit:g} s", about=site.name) from late
        data = await asyncio.to_thread(documents.write_snapshot, snapshot)
        entry = await asyncio.to_thread(self._repository.add, data)
        if not snapshot.consistent:
            say(f"inconsistent: {len(snapshot.dangling)} references dangle; it will not be called verified")
        say(f"stored {entry.id}: {entry.hosts} hosts, {entry.guests} guests, {entry.size} bytes")
        return entry

    def _set(self, site: str, **changes: str) -> None:
        known = self._status.get(site, CaptureStatus())
        self._status[site] = msgspec.structs.replace(known, **changes)
        self._tell()


def _next_due(due: datetime, every_s: float) -> datetime:
    """Returns the next moment of the schedule: one that was missed is not made up for."""
    missed = max(0.0, (datetime.now(UTC) - due).total_seconds()) // every_s
    return due + timedelta(seconds=every_s * (missed + 1))


def _why(error: BaseException) -> str:
    """What an attempt failed of, for its record."""
    if isinstance(error, asyncio.CancelledError):
        return "was given up before its end"
    return str(error) or type(error).__name__


def _unheard(_: str) -> None:
    """Narration of a scheduled capture: nobody listens."""
