"""Events on their way: a runner's process writes them, consoles' processes get them over the service."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.journal import runs
from drconsole.journal.journal import Journal
from drconsole.model.run import Event
from drconsole.recovery.process import myself
from drconsole.recovery.work import RunWork
from tests.unit.runs.plans import frozen, step

ROOT = Path(__file__).resolve().parent.parent.parent
EVENTS, A_SECOND, AT_ONCE = 6000, 1000, 10
TOML = """
[state]
dir = "s"
[site.pittsburgh]
address = "127.0.0.1:9"
username = "u"
password = "env:NOBODY"
pin = "sha256:{pin}"
"""


async def lags(consoles: int) -> list[float]:
    """Returns the seconds that each event took to each console."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_RUNTIME_DIR"] = f"{folder}/r"
        config = Path(folder) / "drconsole.toml"
        config.write_text(TOML.format(pin="0" * 64))
        (Path(folder) / "s").mkdir()
        runner = await _started("write", folder)
        await _ready(runner)  # the run is there, and taken
        async with await Client.connect(config) as client:
            seats = [await _started("read", folder) for _ in range(consoles)]
            for seat in seats:
                await _ready(seat)  # attached
            assert runner.stdin is not None
            runner.stdin.write(b"go\n")
            told = [await seat.communicate() for seat in seats]
            await client.ask(requests.Stop())
        await runner.wait()
    return [late for out, _ in told for late in json.loads(out)]


async def _started(what: str, folder: str) -> asyncio.subprocess.Process:
    pipe, environment = asyncio.subprocess.PIPE, os.environ | {"PYTHONPATH": str(ROOT)}
    command = (sys.executable, __file__, what, folder)
    return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, env=environment)


async def _ready(process: asyncio.subprocess.Process) -> None:
    """Waits for its first word."""
    assert process.stdout is not None
    await process.stdout.readline()


async def _read(folder: Path) -> None:
    """A console: attaches, and looks at its clock when an event comes."""
    found: list[float] = []
    async with await Client.connect(folder / "drconsole.toml", start=False) as client:
        events = client.items(requests.Attach(run="R-1", stay=True))
        async with contextlib.aclosing(events), asyncio.timeout(90):
            async for event in events:
                assert isinstance(event, Event)
                if event.seq == 1:
                    print("attached", flush=True)
                if event.kind == "progress":
                    found.append(time.time() - event.facts["told"])
                if len(found) == EVENTS:
                    break
    print(json.dumps(found))


async def _write(folder: Path) -> None:
    """A runner: takes the run, waits for the consoles to attach, and tells at an even pace."""
    journal = Journal(f"sqlite:///{folder}/s/journal.db")
    await frozen(journal, [step("halt/a/x")])
    epoch = await journal.write(lambda c: runs.take_over(c, "R-1", myself(), owner_dead=True))
    print("taken", flush=True)
    work = RunWork(journal, "R-1", "drill", epoch, {})
    beating = asyncio.create_task(_beats(journal, epoch))
    await asyncio.to_thread(sys.stdin.readline)
    began = time.monotonic()
    for number in range(0, EVENTS, AT_ONCE):
        for _ in range(AT_ONCE):
            facts = {"told": time.time(), "phase": "installing", "fraction": 0.5}
            work.event("progress", step="halt/a/x", facts=facts)
        await asyncio.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
    await asyncio.sleep(5.0)
    beating.cancel()
    await journal.close()


async def _beats(journal: Journal, epoch: int) -> None:
    """Lives on without a word, as a runner does."""
    while True:
        await journal.write(lambda c: runs.prove(c, "R-1", epoch))
        await asyncio.sleep(1.0)


if __name__ == "__main__":
    asyncio.run({"read": _read, "write": _write}[sys.argv[1]](Path(sys.argv[2])))
