"""A bare world with its doors open on loopback, and the tools to knock at them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from drconsole.lab.build.physical import start_replication
from drconsole.lab.net.addresses import HTTPS, AddressPlan, claim
from drconsole.lab.net.listeners import Device, Listeners
from drconsole.lab.seams import endpoint_handler
from drconsole.lab.world.certificate import self_signed
from drconsole.lab.world.clock import WallClock
from drconsole.lab.world.world import World
from tests.lab.bare_world import BootFiles, bare_world


@dataclass
class OpenLab:
    """A lab at a thousand times the speed: one target's BMC, both recovery arrays, one protected array."""

    world: World
    plan: AddressPlan
    listeners: Listeners
    devices: dict[str, Device]
    boot: BootFiles

    def url(self, device: str, path: str = "") -> str:
        return f"https://{self.devices[device].address}:{HTTPS}{path}"

    def login(self, device: str, password: str | None = None) -> dict[str, str]:
        """The header of a login, the right one unless another password is given."""
        found = self.devices[device]
        given = found.password if password is None else password
        return {"Authorization": aiohttp.encode_basic_auth(found.username, given)}


@asynccontextmanager
async def open_lab(speed: float = 1000) -> AsyncIterator[OpenLab]:
    boot = BootFiles({})
    world = bare_world(WallClock(speed), boot)
    plan = claim()
    devices = {
        "E": _device(plan.bmc(0), "bmc-e"),
        "r1": _device(plan.array(0), "r1"),
        "r2": _device(plan.array(1), "r2"),
        "array1": _device(plan.array(2), "array1"),
    }
    bmcs = {"E": devices["E"]}
    arrays = {name: device for name, device in devices.items() if name != "E"}
    listeners = Listeners(world, plan, bmcs, arrays, endpoint_handler)
    await listeners.settle()
    world.spawn(listeners.follow())
    start_replication(world)
    try:
        yield OpenLab(world, plan, listeners, devices, boot)
    finally:
        listeners.close()
        await world.close()
        plan.lock.close()


@asynccontextmanager
async def client(lab: OpenLab, device: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A plain HTTP client that is logged in at a device and trusts its certificate alone."""
    context = trusting(lab.devices[device].certificate.pem)
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(
        base_url=lab.url(device), headers=lab.login(device), connector=connector
    ) as session:
        yield session


def trusting(pem: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=pem)
    context.check_hostname = False
    return context


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Waits until a condition of the world holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the world has no event for each thing that is asked
            await asyncio.sleep(0.01)


def _device(address: str, name: str) -> Device:
    return Device(address, "admin", f"password of {name}", self_signed(name, address))
