"""The service's life: one per state directory, until it is stopped or has nothing to do."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
from collections.abc import Coroutine
from pathlib import Path

from drconsole.errors import Busy, DRConsoleError
from drconsole.journal.journal import Journal
from drconsole.repository.repository import Repository
from drconsole.service.pool_watch import keep_seen
from drconsole.service.server import Server
from drconsole.service.state import State
from drconsole.settings.places import listens_at
from drconsole.settings.secrets import refuse_prompts
from drconsole.settings.values import Settings

IDLE_S = 60.0
"""A service without client, run or schedule ends after so long."""

_LOOK_S = 0.5


def serve(settings: Settings, *, idle_s: float = IDLE_S) -> None:
    """Serves a configuration until it is stopped or idle.

    Raises Busy where another service has the state directory, InvalidConfiguration for a secret
    that somebody would have to be asked for: neither it nor a runner has anybody to ask.
    """
    refuse_prompts(settings)
    os.umask(0o077)
    state_dir = Path(settings.state_dir)
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = _lock(state_dir)
    try:
        asyncio.run(_live(settings, idle_s))
    finally:
        os.close(lock)


def _lock(state_dir: Path) -> int:
    descriptor = os.open(state_dir / "service.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(descriptor, 32).decode(errors="replace").strip()
        os.close(descriptor)
        raise Busy(f"another service has it, process {holder or 'unknown'}", about=str(state_dir)) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


async def _live(settings: Settings, idle_s: float) -> None:
    journal = Journal(settings.journal_url)
    repository = Repository(settings.repository_url)
    state = State(settings, journal, repository)
    await asyncio.to_thread(state.captures.remember)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, state.stopping.set)
    server = Server(state, listens_at(settings))
    tasks = [
        asyncio.create_task(_essential(state, work))
        for work in (
            state.runners.keep(),
            state.captures.schedule(),
            state.notifier.keep(),
            keep_seen(state),
            _idle(state, idle_s),
            _orphan(state),
        )
    ]
    try:
        async with server:
            await state.stopping.wait()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await state.inventories.close()
        await state.recovered.close()
        await journal.close()
        repository.close()


async def _essential(state: State, work: Coroutine[object, object, None]) -> None:
    """A service that lost one of its duties ends: the next client starts a whole one."""
    try:
        await work
    except (DRConsoleError, OSError) as error:
        print(f"service ends: {error}", flush=True)
        state.stopping.set()


async def _idle(state: State, idle_s: float) -> None:
    """Ends the service after `idle_s` without client, run, schedule or notice that is still to be sent."""
    if state.captures.scheduled:
        return
    loop = asyncio.get_running_loop()
    since = loop.time()
    while True:
        await asyncio.sleep(min(_LOOK_S, idle_s / 4))
        if state.clients or state.runners.unfinished() or state.notifier.busy:
            since = loop.time()
        elif loop.time() - since >= idle_s:
            state.stopping.set()
            return


async def _orphan(state: State) -> None:
    """Ends the service when its state directory vanishes."""
    place = Path(state.settings.state_dir)
    while await asyncio.to_thread(place.is_dir):  # noqa: ASYNC110 -- nobody tells of a vanished directory
        await asyncio.sleep(_LOOK_S)
    state.stopping.set()
