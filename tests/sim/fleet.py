"""Many seeds on all cores, and what they came to together."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack

import msgspec

from tests.sim.one_run import Verdict, run_seed

_SHOWN = 20


class Tally(msgspec.Struct, kw_only=True):
    """What a fleet of seeds came to. `states` counts how runs ended, by mode."""

    seeds: int = 0
    seconds: float = 0.0
    events: int = 0
    effects: int = 0
    runners: int = 0
    virtual_s: float = 0.0
    states: dict[str, int] = {}
    bad: list[Verdict] = []

    @property
    def rate(self) -> float:
        """Seeds a second, on all cores together."""
        return self.seeds / self.seconds if self.seconds else 0.0

    def add(self, verdict: Verdict) -> None:
        """Counts one seed."""
        self.seeds += 1
        self.events += verdict.events
        self.effects += verdict.effects
        self.runners += verdict.runners
        self.virtual_s += verdict.virtual_s
        self.states = dict(Counter(self.states) + Counter(verdict.states))
        if verdict.violations:
            self.bad.append(verdict)

    def told(self) -> str:
        """One paragraph."""
        ends = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        return (
            f"{self.seeds} seeds, {self.rate:.1f} seeds/s: {self.events} events, {self.effects} effects,"
            f" {self.runners} runners, {self.virtual_s / 3600:.1f} virtual hours; runs: {ends};"
            f" {len(self.bad)} seeds with violations"
        )


def sail(seeds: Sequence[int], *, workers: int = 0, hear: Callable[[Verdict], None] | None = None) -> Tally:
    """Runs seeds and counts. `workers` 0: one a core; `hear` is told of each that went wrong."""
    tally, began = Tally(), time.perf_counter()
    for verdict in _verdicts(seeds, workers or os.cpu_count() or 1):
        tally.add(verdict)
        if verdict.violations and hear is not None and len(tally.bad) <= _SHOWN:
            hear(verdict)
    tally.seconds = time.perf_counter() - began
    return tally


def _verdicts(seeds: Sequence[int], workers: int) -> Iterator[Verdict]:
    if workers == 1:
        yield from map(run_seed, seeds)
        return
    with ExitStack() as stack:
        context = multiprocessing.get_context("spawn")
        pool = stack.enter_context(ProcessPoolExecutor(workers, mp_context=context))
        yield from pool.map(run_seed, seeds, chunksize=max(1, min(20, len(seeds) // (4 * workers))))
