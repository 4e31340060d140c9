"""A runner that is killed is replaced by the service within seconds, and the run goes on where it was."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import update

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.journal import runs, schema
from drconsole.journal.journal import Journal
from drconsole.journal.runs import LEASE_S, Owner
from drconsole.model.run import RunView
from drconsole.service.runners import LOOK_S, Runners
from drconsole.settings.values import Settings
from tests.unit.runs.plans import frozen, step

TOML = """
[state]
dir = "s"
[site.pittsburgh]
address = "127.0.0.1:9"
username = "u"
password = "env:NOBODY"
pin = "sha256:{pin}"
"""


@pytest.fixture
async def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """A service whose journal has one run, which waits for an operator as soon as a runner has it."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "r"))
    config = tmp_path / "drconsole.toml"
    config.write_text(TOML.format(pin="0" * 64))
    (tmp_path / "s").mkdir()
    journal = Journal(f"sqlite:///{tmp_path}/s/journal.db")
    unreserved = step("map/D/lease", handler="recovery.lease", arguments={"target": "D"})
    await frozen(journal, [unreserved])
    await journal.close()
    connected = await Client.connect(config)
    service = psutil.Process((await connected.ask(requests.Status())).pid)
    yield connected
    await connected.ask(requests.Stop())
    await connected.close()
    await asyncio.to_thread(service.wait, 20)


async def carried_by_another(client: Client, than: int) -> tuple[RunView, psutil.Process]:
    async with asyncio.timeout(30):
        while True:
            view = await client.ask(requests.ShowRun(run="R-1"))
            if view.runner is not None and view.runner.pid != than and view.state == "waiting":
                return view, psutil.Process(view.runner.pid)
            await asyncio.sleep(0.05)


async def test_a_killed_runner_is_replaced_within_five_seconds(client: Client) -> None:
    _, first = await carried_by_another(client, 0)
    assert os.getsid(first.pid) == first.pid
    first.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    view, second = await carried_by_another(client, first.pid)
    assert time.monotonic() - killed < 5
    assert [each.state for each in view.steps] == ["failed"]

    await client.ask(requests.Cancel(run="R-1", reason="seen enough"))
    ended = await client.ask(requests.Attach(run="R-1"))
    assert ended.state == "cancelled"
    await asyncio.to_thread(second.wait, 10)
    assert (await client.ask(requests.ShowRun(run="R-1"))).runner is None


async def test_a_runner_that_is_long_in_coming_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine loads a large plan slowly: one more runner each second would keep it busy for ever."""
    journal = Journal(f"sqlite:///{tmp_path}/journal.db")
    await frozen(journal, [step("map/D/lease", handler="recovery.lease", arguments={"target": "D"})])
    silent = Owner(pid=1, pid_started=0.0, host="elsewhere")
    await journal.write(lambda c: runs.take_over(c, "R-1", silent, owner_dead=False))
    long_ago = update(schema.run).values(beat=time.time() - 2 * LEASE_S)
    await journal.write(lambda c: c.execute(long_ago).rowcount)
    started: list[subprocess.Popen[bytes]] = []
    begin = subprocess.Popen

    def slow(_command: list[str], **words: Any) -> subprocess.Popen[bytes]:
        started.append(begin([sys.executable, "-c", "import time; time.sleep(60)"], **words))
        return started[-1]

    monkeypatch.setattr("drconsole.service.runners.subprocess.Popen", slow)
    settings = Settings(path="/nowhere", state_dir=str(tmp_path), repository_url="", journal_url="")
    keeping = asyncio.create_task(Runners(settings, journal).keep())
    await asyncio.sleep(3.5 * LOOK_S)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    for process in started:
        process.kill()
        process.wait()
    await journal.close()
    assert len(started) == 1
