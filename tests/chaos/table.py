"""Measures rows one after another and prints each as soon as it is known."""

from __future__ import annotations

import asyncio
import inspect
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from typing import cast

import msgspec

from tests.chaos.left import end_left
from tests.chaos.row import Measured, Row

ROWS = (
    "simulation",
    "cut_calls",
    "journal_injection",
    "zombies",
    "ssh_drops",
    "takeover",
    "kill_boundaries",
    "observe_removed",
)
"""The modules, the quick and telling ones first."""

LONG_ONLY = frozenset({"observe_removed"})

LIMIT_S = {False: 300.0, True: 3600.0}
"""What one row may take, short and long: a row that hangs is a miss, not a lost evening."""

_WIDTHS = (22, 44, 30, 6)


class Timed(msgspec.Struct, frozen=True, kw_only=True):
    """A row, and the seconds that it took."""

    row: Row
    seconds: float


def chosen(names: Sequence[str], *, long: bool) -> list[str]:
    """Returns the modules of the rows asked for. Raises KeyError for a name that is none."""
    for name in names:
        if name not in ROWS:
            raise KeyError(name)
    return [name for name in ROWS if (name in names if names else long or name not in LONG_ONLY)]


def measure(name: str, *, long: bool) -> Timed:
    """Measures one row. Whatever goes wrong is a miss: of the row, or of what it left behind."""
    began = time.monotonic()
    try:
        module = cast("Measured", import_module(f"tests.chaos.{name}"))
        row = asyncio.run(_bounded(module, long=long))
    except KeyboardInterrupt:
        end_left()
        raise
    except Exception as error:  # the boundary: one broken row does not hide the others
        told = " ".join(f"{type(error).__name__}: {error}".split())
        row = Row(name=name, figure="not measured", aim="", ok=False, note=told[:500])
    if left := end_left():
        row = msgspec.structs.replace(
            row, ok=False, slow=False, note=f"left behind: {'; '.join(left)}. {row.note}"
        )
    return Timed(row=row, seconds=round(time.monotonic() - began, 1))


async def _bounded(module: Measured, *, long: bool) -> Row:
    async with asyncio.timeout(LIMIT_S[long]):
        found = module.row(long)
        return await found if inspect.isawaitable(found) else found


def show(names: Sequence[str], *, long: bool, as_json: bool) -> int:
    """Measures and prints. Returns 1 where a row missed its aim (short set: by more than seconds), else 0."""
    results: list[Timed] = []
    out = sys.stderr if as_json else sys.stdout
    print(_line(("row", "figure", "aim", "", "seconds, note")), file=out, flush=True)
    for name in names:
        results.append(measure(name, long=long))
        print(told(results[-1]), file=out, flush=True)
    if as_json:
        rows = [msgspec.structs.asdict(each.row) | {"seconds": each.seconds} for each in results]
        print(msgspec.json.encode(rows).decode())
    return 0 if all(each.row.ok or (each.row.slow and not long) for each in results) else 1


def told(result: Timed) -> str:
    """Returns a row's line."""
    row = result.row
    verdict = "ok" if row.ok else "SLOW" if row.slow else "MISSED"
    return _line((row.name, row.figure, row.aim, verdict, f"{result.seconds:.0f} s. {row.note}".strip()))


def _line(cells: Sequence[str]) -> str:
    *fixed, last = cells
    return "  ".join([f"{cell:{width}}" for cell, width in zip(fixed, _WIDTHS, strict=True)] + [last])
