"""A runner that is killed is replaced by the service within seconds, and the run goes on where it was."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.journal.journal import Journal
from drconsole.model.run import RunView
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
