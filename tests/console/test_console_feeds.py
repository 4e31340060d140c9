"""What the console hears is pushed: only what changed, with signs of life; and it comes back by itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.overview import Overview
from drconsole.api.values import InventoryBatch
from drconsole.console.app import ConsoleApp
from drconsole.console.known.store import SILENT_S, Store
from drconsole.model.live import InventoryChange
from tests.console.scripted_service import ScriptedService
from tests.console.small_world import RUN, world


@asynccontextmanager
async def opened(service: ScriptedService) -> AsyncIterator[tuple[ConsoleApp, Pilot[None]]]:
    app = ConsoleApp(str(service.config))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.store.targets is not None)
        yield app, pilot


async def until(pilot: Pilot[None], ready: Callable[[], bool], within: float = 20.0) -> None:
    async with asyncio.timeout(within):
        while not ready():
            await pilot.pause(0.02)


async def test_nothing_is_asked_again_and_again(tmp_path: Path) -> None:
    service = world(tmp_path)
    with service.listening():
        async with opened(service) as (app, pilot):
            await until(pilot, lambda: app.store.status is not None and len(app.store.runs) == 1)
            await until(pilot, lambda: "pittsburgh" in app.store.inventories)
            await pilot.pause(1.5)
            for kind in (requests.Status, requests.ListSites, requests.ListTargets, requests.ListRuns):
                assert service.asked_for(kind) == []
            assert len(service.asked_for(requests.WatchOverview)) == 1
            watched = [asked.run for asked in service.asked_for(requests.WatchInventory)]
            assert watched.count("") == 1


async def test_a_change_is_pushed_alone(tmp_path: Path) -> None:
    service = world(tmp_path)
    with service.listening():
        async with (
            await Client.connect(service.config, start=False) as client,
            contextlib.aclosing(client.items(requests.WatchOverview())) as items,
        ):
            first = await anext(items)
            assert None not in (first.status, first.sites, first.targets, first.runs)
            service.answers[requests.ListRuns] = lambda _: ()
            async for item in items:
                assert (item.status, item.sites, item.targets) == (None, None, None)
                if item.runs is not None:
                    break
        assert item.runs == ()


async def test_a_new_pool_is_shown_and_the_rest_stays(tmp_path: Path) -> None:
    service = world(tmp_path)
    with service.listening():
        async with opened(service) as (app, pilot):
            sites = app.store.sites
            targets = app.store.targets or ()
            service.answers[requests.ListTargets] = lambda _: targets[:1]
            await until(pilot, lambda: len(app.store.targets or ()) == 1)
            assert app.store.sites is sites


async def test_a_service_that_goes_and_comes_is_joined_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody(_place: object) -> None:
        """Starts no service in the place of the one that went."""

    monkeypatch.setattr("drconsole.api.client.ensure_started", nobody)
    service = world(tmp_path)
    with service.listening():
        async with opened(service) as (app, pilot):
            await until(pilot, lambda: "pittsburgh" in app.store.inventories)
            service.end()
            await until(pilot, lambda: app.store.lost != "")
            assert app.store.inventories["pittsburgh"].state(0.0) == "stale"
            assert len(app.store.targets or ()) == 8
            again = world(tmp_path)
            with again.listening():
                await until(pilot, lambda: app.store.lost == "" and app.client is not None)
                now = app.store.heard
                await until(pilot, lambda: app.store.inventories["pittsburgh"].state(now) == "live")


async def test_what_a_run_has_recovered_is_watched_when_a_screen_asks(tmp_path: Path) -> None:
    service = world(tmp_path)
    guest = InventoryChange(id="vm-9", kind="virtualMachine", change="upsert", name="web-09")
    with service.listening():
        async with opened(service) as (app, pilot):
            await until(pilot, lambda: len(app.store.runs) == 1)
            app.watch_recovered(RUN)
            app.watch_recovered(RUN)
            app.watch_recovered("R-unknown")
            await until(pilot, lambda: RUN in app.store.recovered)
            assert "no management server yet" in app.store.recovered[RUN].error
            service.recovered[RUN] = [
                InventoryBatch(site="pittsburgh", state="live", age_s=0.0, reset=True, changes=(guest,))
            ]
            await until(pilot, lambda: bool(app.store.recovered[RUN].nodes))
            assert app.store.recovered[RUN].error == ""
            assert [node.name for node in app.store.recovered[RUN].of("virtualMachine")] == ["web-09"]
            asked = [one for one in service.asked_for(requests.WatchInventory) if one.run]
            assert {one.run for one in asked} == {RUN}
            assert "vm-9" not in app.store.inventories["pittsburgh"].nodes


@pytest.fixture
def store() -> Store:
    found = Store()
    live = InventoryBatch(site="pittsburgh", state="live", age_s=0.0, reset=True)
    found.set_batch(live, 0.0)
    found.set_overview(Overview(at="", targets=(), runs=()), 0.0)
    return found


def test_silence_makes_everything_stale_and_a_sign_of_life_ends_it(store: Store) -> None:
    assert not store.stale(1.0)
    assert store.stale(SILENT_S + 0.1)
    store.lose("gone")
    assert store.stale(1.0)
    assert store.inventories["pittsburgh"].state(0.0) == "stale"
    store.set_overview(Overview(at=""), 20.0)
    assert store.lost == ""
    assert not store.stale(21.0)
    assert store.targets_at == 20.0


def test_a_sign_of_life_makes_nothing_dirty(store: Store) -> None:
    store.dirty.clear()
    store.set_overview(Overview(at=""), 2.0)
    assert store.dirty == set()
    store.set_overview(Overview(at="", runs=()), 3.0)
    assert store.dirty == {"runs"}
    assert msgspec.structs.asdict(Overview(at="x"))["sites"] is None
