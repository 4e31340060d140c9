"""The default site on a clock of the test's choice, and its vCenter behind a TLS listener."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web
from pyVim.connect import Disconnect, SmartConnect

from drconsole.lab.build.blueprint import VCENTER_USER, Blueprint
from drconsole.lab.build.default import build_world
from drconsole.lab.seams import endpoint_handler, new_hypervisor, new_vcenter
from drconsole.lab.world.clock import Clock, WallClock
from drconsole.lab.world.ledger import Ledger
from drconsole.lab.world.management import Management
from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.dispatch import invoke
from drconsole.lab.world.vim.objects import ManagedObject
from drconsole.lab.world.vim.tasks import Task
from drconsole.lab.world.vim.vcenter.guests import VirtualMachine
from drconsole.lab.world.vim.vcenter.server import VCenter
from drconsole.lab.world.world import Factories, World

PASSWORD = "Lab-vCenter-1!"
Result = TypeVar("Result")


async def no_boot_service(url: str, headers: dict[str, str]) -> bytes:
    raise AssertionError(f"nothing boots here: {url}")


def built_site(clock: Clock | None = None) -> World:
    """Returns the default world with its protected inventory; nothing listens."""
    clock = clock or WallClock(10_000)
    factories = Factories(vcenter=new_vcenter, hypervisor=new_hypervisor, fetch=no_boot_service)
    world = World(clock, Ledger(clock), factories)
    build_world(world, Blueprint(vcenter_password=PASSWORD))
    return world


def vcenter_of(world: World) -> VCenter:
    """Returns the protected vCenter."""
    management = world.protected_management
    assert management is not None
    assert isinstance(management.endpoint, VCenter)
    return management.endpoint


def guest(vcenter: VCenter, name: str) -> VirtualMachine:
    """Returns a guest by its name."""
    return next(item for item in vcenter.of(VirtualMachine) if item.name == name)


def admin(vcenter: VCenter) -> Call:
    """Returns a call of a logged-in administrator."""
    return Call(vcenter, vcenter.sessions.login(VCENTER_USER, PASSWORD), initiator="test")


async def run(call: Call, target: ManagedObject, method: str, **arguments: Any) -> Any:
    """Invokes a method; of a task it awaits the end and returns the result. Raises its fault."""
    result = await invoke(call, target, method, arguments)
    task = call.endpoint.objects.get(getattr(result, "_moId", ""))
    if not isinstance(task, Task):
        return result
    await task.done.wait()
    info = task.value("info")
    if info.error is not None:
        raise info.error
    return info.result


def trusting() -> ssl.SSLContext:
    """Returns a client's context that takes any certificate: pins are the product's subject."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@asynccontextmanager
async def listening(management: Management, tmp_path: Path) -> AsyncIterator[int]:
    """Opens a TLS door for a management server's endpoint; yields its port on 127.0.0.1."""
    pem = tmp_path / "vcenter.pem"
    pem.write_text(management.certificate.pem + management.certificate.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    connections = web.Server(endpoint_handler(management))
    server = await asyncio.get_running_loop().create_server(connections, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await connections.shutdown(1)


async def as_client(port: int, work: Callable[[Any], Result]) -> Result:
    """Runs `work` with an unmodified pyVmomi client's ServiceInstance in a thread."""

    def whole() -> Result:
        context = trusting()
        instance = SmartConnect(
            host="127.0.0.1", port=port, user=VCENTER_USER, pwd=PASSWORD, sslContext=context
        )
        try:
            return work(instance)
        finally:
            Disconnect(instance)
            instance._stub.DropConnections()

    return await asyncio.to_thread(whole)
