"""Where the halves of the lab meet: the physical world, and what speaks vim25 in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from drconsole.lab.churn import Tally, churn
from drconsole.lab.doors.vim25.http import handle
from drconsole.lab.dump import dump
from drconsole.lab.world.system import System
from drconsole.lab.world.vim.esxi.door import install_hypervisor
from drconsole.lab.world.vim.objects import Endpoint
from drconsole.lab.world.vim.vcenter import new_vcenter

new_hypervisor = install_hypervisor


def endpoint_handler(system: System) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """Returns the HTTP handler of a system's vSphere endpoint."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        endpoint = system.endpoint
        assert isinstance(endpoint, Endpoint), "its door is open"
        return await handle(endpoint, request)

    return answer


__all__ = ["Tally", "churn", "dump", "endpoint_handler", "new_hypervisor", "new_vcenter"]
