"""Whole stages while their calls are cut: what the world has in the end is what it has undisturbed.

Each distinct write is cut once, the first time that it is made, at a moment and in a manner that its own
content and a seed decide; of reads one in twenty. Steps are carried out by the runner's rules, and those
that fail all the same are retried, as an operator would.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from drconsole.errors import DRConsoleError
from drconsole.lab.lab import Lab, make_lab
from drconsole.lab.net.addresses import HTTPS, claim
from drconsole.lab.net.fetch import machine_fetch
from drconsole.lab.net.tls import server_context
from drconsole.lab.options import LabOptions
from drconsole.lab.world.certificate import Certificate
from drconsole.model.step import Facts, Handlers, Mode, Step
from drconsole.platforms.vsphere.session import is_read
from drconsole.provisioning.boot_service import open_boot
from drconsole.provisioning.handlers import handlers
from drconsole.provisioning.steps import cleanup_steps, steps
from drconsole.recovery.carry import carry_out
from drconsole.settings.file import load
from drconsole.settings.values import DEADLINES, Settings
from tests.chaos.cutting import UNDER_WAY, Cut, Cutter, Manner, Moment
from tests.lab.importing import Recovery, open_recovery
from tests.lab.metal import planned
from tests.unit.devices.work import FakeWork

Effects = Counter[tuple[str, str]]
"""(effect, object) → how often."""

CALL_S = 1.0
UPLINK_S = 8.0
POWER_S = 4.0
RETRIES = 8
ONE_READ_IN = 20

ROLES = {"vc-01": "D", "esx-01": "E", "db-01": "F"}

BY_THEMSELVES = frozenset({"write-volume", "login-refused", "netboot", "power-on", "power-off"})
"""Effects that may come more often: blocks replicate all the time, and a power cycle may be ordered twice."""

_CUTS: tuple[tuple[Moment, Manner], ...] = tuple(
    [(moment, manner) for moment in ("in the request", "in the answer") for manner in UNDER_WAY]
    + [(moment, manner) for moment in ("before", "after") for manner in (*UNDER_WAY, "page", "half")]
)
_SILENCE_COUNTS = 4
"""Of so many silent cuts one is silent: each costs a whole deadline."""

_METHOD = re.compile(rb"Body[^>]*>\s*<(\w+)")
_RESIGNED = re.compile("snap-[0-9a-f]{8}-")
"""A resignatured volume's label: the array's clones have other identities each time."""

_LET_PASS = frozenset({"Logout"})


class Fire:
    """Decides what is cut. `cuts` counts them by moment and manner."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._seen: Counter[bytes] = Counter()
        self.cuts: Counter[str] = Counter()

    def choose(self, request: bytes) -> Cut | None:
        head, _, body = request.partition(b"\r\n\r\n")
        method, reads = _method(head, body)
        if method in _LET_PASS:
            return None
        mark = hashlib.sha256(head.partition(b"\r\n")[0] + body).digest()
        self._seen[mark] += 1
        dice = random.Random(mark + f"{self._seed}/{self._seen[mark] if reads else 0}".encode())
        if (reads and dice.randrange(ONE_READ_IN)) or (not reads and self._seen[mark] > 1):
            return None
        moment, manner = dice.choice(_CUTS)
        if manner == "silence" and dice.randrange(_SILENCE_COUNTS):
            manner = "FIN"
        self.cuts[f"{moment}: {manner}"] += 1
        return Cut(moment=moment, manner=manner)


def _method(head: bytes, body: bytes) -> tuple[str, bool]:
    """Returns the call's name, and whether it only reads."""
    if found := _METHOD.search(body):
        name = found[1].decode()
        return name, is_read(name)
    verb = head.partition(b" ")[0].decode()
    return verb, verb == "GET"


def effects_of(lab: Lab) -> Effects:
    entries = (e for e in lab.world.ledger.entries if e.effect not in BY_THEMSELVES)
    return Counter((e.effect, _RESIGNED.sub("snap-", e.object)) for e in entries)


# --- import and replication ---------------------------------------------------------------------------


class Told(NamedTuple):
    """How it went: the world's effects, how often an operator retried, and what failed in the end."""

    effects: Effects
    retried: int
    failed: dict[str, str]


async def imported(folder: Path, *, mode: Mode, fire: Fire | None, hosts: int = 2, guests: int = 7) -> Told:
    """Carries uplinks, storage, import and guests out, under fire where there is one."""
    async with open_recovery(
        folder, mode, hosts=hosts, guests=guests, speed=3000, configure=_hurried if fire else None
    ) as recovery:
        async with AsyncExitStack() as stack:
            if fire is not None:
                await _under_fire(recovery, fire, stack)
            retried = 0
            await recovery.run()
            while recovery.failed and retried < RETRIES:
                retried += 1
                await recovery.restart()
                await recovery.run()
            await recovery.close()
        failed = {key: str(error) for key, error in recovery.failed.items()}
        return Told(effects_of(recovery.lab), retried, failed)


def _hurried(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for kinds, seconds in (("vcenter-call|array-call", CALL_S), ("uplink", UPLINK_S)):
        text = re.sub(rf"(?m)^({kinds}) = .*$", rf"\1 = {seconds}", text)
    path.write_text(text, encoding="utf-8")


async def _under_fire(recovery: Recovery, fire: Fire, stack: AsyncExitStack) -> None:
    """Puts a cutter before the management server, each host and each array."""
    lab, settings = recovery.lab, recovery.settings
    systems = {
        machine.name: machine.system for machine in lab.world.machines.values() if machine.system is not None
    }
    for key, ready in list(recovery.results.items()):
        place = ready["address"], HTTPS
        cutter = await _cutter(stack, *place, systems[ready["target"]].certificate, fire)
        follower = asyncio.create_task(cutter.follow(lambda place=place: place in lab.listeners.places()))  # type: ignore[misc]
        stack.callback(follower.cancel)
        recovery.results[key] = ready | {"address": cutter.address, "port": cutter.port}
    arrays = {}
    for name, array in settings.arrays.items():
        device = lab.access.arrays[name]
        cutter = await _cutter(stack, device.address, HTTPS, device.certificate, fire)
        endpoint = msgspec.structs.replace(array.endpoint, address=cutter.place)
        arrays[name] = msgspec.structs.replace(array, endpoint=endpoint)
    recovery.settings = msgspec.structs.replace(settings, arrays=arrays)
    await recovery.restart()


async def _cutter(
    stack: AsyncExitStack, host: str, port: int, certificate: Certificate, fire: Fire
) -> Cutter:
    cutter = await stack.enter_async_context(Cutter(host, port, server_context(certificate)))
    cutter.choose = fire.choose
    return cutter


# --- provisioning --------------------------------------------------------------------------------------


@asynccontextmanager
async def _metal(folder: Path) -> AsyncIterator[tuple[Lab, Settings]]:
    async with machine_fetch() as fetch:
        deadlines = dict.fromkeys(DEADLINES, 20.0 * 3000) | {"power": POWER_S * 3000}
        options = LabOptions(
            directory=str(folder), hosts=2, vms=6, speed=3000, unlinked=0, deadlines=deadlines
        )
        lab = make_lab(options, claim(), fetch)
        try:
            await lab.open()
            yield lab, load(str(folder / "drconsole.toml"))
        finally:
            await lab.close()


async def provisioned(folder: Path, *, fire: Fire | None, roles: Mapping[str, str] = ROLES) -> Told:
    """Installs machines and wipes them."""
    async with _metal(folder) as (lab, plain), AsyncExitStack() as stack:
        given = await planned(plain, "R-1", dict(roles))
        settings = plain if fire is None else await _bmcs_under_fire(lab, plain, fire, stack)
        boot = open_boot(settings, given)
        await boot.start()
        stack.push_async_callback(boot.stop)
        bound = handlers(settings, given, boot)
        results: dict[str, Facts] = {}
        retried = 0
        for plan in (steps(given), cleanup_steps(given)):
            while failed := await _carried(plan, bound, results):
                if retried == RETRIES:
                    return Told(effects_of(lab), retried, failed)
                retried += 1
        return Told(effects_of(lab), retried, {})


async def _bmcs_under_fire(lab: Lab, settings: Settings, fire: Fire, stack: AsyncExitStack) -> Settings:
    pool = {}
    for name, machine in settings.pool.items():
        device = lab.access.bmcs[name]
        cutter = await _cutter(stack, device.address, HTTPS, device.certificate, fire)
        endpoint = msgspec.structs.replace(machine.bmc, address=cutter.place)
        pool[name] = msgspec.structs.replace(machine, bmc=endpoint)
    deadlines = settings.deadlines | {"bmc-call": CALL_S, "bmc-connect": CALL_S}
    return msgspec.structs.replace(settings, pool=pool, deadlines=deadlines)


async def _carried(plan: tuple[Step, ...], bound: Handlers, results: dict[str, Facts]) -> dict[str, str]:
    """Carries a plan out machine by machine, all machines at once. Returns what failed, with its error."""
    failed: dict[str, str] = {}

    async def chain(machine: str) -> None:
        for step in plan:
            if step.machine != machine or step.key in results:
                continue
            try:
                work = FakeWork(step, "drill", results, [])
                results[step.key] = await carry_out(bound[step.handler], work)
            except DRConsoleError as error:
                failed[step.key] = str(error)
                return

    await asyncio.gather(*(chain(machine) for machine in {step.machine for step in plan}))
    return failed
