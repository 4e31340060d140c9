"""Each kind of call that the product makes outside, ready to be made once through a proxy that cuts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from drconsole.lab.world.arrays import ArrayError, Clone
from drconsole.platforms.vsphere import hosts, watch
from drconsole.platforms.vsphere.importer.tasks import run_task
from drconsole.platforms.vsphere.session import Session
from drconsole.provisioning.redfish.machine import RedfishMachine, open_machine
from drconsole.recovery.stages import protected
from drconsole.replication.http import HttpArray
from drconsole.settings.values import DEADLINES
from drconsole.wire.http import endpoint_client
from drconsole.wire.ssh import run_commands
from drconsole.wire.tls import fetch_pin
from tests.chaos.cutting import ByteCutter, Cutter, Moment
from tests.chaos.outside import EARLY, EVER, LATER, LIMIT_S, PATIENT_S, Kind, Outside, Prepared, at


@asynccontextmanager
async def _session(outside: Outside, cutter: Cutter) -> AsyncIterator[Session]:
    endpoint = at(outside.settings.sites["pittsburgh"].endpoint, cutter.place)
    session = await Session.open(endpoint, outside.settings, about="vcenter")
    session.call_seconds = LIMIT_S
    try:
        yield session
    finally:
        await session.close()


async def login(outside: Outside, _number: int) -> AsyncIterator[Prepared]:
    """Connecting and logging in."""
    endpoint = outside.settings.sites["pittsburgh"].endpoint
    short = msgspec.structs.replace(outside.settings, deadlines=dict.fromkeys(DEADLINES, LIMIT_S))
    async with outside.cutter(outside.lab.access.vcenter) as cutter:

        async def attempt() -> bool:
            session = await Session.open(at(endpoint, cutter.place), short)
            await session.close()
            return True

        yield Prepared(cutter, attempt, b"<Login", limit_s=2 * LIMIT_S)


async def vcenter_read(outside: Outside, _number: int) -> AsyncIterator[Prepared]:
    """Reading a property."""
    async with outside.cutter(outside.lab.access.vcenter) as cutter, _session(outside, cutter) as session:
        root = session.content.rootFolder
        right = (await session.read(root, "name"))["name"]

        async def attempt() -> Any:
            return (await session.read(root, "name"))["name"]

        yield Prepared(cutter, attempt, b"RetrievePropertiesEx", right=lambda told: told == right)


async def vcenter_stream(outside: Outside, _number: int) -> AsyncIterator[Prepared]:
    """Reading the inventory, parsed while it arrives."""
    async with outside.cutter(outside.lab.access.vcenter) as cutter, _session(outside, cutter) as session:
        yield Prepared(
            cutter,
            lambda: hosts.list_hosts(session),
            b"RetrievePropertiesEx",
            right=lambda told: len(told) == 2,
            limit_s=3 * LIMIT_S,
        )


async def vcenter_write(outside: Outside, number: int) -> AsyncIterator[Prepared]:
    """Changing something at once."""
    name = f"cut-{number}"
    async with outside.cutter(outside.lab.access.vcenter) as cutter, _session(outside, cutter) as session:
        root = session.content.rootFolder
        yield Prepared(
            cutter,
            lambda: session.invoke(root, "CreateFolder", name=name),
            b"CreateFolder",
            effect=lambda: _in_ledger(outside, name),
        )


async def vcenter_task(outside: Outside, number: int) -> AsyncIterator[Prepared]:
    """Changing something by a task: its start is cut."""
    async for prepared in _renaming(outside, number, b"Rename_Task"):
        yield prepared


async def task_wait(outside: Outside, number: int) -> AsyncIterator[Prepared]:
    """Waiting for a task: it goes on, and nobody hears of its end."""
    async for prepared in _renaming(outside, number, b"info.state"):
        yield prepared


async def _renaming(outside: Outside, number: int, where: bytes) -> AsyncIterator[Prepared]:
    before, after = f"cut-{number}", f"renamed-{number}"
    async with outside.cutter(outside.lab.access.vcenter) as cutter, _session(outside, cutter) as session:
        folder = await session.invoke(session.content.rootFolder, "CreateFolder", name=before)
        # The first task of a session looks for what others left: that is another call.
        await run_task(session, folder, "Rename_Task", seconds=PATIENT_S, about=before, newName=f"{before}-")
        yield Prepared(
            cutter,
            lambda: run_task(session, folder, "Rename_Task", seconds=LIMIT_S, about=before, newName=after),
            where,
            effect=lambda: _in_ledger(outside, after),
            right=lambda _told: True,
            limit_s=2 * LIMIT_S,
        )


async def long_poll(outside: Outside, _number: int) -> AsyncIterator[Prepared]:
    """Waiting for changes: `watch.WAIT_S` is made short for it."""
    async with outside.cutter(outside.lab.access.vcenter) as cutter, _session(outside, cutter) as session:

        async def attempt() -> bool:
            async for _batch in watch.changes(session):
                return True
            return False

        yield Prepared(cutter, attempt, b"WaitForUpdatesEx", limit_s=4 * LIMIT_S + watch.WAIT_S)


def _in_ledger(outside: Outside, name: str) -> bool:
    return any(name in f"{entry.object} {entry.detail}" for entry in outside.lab.world.ledger.entries)


# --- BMCs and arrays ---------------------------------------------------------------------------------


@asynccontextmanager
async def _machine(outside: Outside, number: int) -> AsyncIterator[tuple[Cutter, str, RedfishMachine]]:
    name = sorted(outside.settings.pool)[number % len(outside.settings.pool)]
    async with outside.cutter(outside.lab.access.bmcs[name]) as cutter:
        settings = outside.with_pool(name, cutter.place)
        machine = open_machine(settings.pool[name], settings)
        try:
            yield cutter, name, machine
        finally:
            await machine.close()


async def redfish_read(outside: Outside, number: int) -> AsyncIterator[Prepared]:
    """GET: power."""
    async with _machine(outside, number) as (cutter, _name, machine):
        yield Prepared(cutter, machine.power, right=lambda told: told in ("on", "off", "changing"))


async def redfish_patch(outside: Outside, number: int) -> AsyncIterator[Prepared]:
    """PATCH: the boot order."""
    url = f"http://127.0.0.1/{number}"
    async with _machine(outside, number) as (cutter, name, machine):
        yield Prepared(
            cutter,
            lambda: machine.boot_from(url),
            b"PATCH ",
            effect=lambda: outside.lab.world.machines[name].boot.uri == url,
            right=lambda _told: True,
            limit_s=4 * LIMIT_S,
        )


async def redfish_post(outside: Outside, number: int) -> AsyncIterator[Prepared]:
    """POST: power on."""
    async with _machine(outside, number) as (cutter, name, machine):
        yield Prepared(
            cutter,
            lambda: machine.turn_on(within_s=LIMIT_S),
            b"ComputerSystem.Reset ",
            effect=lambda: outside.lab.world.machines[name].power != "Off",
            right=lambda _told: True,
            limit_s=4 * LIMIT_S,
        )


@asynccontextmanager
async def _array(outside: Outside) -> AsyncIterator[tuple[Cutter, HttpArray]]:
    array = outside.settings.arrays["r1"]
    async with outside.cutter(outside.lab.access.arrays["r1"]) as cutter:
        client = endpoint_client(
            at(array.endpoint, cutter.place), about="array r1", connect_s=LIMIT_S, total_s=LIMIT_S
        )
        try:
            yield cutter, HttpArray(client, settle_s=LIMIT_S)
        finally:
            await client.close()


def _group(outside: Outside) -> str:
    return next(iter(outside.lab.world.arrays["r1"].groups))


async def array_read(outside: Outside, _number: int) -> AsyncIterator[Prepared]:
    """GET: a group."""
    group = _group(outside)
    async with _array(outside) as (cutter, array):
        yield Prepared(cutter, lambda: array.query(group), right=lambda told: told.id == group)


async def array_clone(outside: Outside, number: int) -> AsyncIterator[Prepared]:
    """POST: a clone."""
    group, label = _group(outside), f"cut-{number}"
    async with _array(outside) as (cutter, array):
        yield Prepared(
            cutter,
            lambda: array.test_start(group, token=f"R-1/{label}", label=label),
            b"POST ",
            effect=lambda: _clone(outside, group, label) is not None,
            right=lambda _told: True,
            limit_s=2 * LIMIT_S,
        )


async def array_drop(outside: Outside, number: int) -> AsyncIterator[Prepared]:
    """DELETE: a clone."""
    group, label = _group(outside), f"drop-{number}"
    async with _array(outside) as (cutter, array):
        clone = await _made_clone(outside, group, label)
        yield Prepared(
            cutter,
            lambda: array.test_stop(group, clone.handle),
            b"DELETE ",
            effect=lambda: _clone(outside, group, label) is None,
            right=lambda _told: True,
            limit_s=2 * LIMIT_S,
        )


async def array_present(outside: Outside, number: int) -> AsyncIterator[Prepared]:
    """PUT: a volume's presentation."""
    group, label, initiator = _group(outside), f"present-{number}", f"iqn.2026-11.cut:{number}"
    async with _array(outside) as (cutter, array):
        clone = await _made_clone(outside, group, label)
        volume = clone.volumes[0]
        yield Prepared(
            cutter,
            lambda: array.present((volume.id,), (initiator,)),
            b"PUT ",
            effect=lambda: _in_ledger(outside, initiator),
            right=lambda _told: True,
            limit_s=2 * LIMIT_S,
        )


async def _made_clone(outside: Outside, group: str, label: str) -> Clone:
    """An array works on one operation of a group at a time."""
    while True:
        try:
            return await outside.lab.world.arrays["r1"].clone(group, token=f"R-1/{label}", label=label)
        except ArrayError:
            await asyncio.sleep(0.01)


def _clone(outside: Outside, group: str, label: str) -> object | None:
    clones = outside.lab.world.arrays["r1"].group(group).clones
    return next((clone for clone in clones if clone.label == label), None)


# --- what only connects, and SSH ---------------------------------------------------------------------


async def certificate(outside: Outside, _number: int) -> AsyncIterator[Prepared]:
    """Reading an installed machine's certificate."""
    device = outside.lab.access.vcenter
    async with outside.cutter(device) as cutter:
        yield Prepared(
            cutter,
            lambda: fetch_pin(cutter.address, cutter.port, LIMIT_S),
            right=lambda told: told == device.certificate.pin,
        )


async def protected_probe(outside: Outside, _number: int) -> AsyncIterator[Prepared]:
    """The one probe of the protected side. It raises nothing: it says what answered."""
    endpoint = outside.settings.sites["pittsburgh"].endpoint
    async with outside.cutter(outside.lab.access.vcenter) as cutter:
        yield Prepared(
            cutter,
            lambda: protected._answer(at(endpoint, cutter.place), LIMIT_S),
            right=lambda told: "under its pinned certificate" not in told,
        )


async def ssh(outside: Outside, _number: int) -> AsyncIterator[Prepared]:
    """Logging in and two commands: cut by bytes, for nobody else reads SSH."""
    place = outside.ssh_place
    async with ByteCutter(place.host, place.port) as cutter:
        moved = msgspec.structs.replace(place, host=cutter.address, port=cutter.port)

        async def attempt(seconds: float = LIMIT_S) -> list[str]:
            told = await run_commands(
                moved, ("hostname", "cat /proc/meminfo"), connect_s=seconds, total_s=seconds
            )
            return [each.output for each in told]

        whole = await attempt(PATIENT_S)
        yield Prepared(cutter, attempt, right=lambda told: told == whole)


KINDS: dict[str, tuple[Kind, tuple[Moment, ...]]] = {
    "login": (login, EVER),
    "vSphere read": (vcenter_read, LATER),
    "vSphere inventory": (vcenter_stream, LATER),
    "vSphere write": (vcenter_write, LATER),
    "vSphere task": (vcenter_task, LATER),
    "vSphere task wait": (task_wait, LATER),
    "vSphere long poll": (long_poll, LATER),
    "Redfish GET": (redfish_read, EVER),
    "Redfish PATCH": (redfish_patch, LATER),
    "Redfish POST": (redfish_post, LATER),
    "array GET": (array_read, EVER),
    "array POST": (array_clone, EVER),
    "array DELETE": (array_drop, LATER),
    "array PUT": (array_present, LATER),
    "certificate": (certificate, EARLY),
    "protected probe": (protected_probe, EARLY),
    "SSH": (ssh, LATER),
}
"""Kind → how it is prepared, and the moments at which it can be cut."""
