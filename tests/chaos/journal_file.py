"""A run as its journal's file tells it, read beside the product with nothing of the product."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple


class Told(NamedTuple):
    """An event; `at` in Unix seconds."""

    seq: int
    at: float
    kind: str
    step: str
    text: str
    facts: dict[str, Any]


class StepTold(NamedTuple):
    """A step's row."""

    key: str
    cleanup: bool
    state: str
    attempts: int
    epoch: int
    handler: str
    stage: str
    error: str


class JournalFile:
    """Opened anew for each question, so that it holds nobody up."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=30)) as connection:
            yield connection

    def newest(self) -> str:
        """Returns the name of the newest run, "" where there is none."""
        with self._open() as c:
            row = c.execute("SELECT id FROM run ORDER BY number DESC LIMIT 1").fetchone()
        return "" if row is None else str(row[0])

    def run(self, run: str) -> dict[str, Any]:
        """Returns a run's row by column, without its plan."""
        wanted = "state, cleanup_state, epoch, pid, seq"
        with self._open() as c:
            row = c.execute(f"SELECT {wanted} FROM run WHERE id = ?", (run,)).fetchone()
        return dict(zip(wanted.split(", "), row, strict=True))

    def steps(self, run: str) -> list[StepTold]:
        """Returns a run's steps in the plan's order."""
        columns = "key, cleanup, state, attempts, epoch, value, error"
        query = f"SELECT {columns} FROM step WHERE run = ? ORDER BY position"
        with self._open() as c:
            rows = c.execute(query, (run,)).fetchall()
        return [_step(row) for row in rows]

    def left(self, run: str) -> int:
        """Returns how many of a run's own steps are pending."""
        query = "SELECT count(*) FROM step WHERE run = ? AND state = 'pending' AND NOT cleanup"
        with self._open() as c:
            return int(c.execute(query, (run,)).fetchone()[0])

    def events(self, run: str, after: int = 0) -> list[Told]:
        """Returns a run's events, oldest first."""
        query = "SELECT seq, at, kind, step, text, facts FROM event WHERE run = ? AND seq > ? ORDER BY seq"
        with self._open() as c:
            rows = c.execute(query, (run, after)).fetchall()
        return [
            Told(seq, moment(at), kind, step, text, _json(facts)) for seq, at, kind, step, text, facts in rows
        ]

    def lines(self, run: str) -> list[tuple[str, str]]:
        """Returns what a command shows of a run: each event's time, and its step or kind; no progress."""
        query = "SELECT at, step, kind FROM event WHERE run = ? AND kind != 'progress' ORDER BY seq"
        with self._open() as c:
            return [(at, step or kind) for at, step, kind in c.execute(query, (run,))]

    def takeovers(self, run: str) -> list[Told]:
        """Returns the events of runners that took the run, oldest first."""
        return [event for event in self.events(run) if event.kind == "run" and "epoch" in event.facts]

    def results(self, run: str) -> dict[str, dict[str, Any]]:
        """Returns the results of a run's done steps by key."""
        with self._open() as c:
            rows = c.execute("SELECT key, result FROM step WHERE run = ? AND result IS NOT NULL", (run,))
            return {key: _json(result) for key, result in rows}

    def sound(self) -> str:
        """Returns what SQLite's own check says: `ok`."""
        with self._open() as c:
            return str(c.execute("PRAGMA integrity_check").fetchone()[0])


def moment(at: str) -> float:
    """Returns the Unix seconds of one of the journal's or the ledger's times."""
    return datetime.fromisoformat(at).timestamp()


def _step(row: tuple[Any, ...]) -> StepTold:
    key, cleanup, state, attempts, epoch, value, error = row
    told = _json(value)
    return StepTold(
        key, bool(cleanup), state, attempts, epoch, told["handler"], told.get("stage", ""), error or ""
    )


def _json(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(zlib.decompress(data) if data[:1] == b"\x78" else data)
    return found
