"""A live inventory for everybody: who looks later sees whole objects, also after partial changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from drconsole.model.live import InventoryChange
from drconsole.service import inventory
from drconsole.settings.values import Endpoint, Settings, Site

SITE = Site(
    name="erie",
    platform="scripted",
    endpoint=Endpoint(address="127.0.0.1:1", username="u", password="env:X", pin="sha256:" + "0" * 64),
)


def change(id: str, **facts: str) -> InventoryChange:
    name = facts.pop("name", "")
    return InventoryChange(id=id, kind="virtualMachine", change="upsert", name=name, facts=facts)


class Scripted:
    """A platform whose site tells these batches and then ends."""

    def __init__(self, *batches: tuple[InventoryChange, ...]) -> None:
        self._batches = batches

    async def watch(self, site: Site, settings: Settings) -> AsyncIterator[tuple[InventoryChange, ...]]:
        for batch in self._batches:
            yield batch


async def test_a_late_watcher_sees_whole_objects(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    site = Scripted(
        (change("vm-1", name="web-01", power="on", host="esx-01"), change("vm-2", name="gone")),
        (change("vm-1", power="off"),),
        (InventoryChange(id="vm-2", kind="virtualMachine", change="leave"),),
    )
    monkeypatch.setattr(inventory, "platform_of", lambda settings, name: site)
    live = inventory.Inventory(SITE, _settings(tmp_path))
    await live._follow()
    first = await anext(live.looked_at())
    assert first.reset
    assert [(seen.id, seen.name, seen.facts) for seen in first.changes] == [
        ("vm-1", "web-01", {"power": "off", "host": "esx-01"})
    ]


async def test_a_reader_that_stands_still_is_given_all_there_is_instead_of_every_change(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = 10 * inventory._BEHIND
    site = Scripted(*((change("vm-1", name="web-01", turn=str(turn)),) for turn in range(told)))
    monkeypatch.setattr(inventory, "platform_of", lambda settings, name: site)
    live = inventory.Inventory(SITE, _settings(tmp_path))
    looking = live.looked_at()
    assert (await anext(looking)).changes == ()
    await live._follow()
    waiting = [await anext(looking)]
    while waiting[-1].state == "live":
        waiting.append(await anext(looking))
    assert len(waiting) <= inventory._BEHIND
    assert waiting[0].reset
    assert waiting[-1].state == "stale"
    turns = [seen.facts["turn"] for batch in waiting for seen in batch.changes]
    assert turns == sorted(turns, key=int)
    assert turns[-1] == str(told - 1)


def _settings(directory: Path) -> Settings:
    values: dict[str, Any] = {"path": str(directory / "c.toml"), "state_dir": str(directory)}
    return Settings(**values, repository_url="", journal_url="", sites={"erie": SITE})
