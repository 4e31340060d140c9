"""What a runner that is to die is told, and what it leaves: files that outlive it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[2]
NAME = "orders.json"
"""Beside the configuration: so a runner knows its lab's."""

Boundary = Literal["before-intent", "after-intent", "after-act", "after-result"]
BOUNDARIES: tuple[Boundary, ...] = ("before-intent", "after-intent", "after-act", "after-result")


class Point(NamedTuple):
    """Where a runner dies."""

    key: str
    boundary: Boundary


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """`kill`: at each of these points one runner dies, once. `blind`: handlers that, after the first
    death, are told "not so" the first time that they look at each step, whatever the device shows."""

    kill: tuple[Point, ...] = ()
    blind: tuple[str, ...] = ()


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a runner wrote before it died, or while it lived; `at` in Unix seconds."""

    what: str
    pid: int
    at: float
    key: str = ""
    boundary: str = ""


class Place:
    """A file of orders, and beside it what became of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = path.with_suffix(".log")

    def order(self, orders: Orders) -> None:
        """Gives orders to the runners that start from now on, and forgets what the last ones left."""
        self._log.unlink(missing_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(orders))
        fresh.replace(self.path)

    def orders(self) -> Orders:
        """Returns what is ordered and has not been done yet."""
        told = msgspec.json.decode(self.path.read_bytes(), type=Orders)
        done = {(line.key, line.boundary) for line in self.log() if line.what == "kill"}
        return msgspec.structs.replace(told, kill=tuple(point for point in told.kill if point not in done))

    def write(self, what: str, *, key: str = "", boundary: str = "") -> None:
        """Leaves a line: whole, or not at all."""
        line = Line(what=what, pid=os.getpid(), at=time.time(), key=key, boundary=boundary)
        descriptor = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, msgspec.json.encode(line) + b"\n")
        finally:
            os.close(descriptor)

    def log(self, what: str = "") -> list[Line]:
        """Returns what runners left (of one kind), oldest first."""
        if not self._log.exists():
            return []
        lines = [msgspec.json.decode(line, type=Line) for line in self._log.read_bytes().splitlines()]
        return [line for line in lines if what in ("", line.what)]


@contextmanager
def heeded() -> Iterator[None]:
    """Runners of services that are started meanwhile heed the orders beside their configuration."""
    before = os.environ.get("PYTHONPATH")
    paths = [str(FOLDER), str(ROOT), *filter(None, [before])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    try:
        yield
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before


def points(keys: Iterable[str]) -> list[Point]:
    """Returns every boundary of steps, in their order."""
    return [Point(key, boundary) for key in keys for boundary in BOUNDARIES]
