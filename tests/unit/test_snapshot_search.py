"""Searching through the snapshots of a service: the newest, a day's, or all; a damaged one is named."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import pytest
from msgspec.structs import replace

from drconsole.api import requests
from drconsole.documents import write_snapshot
from drconsole.errors import InvalidDocument
from drconsole.journal.journal import Journal
from drconsole.repository import Repository
from drconsole.service.answers import searching
from drconsole.service.caller import Caller
from drconsole.service.state import State
from tests.unit.planning_site import small_site
from tests.unit.runs.plans import settings, url


class Listener(Caller):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__("op", Mock(spec=asyncio.StreamWriter))
        self.told: list[str] = []

    def say(self, text: str) -> None:
        self.told.append(text)


def captured(day: int, memory_mib: int) -> bytes:
    site = small_site()
    first, *others = site.virtual_machines
    guests = (replace(first, name="web-01", memory_mib=memory_mib), *others)
    return write_snapshot(replace(site, taken=f"2026-11-{day:02}T08:00:00Z", virtual_machines=guests))


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[State]:
    repository = Repository(f"sqlite:///{tmp_path}/repository.db")
    journal = Journal(url(tmp_path))
    yield State(settings(tmp_path), journal, repository)
    await journal.close()
    repository.close()


async def ask(state: State, text: str = "web-01", **words: object) -> tuple[list[str], list[str]]:
    listener = Listener()
    request = replace(requests.SearchSnapshots(text=text), **words)
    hits = await searching.search(state, request, listener)
    return [hit.taken[8:10] for hit in hits if hit.name == "web-01"], listener.told


async def test_where_it_was_on_a_day_and_everywhere_oldest_first(state: State) -> None:
    for day in (20, 22, 24):
        state.repository.add(captured(day, 1000 + day))
    assert await ask(state) == (["24"], [])
    assert await ask(state, on="2026-11-23") == (["22"], [])
    assert await ask(state, every=True) == (["20", "22", "24"], [])
    assert await ask(state, every=True, since="2026-11-21", until="2026-11-24") == (["22"], [])


async def test_a_damaged_one_is_named_and_the_others_are_searched(state: State, tmp_path: Path) -> None:
    kept = [state.repository.add(captured(day, day)) for day in (20, 22)]
    with closing(sqlite3.connect(tmp_path / "repository.db")) as database, database:
        database.execute("update frame set data = x'00', spare = x'00' where snapshot = ?", (kept[0].id,))
        database.execute("update frame set base = null, data = x'00' where snapshot = ?", (kept[1].id,))
    state.repository.add(captured(24, 24))
    found, told = await ask(state, every=True)
    assert found == ["24"]
    assert [kept[1].id in told[0], kept[0].id in told[1]] == [True, True]
    with pytest.raises(InvalidDocument):
        await ask(state, id=kept[0].id)


async def test_what_nobody_would_read_is_cut_off_and_said(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MOST", 1)
    for day in (20, 22, 24):
        state.repository.add(captured(day, day))
    found, told = await ask(state, every=True)
    assert found == ["24"]
    assert "2026-11-22" in told[0]


async def test_a_long_search_says_how_far_it_is(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "_TELL_S", 0.0)
    for day in (20, 22):
        state.repository.add(captured(day, day))
    found, told = await ask(state, every=True)
    assert found == ["20", "22"]
    assert "searched 1 of 2 snapshots, back to 2026-11-20" in told[1]
