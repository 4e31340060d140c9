"""Captures on schedule: one at a time a site, and late and failed ones are said."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from drconsole.errors import DRConsoleError, Unreachable
from drconsole.journal.clock import stamp
from drconsole.model.inventory import Snapshot
from drconsole.repository.repository import Repository
from drconsole.service import captures
from drconsole.service.captures import Captures
from drconsole.settings.file import parse
from drconsole.settings.values import Settings, Site
from tests.unit.planning_site import small_site

TOML = """
[site.pittsburgh]
address = "127.0.0.1:9"
username = "u"
password = "env:NOBODY"
pin = "sha256:{pin}"
capture = "{every}"
"""


class SlowPlatform:
    """Answers with a small site, after `seconds`; `fails` are the words of the next failure."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.fails: list[Exception] = []
        self.taken: list[datetime] = []
        self.working = 0
        self.most = 0

    async def capture(
        self, site: Site, settings: Settings, profile: str, progress: Callable[[str], None]
    ) -> Snapshot:
        self.working += 1
        self.most = max(self.most, self.working)
        try:
            await asyncio.sleep(self.seconds)
            if self.fails:
                raise self.fails.pop(0)
            self.taken.append(datetime.now(UTC))
            return msgspec.structs.replace(small_site(), taken=stamp(datetime.now(UTC)))
        finally:
            self.working -= 1


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> SlowPlatform:
    made = SlowPlatform()
    monkeypatch.setattr(captures, "platform_of", lambda settings, site: made)
    return made


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    opened = Repository(f"sqlite:///{tmp_path}/repository.db")
    yield opened
    opened.close()


def configured(every: str) -> Settings:
    return parse(TOML.format(pin="0" * 64, every=every), Path("/srv/dr/drconsole.toml"))


@asynccontextmanager
async def scheduled(made: Captures) -> AsyncIterator[None]:
    task = asyncio.create_task(made.schedule())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 -- nothing tells
            await asyncio.sleep(0.01)


async def test_a_schedule_captures_at_once_and_then_at_its_interval(
    platform: SlowPlatform, repository: Repository
) -> None:
    made = Captures(configured("2s"), repository)
    async with scheduled(made):
        await until(lambda: len(platform.taken) == 2)
        await until(lambda: made.status("pittsburgh").state == "ok")
    assert 1.5 < (platform.taken[1] - platform.taken[0]).total_seconds() < 4
    assert len(repository.entries("pittsburgh")) == 2
    assert made.status("pittsburgh").next


async def test_a_failed_one_is_recorded_said_and_tried_again(
    platform: SlowPlatform, repository: Repository
) -> None:
    platform.fails = [Unreachable("does not answer", about="vc-01"), ValueError("a mistake of ours")]
    made = Captures(configured("1s"), repository)
    async with scheduled(made):
        await until(lambda: made.status("pittsburgh").state == "failed")
        assert "vc-01: does not answer" in made.status("pittsburgh").text
        await until(lambda: made.status("pittsburgh").state == "ok")
    assert [(attempt.ok, attempt.error) for attempt in repository.attempts("pittsburgh")] == [
        (False, "vc-01: does not answer"),
        (False, "a mistake of ours"),
        (True, ""),
    ]


async def test_a_restarted_service_knows_how_the_last_one_went_and_does_not_hurry(
    platform: SlowPlatform, repository: Repository
) -> None:
    settings = configured("1h")
    first, site = Captures(settings, repository), settings.sites["pittsburgh"]
    await first.capture(site, "", lambda _: None)
    platform.fails = [Unreachable("does not answer", about="vc-01")]
    with pytest.raises(Unreachable):
        await first.capture(site, "", lambda _: None)
    second = Captures(settings, repository)
    second.remember()
    assert second.status("pittsburgh").state == "failed"
    assert second.status("pittsburgh").text == "vc-01: does not answer"
    async with scheduled(second):
        await until(lambda: bool(second.status("pittsburgh").next))
    due = datetime.fromisoformat(second.status("pittsburgh").next)
    assert timedelta(minutes=59) < due - platform.taken[0] < timedelta(minutes=61)
    assert len(platform.taken) == 1


async def test_a_site_is_captured_by_one_at_a_time(platform: SlowPlatform, repository: Repository) -> None:
    platform.seconds = 0.05
    settings = configured("1h")
    made, site = Captures(settings, repository), settings.sites["pittsburgh"]
    said: list[str] = []
    await asyncio.gather(*(made.capture(site, "", said.append) for _ in range(3)))
    assert platform.most == 1
    assert len(platform.taken) == 3
    assert said.count("another capture of this site is under way; waiting for it") == 2


async def test_one_that_does_not_begin_in_time_is_called_late(
    platform: SlowPlatform, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captures, "LATE", 0.1)
    settings = configured("1s")
    made, site = Captures(settings, repository), settings.sites["pittsburgh"]
    await made.capture(site, "", lambda _: None)
    platform.seconds = 1.5
    async with scheduled(made):
        by_hand = asyncio.create_task(made.capture(site, "", lambda _: None))
        await until(lambda: made.status("pittsburgh").state == "late")
        assert re.match(r"due since .*Z|began \d+ s late", made.status("pittsburgh").text)
        await by_hand


async def test_one_that_takes_too_long_is_given_up(platform: SlowPlatform, repository: Repository) -> None:
    platform.seconds = 9
    settings = configured("1h")
    settings = msgspec.structs.replace(settings, deadlines=settings.deadlines | {"capture": 0.1})
    made = Captures(settings, repository)
    with pytest.raises(DRConsoleError, match=r"longer than 0\.1 s"):
        await made.capture(settings.sites["pittsburgh"], "", lambda _: None)
    assert not repository.attempts("pittsburgh")[-1].ok
