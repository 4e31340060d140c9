"""Reading a machine's hardware from its BMC."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, TypeVar

from drconsole.errors import DeviceError
from drconsole.model.target import TargetDisk, TargetHardware, TargetNic
from drconsole.provisioning.redfish.resources import (
    Collection,
    Drive,
    Ethernet,
    Link,
    NetworkFunction,
    NetworkInterface,
    Processor,
    SecureBoot,
    Storage,
    System,
)
from drconsole.wire.http import JsonClient

T = TypeVar("T")

_ABSENT = frozenset({404, 500, 501})
"""How BMCs say that a resource they link to is not there. What planning needs and is then missing is
refused there, by name."""

_AT_ONCE = 4
"""Calls to one BMC at a time: they are small computers."""


class Inventory:
    """Reads the parts of one system. Optional resources that a BMC lacks count as absent."""

    def __init__(self, client: JsonClient, system: System, skew_s: float) -> None:
        self._client = client
        self._system = system
        self._skew_s = skew_s
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def hardware(self) -> TargetHardware:
        """Returns everything that planning wants to know. Raises DeviceError without a UUID."""
        system = self._system
        if not system.uuid:
            raise DeviceError("tells no UUID", about=self._client.about, code="NO_UUID")
        async with _together() as group:
            nics, drives = group.create_task(self._nics()), group.create_task(self.drives())
            wwpns, vendor = group.create_task(self._wwpns()), group.create_task(self._cpu_vendor())
            secure = group.create_task(self._secure_boot())
        cpu, memory = system.processor_summary, system.memory_summary
        return TargetHardware(
            uuid=system.uuid.lower(),
            serial=system.serial_number or "",
            vendor=system.manufacturer or "",
            model=system.model or "",
            cpu_vendor=vendor.result(),
            cpu_packages=(cpu.count if cpu else None) or 0,
            cpu_cores=(cpu.core_count if cpu else None) or 0,
            cpu_threads=(cpu.logical_processor_count if cpu else None) or 0,
            memory_mib=round(((memory.total if memory else None) or 0) * 1024),
            boot_mode=_boot_mode(system),
            secure_boot=secure.result(),
            power=power_word(system.power_state),
            nics=nics.result(),
            disks=tuple(_disk(drive) for _, drive in drives.result()),
            wwpns=wwpns.result(),
            skew_s=self._skew_s,
        )

    async def drives(self) -> list[tuple[str, Drive]]:
        """Returns every drive with its path, in the BMC's order."""
        controllers = await self._members(self._system.storage, Storage)
        links = [link for controller in controllers for link in controller.drives]
        return list(zip([link.path for link in links], await self._all(links, Drive), strict=True))

    async def _nics(self) -> tuple[TargetNic, ...]:
        found = await self._members(self._system.ethernet_interfaces, Ethernet)
        return tuple(_nic(nic) for nic in found if nic.mac or nic.permanent_mac)

    async def _wwpns(self) -> tuple[str, ...]:
        interfaces = await self._members(self._system.network_interfaces, NetworkInterface)
        names: list[str] = []
        for interface in interfaces:
            for function in await self._members(interface.functions, NetworkFunction):
                if function.fibre_channel and function.fibre_channel.wwpn:
                    names.append(re.sub(r"[^0-9a-f]", "", function.fibre_channel.wwpn.lower()))
        return tuple(dict.fromkeys(names))

    async def _cpu_vendor(self) -> str:
        summary = self._system.processor_summary
        first = await self._members(self._system.processors, Processor, most=1)
        told = " ".join(
            word
            for word in (
                first[0].manufacturer if first else "",
                first[0].model if first else "",
                summary.model if summary else "",
            )
            if word
        ).lower()
        return "intel" if "intel" in told or "xeon" in told else "amd" if "amd" in told else ""

    async def _secure_boot(self) -> bool:
        link = self._system.secure_boot
        found = await self._all([link], SecureBoot) if link else []
        return bool(found) and found[0].current == "Enabled"

    async def _members(self, link: Link | None, kind: type[T], most: int = 0) -> list[T]:
        if link is None:
            return []
        found = await self._all([link], Collection)
        members = list(found[0].members) if found else []
        return await self._all(members[:most] if most else members, kind)

    async def _all(self, links: list[Link], kind: type[T]) -> list[T]:
        """Reads several resources, in order; what is not there is an empty one of its kind."""
        async with _together() as group:
            reading = [group.create_task(self._one(link.path, kind)) for link in links]
        return [task.result() for task in reading]

    async def _one(self, path: str, kind: type[T]) -> T:
        async with self._gate:
            reply = await self._client.call("GET", path)
        return kind() if reply.status in _ABSENT else reply.expect().decode(kind)


@asynccontextmanager
async def _together() -> AsyncIterator[asyncio.TaskGroup]:
    """Does several things at once; where one fails, none goes on behind the back of whoever asked."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors


def power_word(state: str | None) -> Literal["on", "off", "changing", ""]:
    """Returns our word for a PowerState."""
    match state:
        case "On":
            return "on"
        case "Off":
            return "off"
        case "PoweringOn" | "PoweringOff" | "Paused":
            return "changing"
    return ""


def _boot_mode(system: System) -> Literal["uefi", "legacy", ""]:
    mode = (system.boot.mode if system.boot else None) or ""
    return "uefi" if mode == "UEFI" else "legacy" if mode == "Legacy" else ""


def _nic(nic: Ethernet) -> TargetNic:
    return TargetNic(
        id=nic.id,
        mac=(nic.permanent_mac or nic.mac or "").lower().replace("-", ":"),
        link=None if nic.link_status is None else nic.link_status == "LinkUp",
        speed_mbit=int(nic.speed or 0),
    )


def _disk(drive: Drive) -> TargetDisk:
    return TargetDisk(
        id=drive.id,
        serial=drive.serial_number or "",
        size_bytes=drive.capacity or 0,
        has_data=drive.has_data,
        secure_erase=bool(drive.actions and drive.actions.erase),
    )
