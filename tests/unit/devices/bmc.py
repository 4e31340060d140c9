"""A BMC with the habits of its vendor, and behind it a machine that boots over HTTP and installs."""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tests.unit.wire.impostor import Identity

SYSTEM = "/redfish/v1/Systems/Self"


@dataclass
class Habits:
    """What this machine does otherwise than it should."""

    demands_etag: bool = False
    settings_object: bool = False
    ignores_once: bool = False
    never_netboots: bool = False
    busy_after_off: int = 0
    stuck_on: bool = False
    fetches_no_script: bool = False
    installer_silent: bool = False
    installer_error: str = ""
    loses_reports: bool = False
    never_comes_up: bool = False
    erases_itself: bool = True


@dataclass
class FakeMachine:
    """One machine. `log` is what it did, in order; `disk` what its disk holds."""

    uuid: str = "4c4c4544-0042-3510-8054-b4c04f564433"
    serial: str = "SN-E"
    macs: tuple[str, ...] = ("AA:00:00:00:00:01", "AA:00:00:00:00:02", "AA:00:00:00:00:03")
    links: tuple[str, ...] = ("LinkDown", "LinkUp", "LinkUp")
    disk: str = ""
    disk_serial: str = "DISK-1"
    habits: Habits = field(default_factory=Habits)
    power: str = "Off"
    boot: dict[str, Any] = field(default_factory=lambda: {"BootSourceOverrideEnabled": "Disabled"})
    log: list[str] = field(default_factory=list)
    port: int = 0
    identity: Identity | None = None
    kickstart: str = ""
    etag: int = 1
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    server: asyncio.Server | None = None

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/redfish/v1/Systems", self._systems)
        app.router.add_get(SYSTEM, self._system)
        app.router.add_patch(SYSTEM, self._patch)
        app.router.add_patch(f"{SYSTEM}/SD", self._patch_settings)
        app.router.add_post(f"{SYSTEM}/Reset", self._reset)
        app.router.add_post(f"{SYSTEM}/Erase", self._erase)
        app.router.add_get("/{path:.*}", self._part)
        return app

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        if self.server is not None:
            self.server.close()

    async def _systems(self, request: web.Request) -> web.Response:
        return web.json_response({"Members": [{"@odata.id": SYSTEM}]})

    async def _system(self, request: web.Request) -> web.Response:
        parts = ("EthernetInterfaces", "Storage", "NetworkInterfaces", "SecureBoot", "Processors")
        found = {
            "UUID": self.uuid.upper(),
            "SerialNumber": self.serial,
            "PowerState": self.power,
            "Boot": {"BootSourceOverrideMode": "UEFI", **self.boot},
            "MemorySummary": {"TotalSystemMemoryGiB": 256},
            "ProcessorSummary": {"Count": 2, "CoreCount": 32, "LogicalProcessorCount": 64, "Model": "Xeon"},
            "Actions": {"#ComputerSystem.Reset": {"target": f"{SYSTEM}/Reset"}},
            **{part: {"@odata.id": f"{SYSTEM}/{part}"} for part in parts},
        }
        if self.habits.settings_object:
            found["@Redfish.Settings"] = {"SettingsObject": {"@odata.id": f"{SYSTEM}/SD"}}
        return web.json_response(found, headers={"ETag": f'"{self.etag}"'})

    async def _part(self, request: web.Request) -> web.Response:
        found = self._parts().get(request.path.removeprefix(SYSTEM))
        return web.json_response(found) if found is not None else web.Response(status=404)

    def _parts(self) -> dict[str, Any]:
        nics = [f"/EthernetInterfaces/{i}" for i in range(len(self.macs))]
        erase = {"#Drive.SecureErase": {"target": f"{SYSTEM}/Erase"}} if self.habits.erases_itself else {}
        volumes = [{"@odata.id": "/volume"}] if self.disk else []
        return {
            "/EthernetInterfaces": _members(nics),
            **{
                path: {"Id": f"NIC.{i}", "MACAddress": self.macs[i], "LinkStatus": self.links[i]}
                for i, path in enumerate(nics)
            },
            "/Storage": _members(["/Storage/1"]),
            "/Storage/1": {"Drives": [{"@odata.id": f"{SYSTEM}/Drive"}]},
            "/Drive": {
                "Id": "D1",
                "SerialNumber": self.disk_serial,
                "CapacityBytes": 10**12,
                "Links": {"Volumes": volumes},
                "Actions": erase,
            },
            "/NetworkInterfaces": _members(["/NetworkInterfaces/FC"]),
            "/NetworkInterfaces/FC": {"NetworkDeviceFunctions": {"@odata.id": f"{SYSTEM}/Functions"}},
            "/Functions": _members(["/Functions/1", "/Functions/2"]),
            "/Functions/1": {"FibreChannel": {"WWPN": "10:00:00:00:C9:00:00:01"}},
            "/Functions/2": {"Ethernet": {}},
        }

    async def _patch(self, request: web.Request) -> web.Response:
        if self.habits.settings_object:
            return web.Response(status=405)
        if self.habits.demands_etag and request.headers.get("If-Match") != f'"{self.etag}"':
            return web.Response(status=428)
        return await self._patch_settings(request)

    async def _patch_settings(self, request: web.Request) -> web.Response:
        wanted = (await request.json())["Boot"]
        assert "BootSourceOverrideMode" not in wanted, "HPE rejects it"
        self.boot |= wanted
        self.etag += 1
        self.log.append(f"boot {wanted['BootSourceOverrideEnabled']}")
        return web.Response(status=204)

    async def _reset(self, request: web.Request) -> web.Response:
        kind = (await request.json())["ResetType"]
        if kind == "On" and self.habits.busy_after_off:
            self.habits.busy_after_off -= 1
            return web.Response(status=409)
        self.log.append(kind)
        if kind == "ForceOff" and not self.habits.stuck_on:
            self._off()
        if kind == "On":
            self.power = "On"
            task = asyncio.create_task(self._start())
            self.tasks.add(task)
        return web.Response(status=204)

    async def _erase(self, request: web.Request) -> web.Response:
        self.log.append("erase")
        self.disk = ""
        return web.Response(status=202)

    def _off(self) -> None:
        self.power = "Off"
        for task in self.tasks:
            task.cancel()
        if self.server is not None:
            self.server.close()
            self.server = None

    async def _start(self) -> None:
        enabled, url = self.boot.get("BootSourceOverrideEnabled"), self.boot.get("HttpBootUri", "")
        if enabled == "Once":
            self.boot["BootSourceOverrideEnabled"] = "Disabled"
        ignored = self.habits.never_netboots or (enabled == "Once" and self.habits.ignores_once)
        if enabled == "Disabled" or ignored:
            self.log.append("disk")
            return
        headers = {"X-Boot-Mac": self.macs[1], "X-Boot-Uuid": self.uuid}
        async with aiohttp.ClientSession() as session:
            status, script = await self._get(session, url, headers)
            if status == 200 and "kernel" in script and not self.habits.fetches_no_script:
                await self._install(session, script)

    async def _install(self, session: aiohttp.ClientSession, script: str) -> None:
        if serials := re.search(r"wipe\.serials=(\S+) wipe\.report=(\S+)", script):
            self.disk = ""
            await self._report(session, f"{serials[2]}?event=wiped&serial={serials[1]}")
            return
        found = re.search(r"(?:inst\.ks=|appliance\.answers=)(\S+)", script)
        url = found[1] if found else re.sub(r".* -c (\S+)/boot.cfg.*", r"\1/ks.cfg", script, flags=re.S)
        status, self.kickstart = await self._get(session, url.removeprefix("#!ipxe\n").strip(), {})
        report = url.rpartition("/")[0].removeprefix("#!ipxe\n").strip() + "/report"
        if status != 200 or self.habits.installer_silent:
            return
        await self._report(session, f"{report}?event=start")
        if self.habits.installer_error:
            await self._report(session, f"{report}?event=error&message={self.habits.installer_error}")
            return
        self.disk = "installed"
        self.log.append("installed")
        await self._report(session, f"{report}?event=end")
        if not self.habits.never_comes_up:
            await self._listen()

    async def _listen(self) -> None:
        address = re.search(r'(?:--ip=|"extra_network":[^}]*?"ip": ")([0-9.]+)', self.kickstart, re.S)
        assert address is not None
        assert self.identity is not None
        context: ssl.SSLContext = self.identity.context()
        self.server = await asyncio.start_server(_hang_up, address[1], self.port, ssl=context)

    async def _report(self, session: aiohttp.ClientSession, url: str) -> None:
        if not self.habits.loses_reports:
            await self._get(session, url, {})

    async def _get(
        self, session: aiohttp.ClientSession, url: str, headers: dict[str, str]
    ) -> tuple[int, str]:
        async with session.get(url, headers=headers) as answer:
            return answer.status, await answer.text()


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        await reader.read()
    writer.close()


def _members(paths: list[str]) -> dict[str, Any]:
    return {"Members": [{"@odata.id": f"{SYSTEM}{path}"} for path in paths]}
