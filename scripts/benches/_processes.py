"""What a world's processes cost: CPU seconds and memory of the lab, the service and the runner, as time goes.

Sampled beside the bench's own work, so that nothing of what is measured knows of it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil

WHO = ("lab", "service", "runner")
_EVERY_S = 0.2
_RUNNER = "drconsole.recovery.runner"


@dataclass
class Usage:
    """CPU seconds so far and peak resident MiB of one process."""

    cpu: float = 0.0
    peak: float = 0.0


@dataclass
class Watch:
    """Samples until it is stopped. `product` is the peak of service and runner at the same moment, in MiB."""

    pids: dict[str, int]
    samples: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    used: dict[int, tuple[str, Usage]] = field(default_factory=dict)
    product: float = 0.0

    def cpu(self, who: str) -> float:
        """Returns the CPU seconds of all processes of that kind so far."""
        return sum(usage.cpu for kind, usage in self.used.values() if kind == who)

    def peak(self, who: str) -> float:
        """Returns the highest resident memory of any process of that kind, in MiB."""
        return max((usage.peak for kind, usage in self.used.values() if kind == who), default=0.0)

    def between(self, start: float, end: float) -> dict[str, float]:
        """Returns the CPU seconds of each kind between two moments (Unix time)."""
        before, after = self._at(start), self._at(end)
        return {who: after.get(who, 0.0) - before.get(who, 0.0) for who in WHO}

    def look(self) -> None:
        """Takes one sample."""
        now = 0.0
        for who, process in self._standing():
            _, usage = self.used.setdefault(process.pid, (who, Usage()))
            with contextlib.suppress(psutil.Error):
                times, resident = process.cpu_times(), process.memory_info().rss / 2**20
                usage.cpu, usage.peak = times.user + times.system, max(usage.peak, resident)
                now += resident if who != "lab" else 0.0
        self.product = max(self.product, now)
        self.samples.append((time.time(), {who: self.cpu(who) for who in WHO}))

    def _standing(self) -> Iterator[tuple[str, psutil.Process]]:
        """The known processes, and the service's children that carry runs."""
        for who, pid in self.pids.items():
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                yield who, process
                for child in process.children() if who == "service" else ():
                    if _RUNNER in child.cmdline():
                        yield "runner", child

    def _at(self, moment: float) -> dict[str, float]:
        found: dict[str, float] = {}
        for at, cpu in self.samples:
            if at > moment:
                break
            found = cpu
        return found


@contextlib.contextmanager
def watching(watch: Watch) -> Iterator[Watch]:
    """Samples in a thread while the body runs."""
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(_EVERY_S):
            watch.look()

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()
        watch.look()
