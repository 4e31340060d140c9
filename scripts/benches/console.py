"""Console: first frame, what a key costs at 10,000 and 50,000 guests, bytes to the terminal, stalls.

usage: scripts/bench console [--quick] [--only ROW]...    ROW is frame, keys, bytes or stalls; else all

A console in a process of its own behind a pty of 120x40, and a service that a test has written down. frame:
wall and CPU from the start of the process to its first picture over those of an empty Textual app, in
turn, median of 15. keys: CPU of the whole process until the screen rests, p95 of 60 presses. bytes: over
some seconds each. stalls: the event loop's longest, while the reader takes 256 kbit/s and keys are pressed
20 times a second. `--quick`: a third of the times, and no 50,000 guests.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from _console import Seat, first_frame, longest, seat

from tests.console.large_world import large_run, large_world, powered, progressed
from tests.console.scripted_service import ScriptedService

ROWS = ("frame", "keys", "bytes", "stalls")
FRAME, IDLE, CHANGES, RUN = 1.4, 0.3, 6.0, 8.0
KEYS = {"move": 16.0, "scroll": 16.0, "filter a letter": 30.0, "toggle a flag": 16.0}
STEADY_S, TURN_S = 0.2, 1.0
LINE = 256 * 1000 // 8
"""Bytes a second of a slow line."""

MACHINES = 64
_PRESSES = {"move": ["j"], "scroll": ["\x1b[6~"], "toggle a flag": [" "]}
_LETTERS = ["w", "e", "b", "-", "0", *["\x7f"] * 5]


def main(arguments: list[str]) -> int:
    """Prints each figure beside its aim; returns 1 where one is missed."""
    quick, named = "--quick" in arguments, [word for word in arguments if word in ROWS]
    strange = set(arguments) - {"--quick", "--only", *ROWS}
    if strange:
        print(f"no row {', '.join(sorted(strange))}; there are {', '.join(ROWS)}")
        return 2
    rows = {"frame": frame, "keys": keys, "bytes": sent, "stalls": stalls}
    with tempfile.TemporaryDirectory() as runtime:
        os.environ["XDG_RUNTIME_DIR"] = runtime
        met = [each for name in named or ROWS for each in rows[name](quick)]
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    return int(not all(met))


@contextmanager
def _world(guests: int) -> Iterator[tuple[ScriptedService, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        service = large_world(Path(folder), guests)
        with service.listening():
            yield service, Path(folder) / "stalls"


def frame(quick: bool) -> list[bool]:
    """First pictures in turn, so that both meet the same machine."""
    with _world(40) as (service, _):
        first_frame(None), first_frame(service.config)  # bytecode and disk
        pairs = [(first_frame(None), first_frame(service.config)) for _ in range(5 if quick else 15)]
    met = []
    for number, word in enumerate(("wall", "CPU")):
        empty = statistics.median(pair[0][number] for pair in pairs)
        ours = statistics.median(pair[1][number] for pair in pairs)
        print(f"first frame, {word}: {ours * 1e3:.0f} ms, empty app {empty * 1e3:.0f} ms")
        met.append(_row(f"first frame ÷ empty app, {word}", ours / empty, "", FRAME))
    return met


def keys(quick: bool) -> list[bool]:
    """What keys cost on Sites and VMs; with five times as many guests at most twice the aim."""
    met = []
    for guests, factor in ((10_000, 1.0),) if quick else ((10_000, 1.0), (50_000, 2.0)):
        with _world(guests) as (service, told), seat(service.config, told) as one:
            _opened(one, guests)
            one.types("t")  # from the tree to its table
            met += _keys(one, f"Sites, {guests:,}", ("move", "scroll"), factor, quick)
            met.append(_filter(one, f"Sites, {guests:,}", factor, quick))
            one.types("4")
            one.sees("[4 VMs]", f"VMs {guests}", within=120)
            one.rests()
            met += _keys(one, f"VMs, {guests:,}", tuple(_PRESSES), factor, quick)
            met.append(_filter(one, f"VMs, {guests:,}", factor, quick))
    return met


def _keys(one: Seat, where: str, names: tuple[str, ...], factor: float, quick: bool) -> list[bool]:
    met = []
    for name in names:
        one.types("g")
        one.listen(0.5)
        costs = one.costs(_PRESSES[name], 20 if quick else 60)
        met.append(_p95(f"{where}: {name}", costs, KEYS[name] * factor))
    return met


def _filter(one: Seat, where: str, factor: float, quick: bool) -> bool:
    one.types("/")
    one.listen(0.5)
    costs = one.costs(_LETTERS, 20 if quick else 60)
    one.types("\r")
    one.listen(0.5)
    return _p95(f"{where}: filter a letter", costs, KEYS["filter a letter"] * factor)


def _p95(name: str, costs: list[float], aim: float) -> bool:
    return _row(name, costs[int(len(costs) * 0.95)], "ms", aim, f"median {statistics.median(costs):.1f}")


def sent(quick: bool) -> list[bool]:
    """Bytes to the terminal: nothing happens; 50 guests change a second; 64 machines go on twice a second."""
    seconds = 5.0 if quick else 15.0
    with _world(10_000) as (service, told), seat(service.config, told) as one:
        _opened(one, 10_000)
        met = [_row("bytes, idle", _rate(one, seconds, 0.5, lambda _: None), "kB/s", IDLE)]

        def change(at: Callable[[int], int]) -> Callable[[int], None]:
            return lambda n: service.batches.append(powered([at(10 * n + i) for i in range(10)], n % 4 < 2))

        anywhere = _rate(one, seconds, 0.2, change(lambda n: 1 + 7919 * n % 10_000))
        met.append(_row("bytes, 50 changes/s anywhere", anywhere, "kB/s", CHANGES))
        shown = _rate(one, seconds, 0.2, change(lambda n: 1 + 6 * (n % 25)))
        met.append(_row("bytes, 50 changes/s, all shown", shown, "kB/s", CHANGES))
    with _world(400) as (service, told):
        large_run(service, MACHINES)
        with seat(service.config, told) as one:
            one.sees("live 2s", within=60)
            one.types("5")
            one.sees(f"Machines {MACHINES}", within=60)
            one.listen(2.0)
            run = _rate(one, seconds, 0.5, lambda n: progressed(service, MACHINES, min(1.0, 0.01 * (n + 1))))
    return [*met, _row(f"bytes, run of {MACHINES} machines, 2 Hz", run, "kB/s", RUN)]


def _rate(one: Seat, seconds: float, every_s: float, each: Callable[[int], None]) -> float:
    one.listen(1.5)
    before, began, number = len(one.sent), time.monotonic(), 0
    while time.monotonic() - began < seconds:
        each(number)
        number += 1
        one.listen(every_s)
    return (len(one.sent) - before) / 1000 / (time.monotonic() - began)


def stalls(quick: bool) -> list[bool]:
    """The loop's longest stall on a slow line: while one moves, and while one turns from screen to screen."""
    seconds = 4.0 if quick else 12.0
    with _world(10_000) as (service, told), seat(service.config, told) as one:
        _opened(one, 10_000)
        one.types("4")
        one.sees("[4 VMs]", "VMs 10000", within=60)
        one.rests()
        longest(one, told)
        pressed: list[int] = []

        def move(number: int) -> None:
            one.types("j")
            pressed.append(number)
            if number % 4 == 0:
                service.batches.append(powered([1 + 6 * (n % 25) for n in range(10)], number % 8 == 0))

        one.crawl(seconds, LINE, move)
        steady = longest(one, told)
        one.quiet(0.5)
        lost = f" {len(pressed) + 1}/10000" not in one.text
        met = [_row("longest stall, moving", steady, "s", STEADY_S)]
        met.append(_row("keys lost", float(lost), "", 0.0, f"{len(pressed)} pressed"))
        one.crawl(seconds, LINE, lambda n: one.types("1423"[n // 10 % 4]) if n % 10 == 0 else None)
        return [*met, _row("longest stall, changing screens", longest(one, told), "s", TURN_S)]


def _opened(one: Seat, guests: int) -> None:
    """Waits until Sites shows all, and what was captured of it."""
    one.sees("live 2s", f"Guests {guests:,}", "08:00Z", within=180)
    one.rests()


def _row(name: str, value: float, unit: str, aim: float, beside: str = "") -> bool:
    met = value <= aim
    print(f"{name:38} {value:8.2f} {unit:4} aim {aim:g}{'' if met else '   MISSED'}   {beside}", flush=True)
    return met
