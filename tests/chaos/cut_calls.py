"""Row: each kind of outside call, cut before, during and after, in every manner."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections import Counter
from contextlib import aclosing
from pathlib import Path
from typing import NamedTuple

from drconsole.errors import DeviceError, DRConsoleError, OutcomeUnknown, Unreachable
from drconsole.platforms.vsphere import watch
from tests.chaos.cutting import ByteCutter, Cut, Manner, Moment
from tests.chaos.outside import KINDS, Outside, Prepared, open_outside
from tests.chaos.row import Row

NAME = "cut_calls"
AIM = "0 hangs, 0 false successes"

SLACK_S = 2.0
"""A busy machine's share of a case's time."""

LETS_GO_S = 1.0
"""After a call has ended, its connection must be gone within so long, though its client lives on."""

AT_ONCE = 16
MACHINES = 24

EARLY: tuple[Manner, ...] = ("FIN", "RST", "silence", "garbage", "drip")
UNDER_WAY: tuple[Manner, ...] = ("FIN", "RST", "silence", "garbage")
WHOLE: tuple[Manner, ...] = ("FIN", "RST", "silence", "garbage", "drip", "page", "error", "half", "noise")
WELL_FORMED = frozenset({"page", "error", "half"})
"""Nothing is wrong with their connections: they may be kept."""

MANNERS: dict[Moment, tuple[Manner, ...]] = {
    "connect": EARLY,
    "handshake": EARLY,
    "before": WHOLE,
    "in the request": UNDER_WAY,
    "in the answer": UNDER_WAY,
    "after": WHOLE,
}


class Case(NamedTuple):
    """One call and its cut."""

    kind: str
    moment: Moment
    manner: Manner

    def __str__(self) -> str:
        return f"{self.kind}, {self.moment}: {self.manner}"


def cases(*, long: bool) -> list[Case]:
    """All of them; the short form takes each third, in which every pair of moment and manner comes."""
    every = [
        Case(kind, moment, manner)
        for kind, (_, moments) in KINDS.items()
        for moment in moments
        for manner in (UNDER_WAY if kind == "SSH" else MANNERS[moment])
    ]
    return every if long else [case for number, case in enumerate(every) if number % 3 == 0]


async def row(long: bool) -> Row:
    """Measures."""
    given = cases(long=long)
    logging.disable()  # the lab's server tells of every connection that dies
    before, watch.WAIT_S = watch.WAIT_S, 1
    try:
        with tempfile.TemporaryDirectory() as folder:
            async with open_outside(Path(folder), machines=MACHINES) as outside:
                misses = await _all(outside, given)
    finally:
        watch.WAIT_S = before
        logging.disable(logging.NOTSET)
    counted = Counter(miss.partition(" ")[0] for miss in misses)
    return Row(
        name=NAME,
        figure=f"{len(given)} cuts: {counted['hang']} hangs, {counted['false']} false successes",
        aim=AIM,
        ok=not misses,
        note="; ".join(misses[:40]),
    )


async def _all(outside: Outside, given: list[Case]) -> list[str]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, case: Case) -> str:
        async with gate:
            return await judged(outside, number, case)

    told = await asyncio.gather(*(one(number, case) for number, case in enumerate(given)))
    return [f"{miss} ({case})" for miss, case in zip(told, given, strict=True) if miss]


async def judged(outside: Outside, number: int, case: Case) -> str:
    """Cuts one call and returns what is wrong with how it ended, "" for nothing."""
    opener, _ = KINDS[case.kind]
    async with aclosing(opener(outside, number)) as preparing:  # type: ignore[type-var]  # generators all
        prepared = await anext(preparing)
        _armed(prepared, case)
        began = time.monotonic()
        try:
            async with asyncio.timeout(prepared.limit_s + SLACK_S):
                value = await prepared.attempt()
        except TimeoutError:
            return f"hang for {time.monotonic() - began:.1f} s"
        except DRConsoleError as error:
            wrong = _wrong_class(prepared, case, error)
        except Exception as error:  # the boundary: whatever else comes out is what this looks for
            wrong = f"error {type(error).__name__}: {error}"
        else:
            wrong = _false(prepared, value)
        if not prepared.cutter.bitten:
            return "idle: nothing was cut"
        return wrong or ("" if case.manner in WELL_FORMED else await _held(prepared))


def _armed(prepared: Prepared, case: Case) -> None:
    cutter = prepared.cutter
    if not isinstance(cutter, ByteCutter):
        cutter.cut = Cut(moment=case.moment, manner=case.manner, where=prepared.where)
        return
    cutter.manner = case.manner
    match case.moment:
        case "before":
            cutter.after_heard = 10
        case "in the request":
            cutter.after_told = cutter.told // 2
        case "in the answer":
            cutter.after_heard = cutter.heard - 400
        case _:
            cutter.after_heard = cutter.heard - 30


def _false(prepared: Prepared, value: object) -> str:
    if not prepared.right(value) or (prepared.effect is not None and not prepared.effect()):
        return f"false success: {str(value)[:60]!r}"
    return ""


def _wrong_class(prepared: Prepared, case: Case, error: DRConsoleError) -> str:
    """A read may be repeated: Unreachable; a write that may have acted is OutcomeUnknown; 500 is a fault."""
    if case.manner == "error" and isinstance(error, DeviceError):
        return ""
    if isinstance(error, OutcomeUnknown):
        return "" if prepared.effect is not None or case.kind == "SSH" else f"error unknown: {error}"
    if not isinstance(error, Unreachable):
        return f"error {type(error).__name__}: {error}"
    if prepared.effect is not None and prepared.effect() and case.moment in ("in the answer", "after"):
        return "" if case.kind == "vSphere task wait" else f"error no doubt told: {error}"
    return ""


async def _held(prepared: Prepared) -> str:
    for _look in range(50):
        if not prepared.cutter.held:
            break
        await asyncio.sleep(LETS_GO_S / 50)
    return f"held {prepared.cutter.held} connections" if prepared.cutter.held else ""
