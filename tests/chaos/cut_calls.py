"""Row: each kind of outside call, cut before, during and after, in every manner."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from drconsole.errors import DeviceError, DRConsoleError, OutcomeUnknown, Unreachable
from drconsole.platforms.vsphere import watch
from drconsole.recovery import carry
from tests.chaos.cutting import UNDER_WAY, ByteCutter, Cut, Manner, Moment
from tests.chaos.outside import Outside, Prepared, open_outside
from tests.chaos.outside_calls import KINDS
from tests.chaos.row import Row
from tests.chaos.under_fire import Fire, Told, imported, provisioned

NAME = "cut_calls"
AIM = "0 hangs, 0 false successes"

SLACK_S = 2.0
"""A busy machine's share of a case's time."""

LETS_GO_S = 1.0
"""After a call has ended, its connection must be gone within so long, though its client lives on."""

AT_ONCE = 16
SEEDS = (1, 2, 3)
AGAIN = frozenset({"update"})
"""Effects that bring the same values again where a slow server's own came after the next observation."""

Work = Callable[..., Awaitable[Told]]
MACHINES = 24

EARLY: tuple[Manner, ...] = ("FIN", "RST", "silence", "garbage", "drip")
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
    """Cuts single calls first, then whole stages under fire."""
    given = cases(long=long)
    with tempfile.TemporaryDirectory() as name, _short_pauses():
        folder = Path(name)
        async with open_outside(folder / "calls", machines=MACHINES) as outside:
            misses = await _all(outside, given)
        stages = [
            await _stages(folder / f"fire-{seed}", seed, long=long) for seed in (SEEDS if long else SEEDS[:1])
        ]
    misses += [miss for told in stages for miss in told.misses]
    counted = Counter(miss.partition(" ")[0] for miss in misses)
    carried = (
        f"{sum(told.cuts for told in stages)} more in whole stages, retried {[t.retried for t in stages]}"
    )
    return Row(
        name=NAME,
        figure=f"{len(given)} cuts: {counted['hang']} hangs, {counted['false']} false successes",
        aim=AIM,
        ok=not misses,
        note="; ".join((carried, *misses[:40])),
    )


class Stages(NamedTuple):
    """What came of stages under fire."""

    cuts: int
    retried: int
    misses: list[str]


@contextmanager
def _short_pauses() -> Iterator[None]:
    """Whoever waits between two attempts waits less: what they do is the same."""
    before = watch.WAIT_S, carry.RETRY_S, carry.SETTLE_S
    logging.disable()  # the lab's server tells of every connection that dies
    watch.WAIT_S, carry.RETRY_S, carry.SETTLE_S = 1, (0.05, 0.1, 0.2, 0.4), (0.02, 0.05, 0.1, 0.3, 1.0)
    try:
        yield
    finally:
        watch.WAIT_S, carry.RETRY_S, carry.SETTLE_S = before
        logging.disable(logging.NOTSET)


async def _stages(folder: Path, seed: int, *, long: bool) -> Stages:
    """Carries stages out undisturbed and under fire, and compares what the world has."""
    fire = Fire(seed)
    works: list[Work] = [
        partial(imported, mode="drill", hosts=1, guests=3),
        partial(provisioned, roles={"esx-01": "E"}),
    ]
    if long:
        works = [partial(imported, mode="drill"), partial(imported, mode="disaster"), provisioned]
    told = await asyncio.gather(*(_compared(folder / str(n), work, fire) for n, work in enumerate(works)))
    return Stages(sum(fire.cuts.values()), sum(t.retried for t in told), [m for t in told for m in t.misses])


async def _compared(folder: Path, work: Work, fire: Fire) -> Stages:
    calm = await work(folder / "calm", fire=None)
    hot = await work(folder / "fire", fire=fire)
    more = {key: count for key, count in (hot.effects - calm.effects).items() if key[0] not in AGAIN}
    misses = [f"false success: the world lacks {key}" for key in calm.effects - hot.effects]
    misses += [f"twice: {key} {count} times more" for key, count in more.items()]
    misses += [f"stuck: {key}: {error}" for key, error in (calm.failed | hot.failed).items()]
    return Stages(0, hot.retried, misses)


async def _all(outside: Outside, given: list[Case]) -> list[str]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, case: Case) -> str:
        async with gate:
            for attempt in range(3):
                told = await judged(outside, number + 1000 * attempt, case)
                if not told.startswith("idle"):
                    break
            return told

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
