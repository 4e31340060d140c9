"""Captures: on schedule and on demand, one at a time a site, late and failed ones said (R13)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from drconsole import documents
from drconsole.api.values import CaptureStatus
from drconsole.errors import DRConsoleError
from drconsole.journal.clock import now, stamp
from drconsole.recovery.drivers import platform_of
from drconsole.repository.entry import Entry
from drconsole.repository.repository import Repository
from drconsole.settings.values import Settings, Site

LATE = 0.5
"""A scheduled capture that begins later than half its interval is called late."""


class Captures:
    """Captures sites of one configuration into its repository."""

    def __init__(self, settings: Settings, repository: Repository) -> None:
        self._settings = settings
        self._repository = repository
        self._status: dict[str, CaptureStatus] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    @property
    def scheduled(self) -> bool:
        """Whether any site is captured on schedule: such a service does not end by itself."""
        return any(site.capture_s for site in self._settings.sites.values())

    def status(self, site: str) -> CaptureStatus:
        """Returns how the last capture went."""
        return self._status.get(site, CaptureStatus())

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
            late = (datetime.now(UTC) - due).total_seconds()
            try:
                await self.capture(site, site.profile, _unheard)
            except DRConsoleError as error:
                print(f"capture of {site.name}: {error}", flush=True)
            else:
                if late > every_s * LATE:
                    self._set(site.name, state="late", text=f"began {late:.0f} s late")
            due = max(due + timedelta(seconds=every_s), datetime.now(UTC))

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
            text = str(error) or type(error).__name__
            self._set(site.name, state="failed", ended=now(), text=text)
            await asyncio.to_thread(self._repository.record_attempt, site.name, started, False, text)
            raise
        self._set(site.name, state="ok", ended=now())
        await asyncio.to_thread(self._repository.record_attempt, site.name, started, True)
        return entry

    async def _stored(self, site: Site, profile: str, say: Callable[[str], None]) -> Entry:
        platform = platform_of(self._settings, site.name)
        async with asyncio.timeout(self._settings.deadlines["capture"]):
            snapshot = await platform.capture(site, self._settings, profile or site.profile, say)
        data = await asyncio.to_thread(documents.write_snapshot, snapshot)
        entry = await asyncio.to_thread(self._repository.add, data)
        if not snapshot.consistent:
            say(f"inconsistent: {len(snapshot.dangling)} references dangle; it will not be called verified")
        say(f"stored {entry.id}: {entry.hosts} hosts, {entry.guests} guests, {entry.size} bytes")
        return entry

    def _set(self, site: str, **changes: str) -> None:
        known = self._status.get(site, CaptureStatus())
        self._status[site] = msgspec.structs.replace(known, **changes)


def _unheard(_: str) -> None:
    """Narration of a scheduled capture: nobody listens."""
