"""Machines fetch over real HTTP from a boot service that is nothing but files."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from drconsole.lab.net.fetch import machine_fetch
from drconsole.lab.world.fetching import FetchFailed
from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.power import press
from tests.lab.bare_world import URL, BootFiles, hypervisor_files, order_netboot
from tests.lab.open_lab import open_lab, until

BIG = bytes(range(256)) * 4096


class _Service:
    """Serves files by name, remembers the headers of the first request."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"big": BIG}
        self.headers: dict[str, str] = {}

    async def answer(self, request: web.Request) -> web.Response:
        self.headers = self.headers or dict(request.headers)
        name = request.match_info["name"]
        if name == "report":
            return web.Response(text="ok")
        if name not in self.files:
            raise web.HTTPForbidden
        return web.Response(body=self.files[name])


@pytest.fixture
async def service() -> AsyncIterator[tuple[_Service, str]]:
    service = _Service()
    app = web.Application()
    app.router.add_get("/boot/token/{name}", service.answer)
    async with TestServer(app) as server:
        yield service, str(server.make_url("/boot/token"))


async def test_a_body_arrives_in_whole_and_a_refusal_has_its_status(service: tuple[_Service, str]) -> None:
    _, url = service
    async with machine_fetch() as fetch:
        assert await fetch(f"{url}/big", {}) == BIG
        with pytest.raises(FetchFailed) as refused:
            await fetch(f"{url}/none", {})
        assert refused.value.status == 403
        for nobody in ("http://127.0.0.1:1/x", "nonsense"):
            with pytest.raises(FetchFailed) as refused:
                await fetch(nobody, {})
            assert refused.value.status == 0


async def test_a_machine_installs_itself_over_http(service: tuple[_Service, str]) -> None:
    files, url = service
    async with open_lab() as lab, machine_fetch() as fetch:
        machine = lab.world.machines["E"]
        files.files = _moved(hypervisor_files(machine, address=lab.plan.first), url)
        lab.world.factories = dataclasses.replace(lab.world.factories, fetch=fetch)
        order_netboot(machine)
        machine.boot.uri = f"{url}/boot.ipxe"
        press(machine, "On")
        await until(lambda: machine.running)
        assert isinstance(machine.system, Hypervisor)
    assert files.headers["X-Boot-Mac"] == machine.nic("vmnic0").mac
    assert files.headers["X-Boot-Uuid"] == machine.hardware.uuid


def _moved(boot: BootFiles, url: str) -> dict[str, bytes]:
    return {
        name.removeprefix(f"{URL}/"): body.replace(URL.encode(), url.encode())
        for name, body in boot.files.items()
    }
