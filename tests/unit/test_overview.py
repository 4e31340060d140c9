"""What every console shows: whole at first, then only what differs, looked at once for all who listen."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest

from drconsole.api.overview import Overview
from drconsole.api.values import ServiceStatus, SiteEntry
from drconsole.errors import DatabaseFailed
from drconsole.journal.journal import Journal
from drconsole.model.run import RunSummary
from drconsole.service import overview
from drconsole.service.news import News
from drconsole.service.overview import Overviews
from tests.unit.runs.plans import frozen, step, url

RUN = RunSummary(
    run="R-1", site="erie", mode="drill", state="running", snapshot="s", started=None, ended=None
)


class World:
    """What there is to see, and how often somebody looked."""

    def __init__(self) -> None:
        self.sites = (SiteEntry(name="erie", platform="p", address="a", profile="r", age_s=0.0),)
        self.runs: tuple[RunSummary, ...] = ()
        self.clients = 1
        self.looks = 0
        self.broken = False

    async def look(self) -> Overview:
        self.looks += 1
        if self.broken:
            raise DatabaseFailed("the disk is full", about="journal")
        named = tuple(run.run for run in self.runs)
        status = ServiceStatus(
            version="1",
            pid=1,
            config="c",
            state_dir="s",
            started="t",
            single_user=True,
            clients=self.clients,
            runs=named,
        )
        return Overview(at=f"look {self.looks}", status=status, sites=self.sites, targets=(), runs=self.runs)


@pytest.fixture
async def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Heard, None]:
    monkeypatch.setattr(overview, "SIGN_S", 0.2)
    monkeypatch.setattr(overview, "PAUSE_S", 0.02)
    journal = Journal(url(tmp_path))
    try:
        yield Heard(journal)
    finally:
        await journal.close()


class Heard:
    """Listens, as a console does."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.news = News()
        self.world = World()
        self.overviews = Overviews(journal, self.news)

    @contextlib.asynccontextmanager
    async def listener(self) -> AsyncGenerator[AsyncGenerator[msgspec.Raw, None], None]:
        async with contextlib.aclosing(self.overviews.listened_to(self.world.look)) as items:
            yield items


async def part(items: AsyncGenerator[msgspec.Raw, None]) -> Overview:
    async with asyncio.timeout(5):
        return msgspec.msgpack.decode(await anext(items), type=Overview)


async def change(items: AsyncGenerator[msgspec.Raw, None]) -> Overview:
    """The next item that is more than a sign of life."""
    while (seen := await part(items)) == Overview(at=seen.at):
        pass
    return seen


async def test_first_all_then_only_what_differs(heard: Heard) -> None:
    async with heard.listener() as items:
        first = await part(items)
        assert None not in (first.status, first.sites, first.targets, first.runs)
        heard.world.runs = (RUN,)
        heard.news.tell()
        second = await change(items)
        assert second.runs == (RUN,)
        assert second.status is not None
        assert second.status.runs == ("R-1",)
        assert (second.sites, second.targets) == (None, None)


async def test_what_the_journal_is_told_is_seen_without_waiting_for_the_next_look(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "SIGN_S", 60.0)
    async with heard.listener() as items:
        await part(items)
        heard.world.runs = (RUN,)
        await frozen(heard.journal, [step("guests/a/b")])
        assert (await change(items)).runs == (RUN,)


async def test_an_age_and_who_asks_just_now_are_no_news_and_silence_is_a_sign_of_life(heard: Heard) -> None:
    async with heard.listener() as items:
        await part(items)
        heard.world.sites = (msgspec.structs.replace(heard.world.sites[0], age_s=9.0),)
        heard.world.clients = 7
        for _ in range(3):
            seen = await part(items)
            assert seen == Overview(at=seen.at)
            assert seen.at
        heard.world.sites = (msgspec.structs.replace(heard.world.sites[0], live="stale", age_s=11.0),)
        heard.news.tell()
        seen = await change(items)
        assert seen.sites is not None
        assert seen.sites[0].age_s == 11.0


async def test_many_listeners_cost_one_look_and_one_that_slept_gets_the_sum(heard: Heard) -> None:
    async with contextlib.AsyncExitStack() as stack:
        quick = [await stack.enter_async_context(heard.listener()) for _ in range(40)]
        slow = await stack.enter_async_context(heard.listener())
        await asyncio.gather(*(part(items) for items in (*quick, slow)))
        before = heard.world.looks
        for number in range(3):
            heard.world.runs = (*heard.world.runs, msgspec.structs.replace(RUN, run=f"R-{number}"))
            heard.news.tell()
            seen = await asyncio.gather(*(change(items) for items in quick))
            assert {len(each.runs or ()) for each in seen} == {number + 1}
        assert heard.world.looks - before < 40
        late = await change(slow)
        assert [run.run for run in late.runs or ()] == ["R-0", "R-1", "R-2"]
        assert late.sites is None


async def test_nobody_looks_while_nobody_listens_and_who_comes_later_sees_what_is_now(heard: Heard) -> None:
    async with heard.listener() as items:
        await part(items)
    looks = heard.world.looks
    heard.world.runs = (RUN,)
    heard.news.tell()
    await asyncio.sleep(0.5)
    assert heard.world.looks == looks
    async with heard.listener() as items:
        assert (await part(items)).runs == (RUN,)


async def test_a_look_that_fails_is_told_to_all_and_the_next_listener_looks_again(heard: Heard) -> None:
    async with heard.listener() as one, heard.listener() as two:
        await asyncio.gather(part(one), part(two))
        heard.world.broken = True
        heard.news.tell()
        for items in (one, two):
            with pytest.raises(DatabaseFailed):
                await change(items)
    heard.world.broken = False
    async with heard.listener() as items:
        assert (await part(items)).sites == heard.world.sites
