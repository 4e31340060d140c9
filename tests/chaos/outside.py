"""A lab whose doors are open, for single calls that are cut, and what such a call is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import msgspec

from drconsole.lab.doors.ssh import listen_ssh
from drconsole.lab.lab import Lab, make_lab
from drconsole.lab.net.addresses import HTTPS, claim
from drconsole.lab.net.listeners import Device
from drconsole.lab.net.tls import server_context
from drconsole.lab.options import LabOptions
from drconsole.lab.world.linux import Linux
from drconsole.settings.file import load
from drconsole.settings.secrets import Secret
from drconsole.settings.values import DEADLINES, Endpoint, Settings
from drconsole.wire.ssh import SshPlace
from tests.chaos.cutting import Cutter, Moment

LIMIT_S = 1.2
"""The deadline of every call that is cut."""

PATIENT_S = 30.0
"""The deadlines of what comes before."""

LATER: tuple[Moment, ...] = ("before", "in the request", "in the answer", "after")
EVER: tuple[Moment, ...] = ("connect", "handshake", *LATER)
EARLY: tuple[Moment, ...] = ("connect", "handshake")


async def _nothing_boots(url: str, _headers: object) -> bytes:
    raise AssertionError(f"nothing boots here: {url}")


@dataclass
class Outside:
    """A lab whose doors are open, and a configuration with short deadlines."""

    lab: Lab
    settings: Settings
    ssh_place: SshPlace

    def device(self, name: str) -> Device:
        devices: dict[str, Device] = {**self.lab.access.bmcs, **self.lab.access.arrays}
        return devices[name]

    def cutter(self, device: Device) -> Cutter:
        return Cutter(device.address, HTTPS, server_context(device.certificate))

    def with_pool(self, name: str, place: str) -> Settings:
        machine = self.settings.pool[name]
        moved = msgspec.structs.replace(machine, bmc=at(machine.bmc, place))
        return msgspec.structs.replace(self.settings, pool={name: moved})


def at(endpoint: Endpoint, place: str) -> Endpoint:
    return msgspec.structs.replace(endpoint, address=place)


@dataclass
class Prepared:
    """One call. `where` is what its request holds; `effect` says whether the world has it, None of a read;
    `right` judges what a read returned."""

    cutter: Cutter
    attempt: Callable[[], Awaitable[Any]]
    where: bytes = b""
    effect: Callable[[], bool] | None = None
    right: Callable[[Any], bool] = bool
    limit_s: float = LIMIT_S


Kind = Callable[[Outside, int], AsyncIterator[Prepared]]


@asynccontextmanager
async def open_outside(folder: Path, *, machines: int) -> AsyncIterator[Outside]:
    """A lab with a protected site, arrays, the BMCs of some machines, and one Linux server's SSH door."""
    options = LabOptions(
        directory=str(folder), hosts=2, vms=6, targets=machines, speed=3000, deadlines=dict(DEADLINES)
    )
    lab = make_lab(options, claim(), _nothing_boots)
    try:
        await lab.open()
        settings = load(str(folder / "drconsole.toml"))
        patient = dict.fromkeys(settings.deadlines, PATIENT_S)
        short = {"bmc-connect": LIMIT_S, "bmc-call": LIMIT_S, "array-call": LIMIT_S}
        settings = msgspec.structs.replace(settings, deadlines=patient | short)
        door, place = await _linux(lab)
        try:
            yield Outside(lab, settings, place)
        finally:
            door.close()
    finally:
        await lab.close()


async def _linux(lab: Lab) -> tuple[Any, SshPlace]:
    key, host_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    machine = next(iter(lab.world.machines.values()))
    allowed = key.export_public_key().decode().strip()
    secret = host_key.export_private_key()
    system = Linux(
        "db-01", "127.0.0.1", 8, "vmnic0", machine.hardware.uuid, "", secret, (allowed,), "rhel", "9.4"
    )
    door = await listen_ssh(machine, system, lab.addresses.first, 0)
    assert door.acceptor is not None
    place = SshPlace(
        about="db-01",
        host=lab.addresses.first,
        port=door.acceptor.get_port(),
        username="root",
        key=Secret(key.export_private_key().decode()),
        host_key=host_key.export_public_key().decode().strip(),
    )
    return door, place


# --- vSphere -----------------------------------------------------------------------------------------
