"""The one container that is handed around: everything there is, and who is told when it changes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from drconsole.lab.world.arrays import Array
from drconsole.lab.world.clock import Clock
from drconsole.lab.world.fabric import Presence, Segment
from drconsole.lab.world.faults import Fault, Faults
from drconsole.lab.world.fetching import Fetch
from drconsole.lab.world.ledger import Ledger
from drconsole.lab.world.machine import Machine
from drconsole.lab.world.management import Management
from drconsole.lab.world.payload import HypervisorInstall
from drconsole.lab.world.system import Service, System
from drconsole.lab.world.timing import Timing


@dataclass(frozen=True)
class Factories:
    """What the world makes without knowing how: injected by who puts a lab together.

    `vcenter` gives a management server's endpoint, `hypervisor` what an installed host is.
    """

    vcenter: Callable[[World, Management], Service]
    hypervisor: Callable[[World, Machine, HypervisorInstall], System]
    fetch: Fetch


class World:
    """Machines, arrays, networks, the protected management server, and the faults in force.

    Paths are unique in the world: `machine/NAME`, `ARRAY/VOLUME`, and for managed objects
    `SIDE/DATACENTER/…` by names. `random` is seeded: use it for whatever looks arbitrary.
    """

    def __init__(
        self,
        clock: Clock,
        ledger: Ledger,
        factories: Factories,
        *,
        timing: Timing | None = None,
        seed: int = 1,
    ) -> None:
        self.clock = clock
        self.ledger = ledger
        self.factories = factories
        self.timing = timing or Timing.shipped()
        self.seed = seed
        self.random = random.Random(seed)  # noqa: S311 - one seed, one world
        self.faults = Faults(self.changed)
        self.presence = Presence(ledger, lambda: self.site_gone)
        self.machines: dict[str, Machine] = {}
        self.arrays: dict[str, Array] = {}
        self.segments: dict[str, Segment] = {}
        self.protected_management: Management | None = None
        self._pulled: dict[int, list[tuple[Machine, str]]] = {}
        self._watchers: list[Callable[[], None]] = []
        self._machine_watchers: dict[str, list[Callable[[], None]]] = {}
        self._news_watchers: list[Callable[[frozenset[str] | None], None]] = []
        self._telling = False
        self._news: set[str] | None = set()
        self._under: dict[int, Machine] = {}
        self._work: set[asyncio.Task[Any]] = set()

    @property
    def site_gone(self) -> bool:
        """Whether the whole protected site is away: its machines, vCenter and arrays."""
        return self.faults.active("site-gone") is not None

    def installed(self) -> Iterator[tuple[Machine | None, System]]:
        """Yields every installed system with its machine, first the protected management server,
        which has none: it is a guest."""
        if self.protected_management is not None:
            yield None, self.protected_management
        for machine in self.machines.values():
            if machine.system is not None:
                yield machine, machine.system

    def machine_under(self, system: System) -> Machine | None:
        """Returns the machine that a system is installed on; None for one in a guest."""
        known = self._under.get(id(system))
        if known is None or known.system is not system:
            known = next((m for m in self.machines.values() if m.system is system), None)
            if known is not None:
                self._under[id(system)] = known
        return known

    def watch(self, changed: Callable[[], None], *, machine: str = "") -> None:
        """Calls `changed` after whatever may have changed who answers whom; with `machine`, only after
        what may have changed that for this machine."""
        watchers = self._machine_watchers.setdefault(machine, []) if machine else self._watchers
        watchers.append(changed)

    def watch_news(self, changed: Callable[[frozenset[str] | None], None]) -> None:
        """As `watch`, with the names of the machines that changed; None where anything may have."""
        self._news_watchers.append(changed)

    def unwatch(self, changed: Callable[[], None], *, machine: str = "") -> None:
        """Stops telling; an unknown watcher is ignored."""
        watchers = self._machine_watchers.get(machine, []) if machine else self._watchers
        if changed in watchers:
            watchers.remove(changed)

    def changed(self) -> None:
        """Says that power, cables, addresses, certificates or faults changed, of anybody.

        What changes in one turn of the loop is told once, before anything that begins later. Without a
        running loop it is told at once.
        """
        self._news = None
        self._tell_soon()

    def changed_on(self, machine: Machine) -> None:
        """As `changed`, of one machine alone: with hundreds of them, nobody has to look at all.

        A change of a management server concerns every host that it has.
        """
        if machine.system is not None and machine.system.kind == "management":
            self._news = None
        elif self._news is not None:
            self._news.add(machine.name)
        self._tell_soon()

    def _tell_soon(self) -> None:
        if self._telling:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._tell()
        else:
            self._telling = True
            loop.call_soon(self._tell_once)

    async def take(self, name: str) -> None:
        """Waits as long as `name` of the timing table takes."""
        await self.clock.sleep(self.timing[name])

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Starts something that goes on by itself; `close` ends it. Its failure is said at once."""
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._ended)
        return task

    def start_fault(self, name: str, *, times: int | None = None, **where: str) -> Fault:
        """Puts a fault in force, with the effect on cables that it has at once."""
        fault = self.faults.start(name, times=times, **where)
        if name == "uplink-down":
            self._pulled[fault.id] = list(self._cables(fault))
            for machine, nic in self._pulled[fault.id]:
                self.set_link(machine, nic, link=False)
        return fault

    def clear_fault(self, name: str | None = None, **where: str) -> int:
        """Ends faults; cables that they pulled are plugged in again. Returns how many ended."""
        count = self.faults.clear(name, **where)
        left = {fault.id for fault in self.faults.all()}
        for id in self._pulled.keys() - left:
            for machine, nic in self._pulled.pop(id):
                self.set_link(machine, nic, link=True)
        return count

    def set_link(self, machine: Machine, nic: str, *, link: bool) -> None:
        """Plugs or pulls the cable of a NIC."""
        port = machine.nic(nic).port
        if port.link != link:
            port.link = link
            self.ledger.write("fabric", "link-up" if link else "link-down", f"{machine.path}/{nic}")
            self.changed_on(machine)
            self._tell()  # a cable shows at once

    async def close(self) -> None:
        """Ends all that goes on by itself."""
        for task in list(self._work):
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        self.ledger.close()

    def _tell_once(self) -> None:
        self._telling = False
        self._tell()

    def _tell(self) -> None:
        news = None if self._news is None else frozenset(self._news)
        self._news = set()
        for watcher in tuple(self._watchers):
            watcher()
        for told in tuple(self._news_watchers):
            told(news)
        for name in tuple(self._machine_watchers) if news is None else news:
            for watcher in tuple(self._machine_watchers.get(name, ())):
                watcher()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            message = {"message": "a part of the world broke", "exception": error}
            task.get_loop().call_exception_handler(message)

    def _cables(self, fault: Fault) -> Iterator[tuple[Machine, str]]:
        for machine in self.machines.values():
            if fault.where.get("machine", machine.name) == machine.name:
                for nic in machine.nics:
                    if nic.link and fault.where.get("nic", nic.name) == nic.name:
                        yield machine, nic.name
