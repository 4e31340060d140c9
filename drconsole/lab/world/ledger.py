"""The lab's own record of every effect on its world: one JSON line each, flushed at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from drconsole.lab.world.clock import Clock

KEPT = 200_000
"""Entries kept in memory; the file has all of them."""


class Entry(NamedTuple):
    """One effect. `object` is a path unique in the world; `detail` tells lawful repeats apart."""

    at: str
    actor: str
    effect: str
    object: str
    detail: dict[str, Any]


class Ledger:
    """Appends effects to a file, or keeps them only in memory where `path` is None."""

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self._file = path.open("a", encoding="utf-8") if path else None
        self.entries: list[Entry] = []
        self.recording = True
        """False while a world is built: what was always there is no effect."""

    def write(self, actor: str, effect: str, object: str, **detail: Any) -> None:
        """Records that `actor` had `effect` on `object`. `detail` values are JSON values."""
        if not self.recording:
            return
        at = self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        entry = Entry(at, actor, effect, object, detail)
        if len(self.entries) >= KEPT:
            del self.entries[: KEPT // 2]
        self.entries.append(entry)
        if self._file is not None:
            self._file.write(json.dumps(entry._asdict(), ensure_ascii=False) + "\n")
            self._file.flush()

    def of(self, effect: str, object: str | None = None) -> list[Entry]:
        """Returns the kept entries of an effect, of one object or of all, oldest first."""
        return [e for e in self.entries if e.effect == effect and object in (None, e.object)]

    def close(self) -> None:
        """Closes the file; later effects stay in memory."""
        if self._file is not None:
            self._file.close()
            self._file = None
