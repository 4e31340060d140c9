"""One timeline for all consoles: worked out once a second, and less often where it takes long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from drconsole.api.timeline import Timeline
from drconsole.errors import UnknownName
from drconsole.journal.journal import Journal
from drconsole.recovery import timeline as recovered
from drconsole.service import timelines
from drconsole.service.timelines import Timelines
from tests.unit.runs.plans import frozen, step, url


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    yield opened
    await opened.close()


async def test_many_consoles_cost_one_timeline_and_a_later_one_is_new(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timelines, "FRESH_S", 0.3)
    asked: list[str] = []

    def counted(connection: Connection, run: str) -> Timeline:
        asked.append(run)
        return recovered.timeline(connection, run)

    monkeypatch.setattr(timelines, "timeline", counted)
    await frozen(journal, [step("map/a/b"), step("guests/c/d", "map/a/b")])
    shared = Timelines(journal)
    found = await asyncio.gather(*(shared.of("R-1") for _ in range(20)))
    assert len(asked) == 1
    assert all(each is found[0] for each in found)
    assert [(bar.stage, bar.steps) for bar in found[0].bars] == [("map", 1), ("guests", 1)]
    assert found[0].critical_path == ("map/a/b", "guests/c/d")
    await asyncio.sleep(1.0)
    await shared.of("R-1")
    assert len(asked) == 2
    with pytest.raises(UnknownName):
        await shared.of("R-2")


async def test_only_so_many_are_kept(journal: Journal) -> None:
    shared = Timelines(journal)
    for number in range(timelines._KEPT + 5):
        await frozen(journal, [step("map/a/b")], run=f"R-{number}")
        await shared.of(f"R-{number}")
    assert len(shared._known) == timelines._KEPT
