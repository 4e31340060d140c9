"""A run tells people outside: once, not five hundred times, and also when the service was killed."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Connection, select

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.journal import events, notices, runs, schema
from drconsole.journal.journal import Journal
from drconsole.service.notify import notifier, outbox
from drconsole.service.notify.channels import Channel, channels
from drconsole.service.notify.message import Message
from drconsole.service.notify.notifier import Notifier
from drconsole.settings.values import NoticeKind, Notify, Syslog, Webhook
from tests.unit.notify_servers.hooks import WebhookServer, webhook_server
from tests.unit.runs.following import until
from tests.unit.runs.plans import frozen, step, url


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "GATHER_S", 0.05)
    monkeypatch.setattr(notifier, "LOOK_S", 0.02)
    monkeypatch.setattr(notifier, "FIRST_PAUSE_S", 0.02)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    await frozen(opened, [step("provision/a/x")])
    yield opened
    await opened.close()


@asynccontextmanager
async def telling(
    journal: Journal, notify: Notify, found: dict[str, Channel] | None = None
) -> AsyncIterator[Notifier]:
    """A notifier at work, killed at the end."""
    working = Notifier(notify, journal, channels(notify) if found is None else found)
    task = asyncio.create_task(working.keep())
    try:
        yield working
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def hook(server: WebhookServer, *on: NoticeKind) -> Notify:
    webhook = Webhook(url=server.url, pin=server.identity.pin)
    return Notify(every_s=60.0, webhook=Webhook(url=webhook.url, pin=webhook.pin, on=on) if on else webhook)


async def happens(journal: Journal, kind: str, text: str, where: str = "", **facts: str) -> None:
    await journal.write(lambda c: events.add(c, "R-1", kind, step=where, text=text, facts=facts))


def listed(journal: Journal) -> list[tuple[str, str, int]]:
    table = schema.notice
    query = select(table.c.kind, table.c.state, table.c.attempts).order_by(table.c.id)
    return journal.read(lambda c: [(row.kind, row.state, row.attempts) for row in c.execute(query)])


async def test_what_needs_somebody_is_told_with_the_verbs_to_type(tmp_path: Path, journal: Journal) -> None:
    async with webhook_server(tmp_path) as server, telling(journal, hook(server)):
        await happens(journal, "step", "is the bank told?", "guests/bank/prompt", state="waiting")
        await until(lambda: len(server.calls) == 1)
        await happens(journal, "step", "no link", "provision/a/x", state="failed")
        await until(lambda: len(server.calls) == 2)
        await happens(journal, "run", "pre-empted by R-2", pre_empted_by="R-2")
        await until(lambda: len(server.calls) == 3)
        await journal.write(lambda c: runs.set_state(c, "R-1", "held"))
        await until(lambda: [state for _, state, _ in listed(journal)] == ["sent"] * 4)
    kinds = {told["kind"]: told for told in server.taken}
    assert list(kinds) == ["waiting", "failed", "pre-empted", "finished"]
    assert kinds["waiting"]["items"][0]["verbs"] == ["drconsole run approve R-1 guests/bank/prompt"]
    assert "drconsole run retry R-1 provision/a/x" in kinds["failed"]["text"]
    assert "it is held" in kinds["finished"]["text"]


async def test_what_nobody_need_know_is_not_told(tmp_path: Path, journal: Journal) -> None:
    async with webhook_server(tmp_path) as server, telling(journal, hook(server, "finished")):
        await happens(journal, "log", "look at this", "provision/a/x")
        await happens(journal, "step", "", "provision/a/x", state="done")
        await happens(journal, "step", "no link", "provision/a/x", state="failed")
        await happens(journal, "run", "running", state="running")
        await journal.write(lambda c: runs.set_state(c, "R-1", "done"))
        await until(lambda: bool(server.calls))
    assert [told["kind"] for told in server.taken] == ["finished"]


async def test_five_hundred_failures_are_few_messages(tmp_path: Path, journal: Journal) -> None:
    async with webhook_server(tmp_path) as server:
        notify = Notify(every_s=1.5, webhook=Webhook(url=server.url, pin=server.identity.pin))
        async with telling(journal, notify):
            await asyncio.gather(
                *(
                    happens(journal, "step", "no link", f"provision/m{number}/x", state="failed")
                    for number in range(500)
                )
            )
            await until(lambda: sum(told["count"] for told in server.taken) == 500)
    assert 1 <= len(server.calls) <= 3
    assert all(len(told["items"]) <= 10 for told in server.taken)
    assert "more" in server.taken[-1]["text"]


async def test_a_failing_server_is_tried_again_with_the_same_key_until_it_takes_it(
    tmp_path: Path, journal: Journal
) -> None:
    async with webhook_server(tmp_path, 500, 503, 200) as server, telling(journal, hook(server)) as working:
        await happens(journal, "step", "no link", "provision/a/x", state="failed")
        await until(lambda: listed(journal) == [("failed", "sent", 3)])
        assert not working.busy
    assert len({headers["Idempotency-Key"] for headers, _ in server.calls}) == 1
    assert len({body for _, body in server.calls}) == 1


async def test_a_channel_that_hangs_delays_no_other(tmp_path: Path, journal: Journal) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(tmp_path / "log"))
        log.settimeout(5)
        async with webhook_server(tmp_path, 0) as server:
            notify = Notify(
                webhook=Webhook(url=server.url, pin=server.identity.pin),
                syslog=Syslog(address=str(tmp_path / "log")),
            )
            async with telling(journal, notify) as working:
                for text in ("first", "second"):
                    await happens(journal, "step", text, "provision/a/x", state="failed")
                    if text == "first":
                        await until(lambda: bool(server.calls))
                await until(lambda: ("failed", "sent", 1) in listed(journal))
                assert working.busy
        assert b"first" in log.recv(4096)


class Down:
    """A channel that nobody is behind."""

    def __init__(self) -> None:
        self.tries = 0

    async def send(self, message: Message) -> None:
        self.tries += 1
        raise ValueError("a library's surprise")


async def test_after_many_attempts_it_is_given_up_and_the_audit_says_so(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(notifier, "MOST_ATTEMPTS", 3)
    down = Down()
    notify = Notify(webhook=Webhook(url="https://nowhere.example/"))
    async with telling(journal, notify, {"webhook": down}):
        await happens(journal, "step", "no link", "provision/a/x", state="failed")
        await until(lambda: listed(journal) == [("failed", "given-up", 3)])
    table = schema.audit
    query = select(table).where(table.c.verb == "notice given up")
    (row,) = journal.read(lambda c: list(c.execute(query)))
    assert row.object == "R-1"
    assert "failed by webhook, after 3 attempts: unexpected ValueError" in row.detail
    assert down.tries == 3
    capsys.readouterr()


async def test_a_notifier_that_died_before_it_sent_sends_after_it_came_back(
    tmp_path: Path, journal: Journal
) -> None:
    """Event and notice are there in one transaction; what was sent is not sent again."""
    async with webhook_server(tmp_path, 500, 200) as server:
        async with telling(journal, hook(server)):
            await happens(journal, "step", "no link", "provision/a/x", state="failed")
            await until(lambda: len(server.calls) == 1)
        async with telling(journal, hook(server)):
            await until(lambda: listed(journal) == [("failed", "sent", 2)])
        async with telling(journal, hook(server)):
            await asyncio.sleep(0.3)
    assert len(server.calls) == 2


async def test_runs_of_long_ago_are_history(tmp_path: Path, journal: Journal) -> None:
    def long_ago(connection: Connection) -> None:
        runs.set_state(connection, "R-1", "held")
        connection.execute(schema.run.update().values(ended="2026-01-01T00:00:00.000Z"))

    await journal.write(long_ago)
    async with webhook_server(tmp_path) as server, telling(journal, hook(server)):
        await until(lambda: not journal.read(notices.behind))
        await asyncio.sleep(0.2)
    assert server.calls == []


def test_pauses_grow_to_a_quarter_of_an_hour() -> None:
    assert 0.5 * 2 <= notifier.pause_s(1) / notifier.FIRST_PAUSE_S <= 2
    assert 450 <= notifier.pause_s(29) <= 900
    assert notifier.pause_s(1000) <= 900


async def test_a_killed_service_has_told_nobody_and_the_next_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "r"))
    async with webhook_server(tmp_path, 500, 500, 200) as server:
        config = tmp_path / "drconsole.toml"
        config.write_text(
            f'[state]\ndir = "{tmp_path}"\n'
            f'[notify.webhook]\nurl = "{server.url}"\npin = "{server.identity.pin}"\n'
        )
        journal = Journal(url(tmp_path))
        await frozen(journal, [step("provision/a/x")])
        await journal.write(lambda c: runs.set_state(c, "R-1", "held"))
        first = await _started(config)
        await until(lambda: bool(server.calls))
        first.kill()
        await asyncio.to_thread(first.wait, 20)
        before = len(server.calls)
        server.answers[:] = [200]
        second = await _started(config)
        try:
            await until(lambda: [state for _, state, _ in listed(journal)] == ["sent"])
            assert len(server.calls) == before + 1
            assert len({headers["Idempotency-Key"] for headers, _ in server.calls}) == 1
        finally:
            second.kill()
            await asyncio.to_thread(second.wait, 20)
            await journal.close()


async def _started(config: Path) -> psutil.Process:
    """The service that a first client starts; its journal is the one beside the configuration."""
    async with await Client.connect(config) as client:
        status = await client.ask(requests.Status())
    assert status.pid != os.getpid()
    return psutil.Process(status.pid)
