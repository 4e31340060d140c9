"""One machine by its BMC: power and boot order, with the habits of the vendors.

| habit | answer here |
|---|---|
| Lenovo, AMI: PATCH demands If-Match | every PATCH carries the last ETag; 412 and 428 fetch a fresh one |
| HPE: BootSourceOverrideMode only when it changes | it is never sent |
| AMI: the override lives under a settings object | PATCH goes there where the system answers 405 |
| iDRAC 10: 409 to power-on for a minute after power-off | asked again until the deadline |
| Supermicro, iDRAC 9: Once is ignored | `boot_from(always=True)`; who watches the boot service decides |
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from drconsole.errors import DeadlinePassed, DeviceError
from drconsole.model.target import TargetHardware
from drconsole.provisioning.redfish.inventory import Inventory, power_word
from drconsole.provisioning.redfish.resources import Collection, System
from drconsole.settings.values import PoolMachine, Settings
from drconsole.wire.http import JsonClient, Reply, endpoint_client, patiently

_ROOT = "/redfish/v1/Systems"


class RedfishMachine:
    """The system behind one BMC; `system` is its path where the first member is not meant."""

    def __init__(self, client: JsonClient, *, settle_s: float, system: str = "") -> None:
        self._client = client
        self._settle_s = settle_s
        self._path = system

    async def probe(self) -> TargetHardware:
        reply, system = await self._system()
        return await Inventory(self._client, system, reply.skew_s()).hardware()

    async def power(self) -> str:
        return power_word((await self._system())[1].power_state)

    async def turn_on(self, *, within_s: float) -> None:
        if await self.power() != "on":
            await self._reset("On", within_s)
            await self._until("on", within_s)

    async def turn_off(self, *, within_s: float, graceful: bool = False) -> None:
        if await self.power() == "off":
            return
        if graceful and await self._went_quietly(within_s / 4):
            return
        await self._reset("ForceOff", within_s)
        await self._until("off", within_s)

    async def boot_from(self, url: str, *, always: bool = False) -> None:
        await self._order("UefiHttp", always, {"HttpBootUri": url})

    async def boot_over_pxe(self, *, always: bool = False) -> None:
        """As `boot_from`, for firmware without HTTP boot: DHCP says where to load from."""
        await self._order("Pxe", always, {})

    async def _order(self, target: str, always: bool, more: dict[str, str]) -> None:
        enabled = "Continuous" if always else "Once"
        wanted = {"BootSourceOverrideTarget": target, "BootSourceOverrideEnabled": enabled, **more}
        pending = await self._write_boot(wanted)
        boot = (await self._system())[1].boot
        uri = more.get("HttpBootUri")
        kept = boot is not None and boot.target == target and uri in (None, boot.http_boot_uri)
        if not pending and not kept:
            raise DeviceError("took the boot order and forgot it", about=self._client.about, code="BOOT")

    async def boots_as_usual(self) -> bool:
        boot = (await self._system())[1].boot
        return boot is None or boot.enabled in (None, "Disabled")

    async def boot_as_usual(self) -> None:
        if not await self.boots_as_usual():
            await self._write_boot({"BootSourceOverrideEnabled": "Disabled"})

    async def erase(self, serial: str) -> bool:
        reply, system = await self._system()
        for _path, drive in await Inventory(self._client, system, reply.skew_s()).drives():
            if drive.serial_number == serial and drive.actions and drive.actions.erase:
                (await self._client.call("POST", drive.actions.erase.target, {})).expect()
                return True
        return False

    async def close(self) -> None:
        await self._client.close()

    async def _system(self) -> tuple[Reply, System]:
        if not self._path:
            members = (await self._client.get(_ROOT, Collection)).members
            if not members:
                raise DeviceError("manages no system", about=self._client.about, code="NO_SYSTEM")
            self._path = members[0].path
        reply = (await self._client.call("GET", self._path)).expect()
        return reply, reply.decode(System)

    async def _write_boot(self, wanted: dict[str, str]) -> bool:
        """Returns True where the order is pending in a settings object and cannot be read back."""

        async def once() -> bool:
            reply, system = await self._system()
            answer = await self._patch(self._path, wanted, reply.etag or system.etag or "")
            settings = system.settings.object if system.settings else None
            if answer.status != 405 or settings is None:
                answer.expect()
                return False
            (await self._patch(settings.path, wanted, "*")).expect()
            return True

        return await patiently(once, again=_moved_on, within_s=self._settle_s)

    async def _patch(self, path: str, wanted: dict[str, str], etag: str) -> Reply:
        headers = {"If-Match": etag} if etag else {}
        return await self._client.call("PATCH", path, {"Boot": wanted}, headers=headers)

    async def _reset(self, kind: str, within_s: float) -> None:
        async def once() -> None:
            _, system = await self._system()
            action = system.actions.reset if system.actions else None
            path = action.target if action else f"{self._path}/Actions/ComputerSystem.Reset"
            (await self._client.call("POST", path, {"ResetType": kind})).expect()

        await patiently(once, again=_busy, within_s=within_s)

    async def _went_quietly(self, within_s: float) -> bool:
        try:
            await self._reset("GracefulShutdown", within_s)
            await self._until("off", within_s)
        except (DeviceError, DeadlinePassed):
            return False
        return True

    async def _until(self, state: str, within_s: float) -> None:
        end, pause = time.monotonic() + within_s, 0.05
        while (found := await self.power()) != state:
            if time.monotonic() > end:
                raise DeadlinePassed(
                    f"is still {found or 'silent about its power'} after {within_s:g} s, not {state}",
                    about=self._client.about,
                    remedy="look at the machine, or take a spare of the pool",
                )
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 2.0)


def open_machine(machine: PoolMachine, settings: Settings) -> RedfishMachine:
    """Returns a machine of the pool; nothing is sent before the first verb. The caller closes it."""
    limits = settings.deadlines
    client = endpoint_client(
        machine.bmc,
        about=f"BMC of {machine.name}",
        connect_s=limits["bmc-connect"],
        total_s=limits["bmc-call"],
    )
    return RedfishMachine(client, settle_s=limits["bmc-call"])


def _code(error: BaseException) -> Any:
    return error.code if isinstance(error, DeviceError) else ""


def _moved_on(error: BaseException) -> bool:
    return _code(error) in ("HTTP 409", "HTTP 412", "HTTP 428", "HTTP 503")


def _busy(error: BaseException) -> bool:
    return _code(error) in ("HTTP 409", "HTTP 503")
