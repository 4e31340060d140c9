"""Finding the service of a configuration, and starting one where none runs (DESIGN 2)."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import msgspec

from drconsole.api.logout import outliving
from drconsole.errors import InvalidConfiguration, Unreachable

START_S = 20.0
"""How long a service may take until it listens."""

_POLL_S = 0.02
_KNOCK_S = 5.0
_LOG_TAIL = 800


_started: list[subprocess.Popen[bytes]] = []
"""Services that this process has started: their ends are collected, their lives are their own."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a configuration's service lives: absolute paths."""

    config: str
    state_dir: str
    socket: str


def find(config: str | Path | None = None) -> Place:
    """Returns the place of a configuration's service, running or not.

    None looks where DESIGN 6 says. Raises InvalidConfiguration where there is none, or a bad one, or
    one that the service would refuse.
    """
    from drconsole.settings import places
    from drconsole.settings.file import load
    from drconsole.settings.secrets import refuse_prompts

    path = places.find(config)
    if path is None:
        raise InvalidConfiguration(
            "there is no configuration", expected="name one with --config, or begin with `drconsole demo`"
        )
    settings = load(path)
    refuse_prompts(settings)
    socket = places.listens_at(settings)
    return Place(config=settings.path, state_dir=settings.state_dir, socket=str(socket))


def is_configured(config: str | Path | None = None) -> bool:
    """Whether there is a configuration at all: where there is none, a console shows the way in.

    Raises InvalidConfiguration where one is named and does not exist.
    """
    from drconsole.settings import places

    return places.find(config) is not None


async def ensure_started(place: Place) -> None:
    """Returns once a service listens at `place`, starting one if need be.

    Two clients may do so at once: the service that loses the lock ends, and both find the other.
    Raises Unreachable with the end of the service's log where none comes up.
    """
    if await _listens(place):
        return
    if not _ours(place):
        raise Unreachable(
            "the installed service does not run, and is another account's to start",
            about=place.config,
            remedy="`systemctl start drconsole`, or as its account `drconsole serve`",
        )
    process = _start(place)
    try:
        async with asyncio.timeout(START_S):
            while not await _listens(place):
                if process.poll() not in (None, 0):
                    raise _never_came(place, f"ended with code {process.returncode}")
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise _never_came(place, f"does not listen after {START_S:.0f} s") from None


async def _listens(place: Place) -> bool:
    try:
        async with asyncio.timeout(_KNOCK_S):
            _, writer = await asyncio.open_unix_connection(place.socket)
    except TimeoutError:
        return True  # a queue that is full is somebody's who does not answer: greeting it will tell
    except OSError:
        return False
    writer.close()
    return True


def _ours(place: Place) -> bool:
    """Whether the state belongs to this account, or to nobody yet: another's service is not started."""
    try:
        return Path(place.state_dir).stat().st_uid == os.getuid()
    except FileNotFoundError:
        return True
    except PermissionError:
        return False


def _start(place: Place) -> subprocess.Popen[bytes]:
    """Starts the service in a session of its own; it outlives us, and inherits no descriptor.

    Where the account lingers it becomes a scope of the account's service manager, so that no logout
    ends it.
    """
    state = Path(place.state_dir)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    staying = outliving(f"drconsole-service-{Path(place.socket).stem}")
    command = [*staying, sys.executable, "-P", "-m", "drconsole.service", "--config", place.config]
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    log = os.open(state / "service.log", flags, 0o600)
    try:
        process = subprocess.Popen(  # noqa: S603 -- our own interpreter and module
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            close_fds=True,
        )
    finally:
        os.close(log)
    _started[:] = [other for other in _started if other.poll() is None]
    _started.append(process)
    return process


def _never_came(place: Place, how: str) -> Unreachable:
    log = Path(place.state_dir) / "service.log"
    try:
        tail = log.read_bytes()[-_LOG_TAIL:].decode(errors="backslashreplace").strip()
    except OSError:
        tail = ""
    lines = tail.splitlines()
    return Unreachable(
        f"the service {how}" + (f": {lines[-1]}" if lines else ""),
        about=place.config,
        remedy=f"its words are in {log}",
    )
