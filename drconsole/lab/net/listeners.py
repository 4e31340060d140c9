"""Which doors are open: recomputed from the world after every change of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from drconsole.lab.doors.array import array_application
from drconsole.lab.doors.redfish import redfish_application
from drconsole.lab.doors.ssh import listen_ssh
from drconsole.lab.net.addresses import HTTPS, SSH, AddressPlan
from drconsole.lab.net.doors import BlackHole, Door, Handler, open_application, open_handler
from drconsole.lab.net.tls import server_context
from drconsole.lab.world import reach
from drconsole.lab.world.certificate import Certificate
from drconsole.lab.world.faults import Fault
from drconsole.lab.world.linux import Linux
from drconsole.lab.world.machine import Machine
from drconsole.lab.world.system import System
from drconsole.lab.world.world import World

Place = tuple[str, int]
EndpointHandler = Callable[[System], Handler]
"""Gives the HTTP handler of a system's endpoint."""


@dataclass(frozen=True)
class Device:
    """Something with a fixed management address: its login, certificate, and web application."""

    address: str
    username: str
    password: str
    certificate: Certificate


@dataclass(frozen=True)
class Wanted:
    """A door that should be open. Two are the same door while `identity` is equal."""

    identity: tuple[object, ...]
    open: Callable[[], Awaitable[Door]]


class Listeners:
    """Opens and closes doors as the world changes.

    `bmcs` are by machine name, `arrays` by array name. A door that is no longer wanted is closed
    with all its connections before another one opens.
    """

    def __init__(
        self,
        world: World,
        plan: AddressPlan,
        bmcs: dict[str, Device],
        arrays: dict[str, Device],
        handler: EndpointHandler,
    ) -> None:
        self._world = world
        self._plan = plan
        self._bmcs = bmcs
        self._arrays = arrays
        self._handler = handler
        self._applications: dict[str, web.Application] = {}
        self._open: dict[Place, tuple[tuple[object, ...], Door]] = {}
        self._fixed: list[tuple[Place, Wanted]] = []
        self._of: dict[str, list[tuple[Place, Wanted]]] = {}
        self._news: set[str] | None = None
        self._stale = asyncio.Event()
        self._lock = asyncio.Lock()
        self._errors: dict[Place, str] = {}
        world.watch_news(self._hear)

    def _hear(self, machines: frozenset[str] | None) -> None:
        if machines is None:
            self._news = None
        elif self._news is not None:
            self._news |= machines
        self._stale.set()

    async def follow(self) -> None:
        """Keeps the doors as they should be, for ever."""
        while True:
            await self._stale.wait()
            await self._settle()

    async def settle(self) -> None:
        """Opens and closes until the doors are as the world has them now, whatever it has told of."""
        self._news = None
        await self._settle()

    async def _settle(self) -> None:
        async with self._lock:
            self._stale.clear()
            self._errors.clear()
            self._look()
            wanted = self._distinct()
            for place, (identity, door) in list(self._open.items()):
                if place not in wanted or wanted[place].identity != identity:
                    door.close()
                    del self._open[place]
            for place, want in wanted.items():
                if place not in self._open:
                    await self._try(place, want)

    def close(self) -> None:
        """Closes every door."""
        for _, door in self._open.values():
            door.close()
        self._open.clear()

    def places(self) -> list[Place]:
        """Returns where somebody listens now."""
        return sorted(self._open)

    def conflicts(self) -> dict[str, str]:
        """Returns the doors that could not be opened, by `address:port`, with the reason."""
        return {f"{address}:{port}": reason for (address, port), reason in self._errors.items()}

    def _distinct(self) -> dict[Place, Wanted]:
        """Returns what is wanted, one an address: of two machines with one, the first keeps it."""
        wanted: dict[Place, Wanted] = {}
        for place, want in self._wanted():
            if wanted.setdefault(place, want) is not want:
                self._errors[place] = "two machines have this address"
        return wanted

    async def _try(self, place: Place, want: Wanted) -> None:
        try:
            self._open[place] = (want.identity, await want.open())
        except (OSError, ValueError) as error:
            # A foreign process on the address, or a host key that is none.
            self._errors[place] = str(error)

    def _look(self) -> None:
        """Brings up to date what is wanted: of the machines that changed, or of everybody."""
        news, self._news = self._news, set()
        if news is None:
            self._fixed = list(self._devices())
            news = set(self._world.machines)
        for name in news:
            self._of[name] = list(self._installed(self._world.machines[name]))

    def _wanted(self) -> Iterator[tuple[Place, Wanted]]:
        yield from self._fixed
        for name in self._world.machines:
            yield from self._of.get(name, ())

    def _devices(self) -> Iterator[tuple[Place, Wanted]]:
        faults = self._world.faults
        gone = faults.active("site-gone")
        for name, device in self._bmcs.items():
            fault = faults.active("bmc-silent", machine=name)
            yield from self._device(f"bmc/{name}", device, fault, partial(self._bmc, name, device))
        for name, device in self._arrays.items():
            fault = gone if self._world.arrays[name].side == "protected" else None
            yield from self._device(f"array/{name}", device, fault, partial(self._array, name, device))
        yield from self._protected(gone)

    def _device(
        self, key: str, device: Device, fault: Fault | None, make: Callable[[], web.Application]
    ) -> Iterator[tuple[Place, Wanted]]:
        place = (device.address, HTTPS)
        if fault is not None:
            yield from _silent(place, fault)
            return

        async def open() -> Door:
            # An application belongs to one server: a door that opens again needs another one.
            return await open_application(make(), *place, server_context(device.certificate))

        yield place, Wanted((key,), open)

    def _protected(self, gone: Fault | None) -> Iterator[tuple[Place, Wanted]]:
        place = (self._plan.vcenter, HTTPS)
        if gone is not None:
            yield from _silent(place, gone)
        elif self._world.protected_management is not None:
            yield place, self._https(self._world.protected_management, place)

    def _installed(self, machine: Machine) -> Iterator[tuple[Place, Wanted]]:
        system = machine.system
        for listening in system.addresses() if system is not None else ():
            if not self._plan.provisions(listening.address):
                continue
            if reach.effective_vlan(machine, listening) is None:
                continue
            if listening.door == "ssh" and isinstance(system, Linux):
                ssh = (listening.address, SSH)
                yield ssh, Wanted((id(system),), partial(listen_ssh, machine, system, *ssh))
            elif system is not None and system.endpoint is not None:
                https = (listening.address, HTTPS)
                yield https, self._https(system, https)

    def _https(self, system: System, place: Place) -> Wanted:
        certificate = system.certificate

        async def open() -> Door:
            return await open_handler(self._handler(system), *place, server_context(certificate))

        return Wanted((id(system), certificate.pin), open)

    def _bmc(self, name: str, device: Device) -> web.Application:
        return redfish_application(self._world.machines[name], device.username, device.password)

    def _array(self, name: str, device: Device) -> web.Application:
        return array_application(self._world.arrays[name], device.username, device.password)


def _silent(place: Place, fault: Fault) -> Iterator[tuple[Place, Wanted]]:
    if fault.where.get("mode") != "black-hole":
        return

    async def open() -> Door:
        return BlackHole(*place)

    yield place, Wanted(("black-hole",), open)
