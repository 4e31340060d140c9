"""Credentials that a server refuses: never sent again by itself, once for each request of an operator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from drconsole.errors import WrongCredentials
from drconsole.platforms.vsphere.platform import VSpherePlatform
from drconsole.service.inventory import Inventories
from drconsole.settings.values import Endpoint, Settings, Site
from tests.unit.vsphere.inventory_peer import InventoryPeer, string, strings, thing
from tests.unit.vsphere.soap_peer import Answer, SoapPeer, fault

VCENTER = VSpherePlatform()
ROOT = thing("Folder", "group-d1", name=string("Datacenters"), childType=strings("Folder", "Datacenter"))
NOW = (
    '<CurrentTimeResponse xmlns="urn:vim25"><returnval>2026-11-22T08:00:00Z</returnval></CurrentTimeResponse>'
)


@pytest.fixture
def site(endpoint: Endpoint) -> Site:
    return Site(name="pittsburgh", platform="vsphere", endpoint=endpoint)


@pytest.fixture
def locked(peer: SoapPeer) -> Answer:
    """The server refuses everybody; returns how it logs in once the account is unlocked."""
    InventoryPeer(peer, dict([ROOT]))
    peer.answers["CurrentTime"] = lambda _handler, _request: NOW
    unlocked = peer.answers["Login"]
    peer.answers["Login"] = lambda _handler, _request: fault("InvalidLogin", "Cannot complete login.")
    return unlocked


async def capture(site: Site, settings: Settings) -> None:
    await VCENTER.capture(site, settings, "recovery", lambda _line: None)


async def test_only_an_operators_check_sends_them_again_and_once_each(
    peer: SoapPeer, locked: Answer, site: Site, settings: Settings
) -> None:
    for _scheduled in range(3):
        with pytest.raises(WrongCredentials):
            await capture(site, settings)
    assert peer.count("Login") == 1
    for checks in (1, 2):
        with pytest.raises(WrongCredentials):
            await VCENTER.check(site, settings)
        with pytest.raises(WrongCredentials):
            await capture(site, settings)
        assert peer.count("Login") == 1 + checks


async def test_a_check_that_is_let_in_ends_the_refusal(
    peer: SoapPeer, locked: Answer, site: Site, settings: Settings
) -> None:
    with pytest.raises(WrongCredentials):
        await capture(site, settings)
    peer.answers["Login"] = locked
    with pytest.raises(WrongCredentials):
        await capture(site, settings)
    assert (await VCENTER.check(site, settings)).version == "8.0.3"
    await capture(site, settings)
    assert peer.count("Login") == 3


async def test_a_changed_password_is_sent_without_being_asked_for(
    peer: SoapPeer, site: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    InventoryPeer(peer, dict([ROOT]))
    right = "opensesame"
    monkeypatch.setenv("SCRIPTED_PASSWORD", "expired")
    with pytest.raises(WrongCredentials):
        await capture(site, settings)
    monkeypatch.setenv("SCRIPTED_PASSWORD", right)
    await capture(site, settings)
    assert peer.count("Login") == 2


@pytest.fixture
async def inventories(site: Site, settings: Settings) -> AsyncIterator[Inventories]:
    watched = Inventories(msgspec.structs.replace(settings, sites={site.name: site}))
    yield watched
    await watched.close()


async def test_a_watch_that_is_turned_away_ends_until_somebody_is_let_in(
    peer: SoapPeer,
    locked: Answer,
    site: Site,
    inventories: Inventories,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("drconsole.service.inventory._BACKOFF_S", (0.01,))
    live = inventories.of(site)
    await _until(lambda: "refused" in live.error)
    for _look in range(3):
        assert inventories.of(site) is live
        await asyncio.sleep(0.05)
    assert peer.count("Login") == 1
    inventories.resume(site.name)
    await asyncio.sleep(0.1)
    assert peer.count("Login") == 1, "nobody was let in: the same credentials are not sent"
    peer.answers["Login"] = locked
    await VCENTER.check(site, Settings(path="", state_dir="", repository_url="", journal_url=""))
    inventories.resume(site.name)
    await _until(lambda: peer.count("Login") > 2)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 -- nothing tells when
            await asyncio.sleep(0.01)
