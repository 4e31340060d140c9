"""The service: started when it is first needed, one for all, gone when nobody needs it."""

# ruff: noqa: ASYNC110, ASYNC220, ASYNC240 -- small files, one child, and a journal that is asked
from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.frames import Hello, frame
from drconsole.errors import InvalidConfiguration, NotConfirmed, Refused, UnknownName, Unreachable
from drconsole.journal import runs
from drconsole.journal.journal import Journal
from drconsole.service.process import serve
from drconsole.settings.file import load
from tests.unit.runs.plans import frozen, step

IDLE = """
from drconsole.service.process import serve
from drconsole.settings.file import load
serve(load({config!r}), idle_s=1.0)
"""


@pytest.fixture
async def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "r"))
    monkeypatch.setenv("CANARY", "from the starter")
    file = tmp_path / "drconsole.toml"
    file.write_text('[state]\ndir = "s"\n')
    yield file
    lock = tmp_path / "s/service.lock"
    if lock.exists() and (text := lock.read_text().strip()):
        await gone(int(text), kill=True)


async def gone(pid: int, *, kill: bool = False) -> None:
    """Waits until a service that a test started has ended; it is nobody's child or ours."""
    try:
        process = psutil.Process(pid)
        if kill:
            process.kill()
        await asyncio.to_thread(process.wait, 20)
    except psutil.NoSuchProcess:
        pass


async def test_the_first_client_starts_it_and_all_share_it(config: Path) -> None:
    clients = await asyncio.gather(*(Client.connect(config) for _ in range(4)))
    answers = [await client.ask(requests.Status()) for client in clients]
    assert len({answer.pid for answer in answers}) == 1
    status = answers[0]
    assert status.single_user
    assert status.clients >= 4
    process = psutil.Process(status.pid)
    assert process.cwd() == "/"
    assert process.environ()["CANARY"] == "from the starter"
    assert os.getsid(status.pid) == status.pid
    await clients[0].ask(requests.Stop())
    for client in clients:
        await client.close()
    await gone(status.pid)


async def test_errors_come_back_as_what_they_are(config: Path) -> None:
    async with await Client.connect(config) as client:
        with pytest.raises(UnknownName, match="no such site") as site:
            await client.ask(requests.CheckSite(site="nowhere"))
        assert site.value.about == "nowhere"
        assert site.value.remedy
        with pytest.raises(UnknownName, match="no such run"):
            await client.ask(requests.ShowRun())
        assert await client.ask(requests.ListTargets()) == ()
        await client.ask(requests.Stop())


async def test_a_real_run_without_its_confirmation_is_refused(config: Path) -> None:
    config.write_text(
        '[state]\ndir = "s"\n[site.pittsburgh]\nplatform = "vsphere"\naddress = "127.0.0.1:9"\n'
        f'username = "u"\npassword = "env:CANARY"\npin = "sha256:{"0" * 64}"\n'
    )
    async with await Client.connect(config) as client:
        assert [site.name for site in await client.ask(requests.ListSites())] == ["pittsburgh"]
        with pytest.raises(NotConfirmed):
            await client.ask(requests.Recover(site="pittsburgh", mode="disaster"))
        await client.ask(requests.Stop())


async def test_without_service_and_without_leave_to_start_one_nobody_answers(config: Path) -> None:
    with pytest.raises(Unreachable, match="no service listens"):
        await Client.connect(config, start=False)


async def test_a_bad_configuration_is_said_by_the_client(config: Path) -> None:
    config.write_text("[nonsense]\n")
    with pytest.raises(InvalidConfiguration):
        await Client.connect(config)


async def test_a_secret_that_somebody_would_be_asked_for_is_refused_before_anything_starts(
    config: Path, tmp_path: Path
) -> None:
    config.write_text(
        '[state]\ndir = "s"\n[site.pittsburgh]\nplatform = "vsphere"\naddress = "127.0.0.1:9"\n'
        f'username = "u"\npassword = "prompt:vc-01"\npin = "sha256:{"0" * 64}"\n'
    )
    with pytest.raises(InvalidConfiguration, match=r"password of site\.pittsburgh.*nobody to ask.*file:PATH"):
        await Client.connect(config)
    assert not (tmp_path / "s").exists()
    with pytest.raises(InvalidConfiguration, match="nobody to ask"):
        serve(load(config))


async def test_another_protocol_is_refused_with_a_way_out(config: Path) -> None:
    async with await Client.connect(config) as client:
        reader, writer = await asyncio.open_unix_connection(client.place.socket)
        writer.write(frame(Hello(protocol=99, version="9.0")))
        await writer.drain()
        assert b"Refused" in await reader.read()
        writer.close()
        await writer.wait_closed()
        await client.ask(requests.Stop())


async def test_it_ends_when_nobody_needs_it(config: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", IDLE.format(config=str(config))])
    assert await asyncio.to_thread(process.wait, 30) == 0


async def test_it_ends_when_its_state_directory_vanishes(config: Path, tmp_path: Path) -> None:
    client = await Client.connect(config)
    pid = (await client.ask(requests.Status())).pid
    shutil.rmtree(tmp_path / "s")
    await gone(pid)
    await client.close()


async def test_a_follower_sees_all_that_happened_and_then_what_happens(config: Path, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    journal = Journal(f"sqlite:///{tmp_path}/s/journal.db")
    await frozen(journal, [step("halt/a/x")])
    async with await Client.connect(config) as client:
        seen: list[str] = []
        ended = client.ask(requests.Attach(run="R-1"), lambda event: seen.append(event.text))
        task = asyncio.create_task(ended)
        while "created" not in seen:
            await asyncio.sleep(0.01)
        reply = await client.ask(requests.Cancel(run="R-1", reason="not today"))
        assert reply.run == "R-1"
        with pytest.raises(Refused, match="cancelled"):
            await client.ask(requests.Cancel(run="R-1"))
        await journal.write(lambda c: runs.set_state(c, "R-1", "cancelled"))
        view = await asyncio.wait_for(task, 10)
        assert view.state == "cancelled"
        assert "not today" in seen
        assert [event.seq for event in [e async for e in client.items(requests.Attach(run="R-1"))]] == list(
            range(1, len(seen) + 1)
        )
        await client.ask(requests.Stop())
    await journal.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drconsole.api.client._SILENT_S", 0.5)
    monkeypatch.setattr("drconsole.api.client._HELLO_S", 2.0)


async def test_a_service_that_is_stopped_is_told_of_and_heard_again_when_it_goes_on(
    config: Path, impatient: None
) -> None:
    async with await Client.connect(config) as client:
        pid = (await client.ask(requests.Status())).pid
        os.kill(pid, signal.SIGSTOP)
        try:
            for asked in (client.ask(requests.Status()), Client.connect(config)):
                with pytest.raises(Unreachable, match="does not answer"):
                    await asyncio.wait_for(asked, 20)
        finally:
            os.kill(pid, signal.SIGCONT)
        assert (await client.ask(requests.Status())).pid == pid


async def test_an_answer_that_takes_long_is_waited_for_while_the_service_greets(
    config: Path, impatient: None
) -> None:
    """It is silent for six times as long as makes the client ask whether it lives."""
    (config.parent / "s").mkdir()
    journal = Journal(f"sqlite:///{config.parent}/s/journal.db")
    await frozen(journal, [step("halt/a/x")])
    async with await Client.connect(config) as client:
        following = asyncio.create_task(client.ask(requests.Attach(run="R-1", stay=True)))
        await asyncio.sleep(3)
        assert not following.done()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await client.ask(requests.Stop())
    await journal.close()


async def test_a_large_request_to_a_service_that_stopped_ends_too(config: Path, impatient: None) -> None:
    async with await Client.connect(config) as client:
        pid = (await client.ask(requests.Status())).pid
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(Unreachable, match="does not answer"):
                await asyncio.wait_for(client.ask(requests.ImportSnapshot(document=b"x" * 30_000_000)), 20)
        finally:
            os.kill(pid, signal.SIGCONT)
