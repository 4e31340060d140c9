"""The live inventory of what a run has recovered: one watch for all, for as long as there is something."""

# ruff: noqa: ASYNC110 -- a watch that ends tells nobody
from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, update

from drconsole.api.values import InventoryBatch
from drconsole.errors import Refused, UnknownName, Unreachable
from drconsole.journal import pool, runs, schema
from drconsole.journal.clock import unix
from drconsole.journal.journal import Journal
from drconsole.journal.runs import LEASE_S, Owner
from drconsole.model.live import InventoryChange
from drconsole.model.mapping import ManagementRole
from drconsole.model.site import Provisioning
from drconsole.planning import keys
from drconsole.recovery.recovered_site import recovered_by
from drconsole.recovery.view import run_view
from drconsole.service import inventory, recovered
from drconsole.service.recovered import RecoveredInventories
from drconsole.settings.values import ProvisioningSettings, Settings, Site
from tests.unit.runs.plans import PIN, frozen, settings, source, step, url

KEY = keys.ready("vc-01")
READY = {"target": "D", "address": "172.16.0.9", "port": 8443, "username": "root", "pin": PIN}
NETWORK = Provisioning(address="172.16.0.1", netmask="255.255.0.0", first="172.16.0.2", last="172.16.0.9")
ME = Owner(pid=1, pid_started=1.0, host="here")


class Servers:
    """A platform that remembers who was watched, and breaks off when it is told to."""

    def __init__(self) -> None:
        self.watched: list[Site] = []
        self.open = 0
        self.cut = asyncio.Event()

    async def watch(self, site: Site, settings: Settings) -> AsyncIterator[tuple[InventoryChange, ...]]:
        self.watched.append(site)
        self.open += 1
        try:
            yield (InventoryChange(id="vm-1", kind="virtualMachine", change="upsert", name="web-01"),)
            await self.cut.wait()
            self.cut.clear()
            raise Unreachable("the line is cut")
        finally:
            self.open -= 1


class Room:
    """A run whose management server is to stand on D, and those who look at it."""

    def __init__(self, journal: Journal, folder: Path) -> None:
        self.journal = journal
        made = settings(folder)
        known = ProvisioningSettings(network=NETWORK, password="env:ROOT")
        self.settings = msgspec.structs.replace(made, provisioning=known)
        self.servers = Servers()
        self.inventories = RecoveredInventories(self.settings, journal)

    async def planned(self) -> None:
        plain = source("R-1", "drill")
        mapping = msgspec.structs.replace(
            plain.mapping, management_server=ManagementRole(protected="vc-01", target="D")
        )
        await frozen(self.journal, [step(KEY)], made=msgspec.structs.replace(plain, mapping=mapping))

    async def stands(self, **change: Any) -> None:
        """The management server is ready, on the target of its result."""
        result = msgspec.json.encode(READY | change)

        def written(connection: Connection) -> None:
            pool.reserve(connection, "R-1", str((READY | change)["target"]), "vc-01", "management")
            connection.execute(update(schema.step).values(state="done", result=result))

        await self.journal.write(written)

    def where(self) -> Site:
        return self.journal.read(lambda c: recovered_by(c, self.settings, "R-1"))


@pytest.fixture
async def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    journal = Journal(url(tmp_path))
    made = Room(journal, tmp_path)
    monkeypatch.setattr(inventory, "platform_of", lambda _settings, _name: made.servers)
    monkeypatch.setattr(inventory, "_BACKOFF_S", (0.02,))
    monkeypatch.setattr(recovered, "LINGER_S", 0.2)
    await made.planned()
    yield made
    await made.inventories.close()
    await journal.close()


async def first_live(room: Room) -> InventoryBatch:
    async with (
        room.inventories.of("R-1") as found,
        contextlib.aclosing(found.looked_at()) as batches,
        asyncio.timeout(5),
    ):
        while (batch := await anext(batches)).state != "live":
            pass
        return batch


async def test_the_reason_is_told_where_there_is_none(room: Room) -> None:
    with pytest.raises(UnknownName):
        room.journal.read(lambda c: recovered_by(c, room.settings, "R-9"))
    with pytest.raises(Refused, match="not ready yet"):
        room.where()
    await room.stands()
    site = room.where()
    assert (site.name, site.endpoint.address, site.endpoint.pin) == ("pittsburgh", "172.16.0.9:8443", PIN)
    assert site.endpoint.password == "env:ROOT"
    await room.journal.write(lambda c: pool.lease(c, "R-1", "D"))
    await room.journal.write(lambda c: pool.wiping(c, "R-1", "D"))
    with pytest.raises(Refused, match="given back"):
        room.where()
    await room.journal.write(lambda c: pool.free(c, "R-1"))
    with pytest.raises(Refused, match="given back"):
        room.where()


async def test_one_that_is_installed_again_is_not_ready_whatever_it_said_before(room: Room) -> None:
    await room.stands()
    await room.journal.write(lambda c: c.execute(update(schema.step).values(state="pending")))
    with pytest.raises(Refused, match="not ready yet"):
        room.where()


async def test_all_who_look_share_one_watch_that_ends_when_nobody_does(room: Room) -> None:
    await room.stands()
    found = await asyncio.gather(*(first_live(room) for _ in range(10)))
    assert {(batch.site, batch.run) for batch in found} == {("pittsburgh", "R-1")}
    assert len(room.servers.watched) == 1
    await first_live(room)
    assert len(room.servers.watched) == 1
    async with asyncio.timeout(5):
        while room.servers.open:
            await asyncio.sleep(0.05)
    assert room.inventories.watched == ()
    await first_live(room)
    assert len(room.servers.watched) == 2


async def test_a_server_that_moved_to_a_spare_is_found_there_and_one_that_is_gone_ends_it(room: Room) -> None:
    await room.stands()
    async with (
        room.inventories.of("R-1") as found,
        contextlib.aclosing(found.looked_at()) as batches,
        asyncio.timeout(10),
    ):
        while (await anext(batches)).state != "live":
            pass
        await room.stands(target="E", address="172.16.0.8")
        room.servers.cut.set()
        while len(room.servers.watched) < 2:
            await anext(batches)
        assert [site.endpoint.address for site in room.servers.watched] == [
            "172.16.0.9:8443",
            "172.16.0.8:8443",
        ]
        await room.journal.write(lambda c: pool.free(c, "R-1"))
        room.servers.cut.set()
        with pytest.raises(Refused, match="given back"):
            await _read_on(batches)


async def _read_on(batches: AsyncIterator[InventoryBatch]) -> None:
    async for _ in batches:
        pass


async def test_a_runner_that_is_silent_beyond_its_lease_is_called_lost(room: Room) -> None:
    assert room.journal.read(lambda c: run_view(c, "R-1")).runner is None
    await room.journal.write(lambda c: runs.take_over(c, "R-1", ME, owner_dead=True))
    fresh = room.journal.read(lambda c: run_view(c, "R-1")).runner
    assert fresh is not None
    assert (fresh.epoch, fresh.lost) == (1, False)
    assert fresh.silent_s is not None
    assert fresh.silent_s < LEASE_S
    long_ago = update(schema.run).values(beat=unix() - LEASE_S - 2)
    await room.journal.write(lambda c: c.execute(long_ago))
    silent = room.journal.read(lambda c: run_view(c, "R-1")).runner
    assert silent is not None
    assert silent.lost
    assert silent.silent_s == pytest.approx(LEASE_S + 2, abs=3)
