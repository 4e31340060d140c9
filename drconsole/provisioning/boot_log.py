"""What machines fetched and reported, kept in a file so that a restarted runner knows it.

Events stand in power cycles: one that we order begins a new one, and what was said before it is
history. Within a cycle an event counts once.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

Kind = Literal["cycle", "netboot", "script", "start", "error", "end", "firstboot", "wiped", "disk", "gave-up"]
"""`cycle`: we ordered a power cycle; `netboot`: the boot script was fetched; `script`: the kickstart
or the answers were; `disk`: it came again after its install and was sent to its disk; `gave-up`: we
stopped waiting, and the cycle gets no script any more. The others are the machine's reports
(docs/network-boot.md)."""

_ORDER: dict[str, int] = {"start": 1, "end": 2, "firstboot": 3}


class BootEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line: `job` names the job, `text` is the machine's own (safe) words, `mac` the boot NIC."""

    at: str
    job: str
    kind: Kind
    text: str = ""
    serial: str = ""
    mac: str = ""

    def age_s(self) -> float:
        """Returns the seconds since it happened."""
        return (datetime.now(UTC) - datetime.fromisoformat(self.at)).total_seconds()


class BootLog:
    """The events of one run, on disk and in memory. Belongs to one event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._events: dict[str, list[BootEvent]] = {}
        self._changed = asyncio.Event()
        for event in _read(path):
            self._events.setdefault(event.job, []).append(event)

    def begin(self, job: str) -> None:
        """Notes that we order a power cycle now."""
        self._write(job, "cycle")

    def add(self, job: str, kind: Kind, *, text: str = "", serial: str = "", mac: str = "") -> bool:
        """Notes an event of the current cycle, on disk before it returns.

        Returns False for a repeat and for a report out of order: both change nothing.
        """
        events = self.cycle(job)
        if any((event.kind, event.serial) == (kind, serial) for event in events):
            return False
        reached = max((_ORDER.get(event.kind, 0) for event in events), default=0)
        if _ORDER.get(kind, 9) < reached or (kind == "error" and reached >= _ORDER["end"]):
            return False
        self._write(job, kind, text=text, serial=serial, mac=mac)
        return True

    def history(self, job: str) -> tuple[BootEvent, ...]:
        """Returns all events of a job, over all cycles."""
        return tuple(self._events.get(job, ()))

    def cycle(self, job: str) -> tuple[BootEvent, ...]:
        """Returns the events since the last power cycle that we ordered, that order included."""
        events = self._events.get(job, [])
        starts = [index for index, event in enumerate(events) if event.kind == "cycle"]
        return tuple(events[starts[-1] :]) if starts else tuple(events)

    def find(self, job: str, kinds: Iterable[Kind]) -> BootEvent | None:
        """Returns the first event of these kinds in the current cycle, or None."""
        wanted = set(kinds)
        return next((event for event in self.cycle(job) if event.kind in wanted), None)

    async def wait_for(self, job: str, kinds: Iterable[Kind], within_s: float) -> BootEvent | None:
        """Waits for an event of these kinds; returns None where none came within the seconds."""
        wanted = tuple(kinds)
        try:
            async with asyncio.timeout(max(0.0, within_s)):
                while (event := self.find(job, wanted)) is None:
                    await self._changed.wait()
        except TimeoutError:
            return self.find(job, wanted)
        return event

    def _write(self, job: str, kind: Kind, *, text: str = "", serial: str = "", mac: str = "") -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event = BootEvent(at=at, job=job, kind=kind, text=text, serial=serial, mac=mac)
        _append(self._path, msgspec.json.encode(event) + b"\n")
        self._events.setdefault(job, []).append(event)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _append(path: Path, line: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, line)
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> Iterable[BootEvent]:
    """A last line that a crash cut off was never acknowledged to its machine, which reports again."""
    if not path.exists():
        return
    lines = path.read_bytes().split(b"\n")
    if lines[-1]:
        _append(path, b"\n")
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=BootEvent)
        except msgspec.DecodeError:
            continue
