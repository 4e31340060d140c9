"""Several accounts at one installed service: who is an operator, who looks, who is let in at all."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.frames import Failure, Final, Hello, Item, Welcome, frame
from drconsole.errors import Refused, Unreachable
from drconsole.service.access import standing
from drconsole.settings.values import People

_ANSWER: msgspec.msgpack.Decoder[Welcome | Item | Final | Failure] = msgspec.msgpack.Decoder(
    Welcome | Item | Final | Failure
)
OPERATOR, OBSERVER, STRANGER = "nobody", "daemon", "bin"
"""Accounts that every Debian has, each with a group of its own."""


as_others = pytest.mark.skipif(os.getuid() != 0, reason="nobody but root can be somebody else")


@pytest.fixture
def shared() -> Iterator[Path]:
    """A service with a shared socket where other accounts can get to it."""
    folder = Path(tempfile.mkdtemp(prefix="drc-people-", dir="/tmp"))
    folder.chmod(0o711)
    config = folder / "drconsole.toml"
    config.write_text(
        f'[state]\ndir = "s"\nsocket = "run/console.sock"\n'
        f'[people]\noperators = ["{_group(OPERATOR)}"]\nobservers = ["{_group(OBSERVER)}"]\n'
    )
    yield config
    lock = folder / "s/service.lock"
    if lock.exists() and (text := lock.read_text().strip()):
        process = psutil.Process(int(text))
        process.kill()
        process.wait(10)
    shutil.rmtree(folder)


def _group(account: str) -> str:
    import grp

    return grp.getgrgid(pwd.getpwnam(account).pw_gid).gr_name


def test_an_accounts_standing_comes_of_its_groups() -> None:
    people = People(operators=(_group(OPERATOR),), observers=(_group(OBSERVER), _group(OPERATOR)))
    assert standing(os.getuid(), None) == "operator"
    assert standing(0, people) == "operator"
    assert standing(pwd.getpwnam(OPERATOR).pw_uid, people) == "operator"
    assert standing(pwd.getpwnam(OBSERVER).pw_uid, people) == "observer"
    for stranger in (pwd.getpwnam(STRANGER).pw_uid, 4_000_000_123):
        with pytest.raises(Refused, match="neither an operator nor an observer"):
            standing(stranger, people)
    with pytest.raises(Refused):
        standing(pwd.getpwnam(OPERATOR).pw_uid, None)


async def test_everybody_may_knock_at_a_shared_socket(shared: Path) -> None:
    async with await Client.connect(shared) as own:
        status = await own.ask(requests.Status())
        assert not status.single_user
        assert not own.observe
    place = shared.parent / "run/console.sock"
    assert place.stat().st_mode & 0o777 == 0o666
    assert place.parent.stat().st_mode & 0o777 == 0o711


@as_others
async def test_the_service_lets_each_account_do_what_its_group_may(shared: Path) -> None:
    place = shared.parent / "run/console.sock"
    async with await Client.connect(shared) as own:
        assert not own.observe
    looks, changes = requests.ListRuns(), requests.Pause(run="latest")
    assert _as(OPERATOR, lambda: _says(place, looks)) == "False Final"
    assert _as(OPERATOR, lambda: _says(place, changes)) == "False UnknownName"
    assert _as(OBSERVER, lambda: _says(place, looks)) == "True Final"
    assert _as(OBSERVER, lambda: _says(place, changes)) == "True Refused"
    assert _as(STRANGER, lambda: _says(place, looks)) == "Refused"


@as_others
async def test_another_accounts_service_is_not_started(shared: Path) -> None:
    state = shared.parent / "s"
    state.mkdir(mode=0o700)
    os.chown(state, pwd.getpwnam(OPERATOR).pw_uid, -1)
    with pytest.raises(Unreachable, match="another account's to start"):
        await Client.connect(shared)


def _says(place: Path, request: requests.AnyRequest) -> str:
    """What the service says to a request: whether one only observes, and how it ended."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(20)
        line.connect(str(place))
        line.sendall(frame(Hello(version="0")))
        welcome = _heard(line)
        if isinstance(welcome, Failure):
            return welcome.kind
        assert isinstance(welcome, Welcome)
        line.sendall(frame(request))
        end = _heard(line)
        return f"{welcome.observe} {end.kind if isinstance(end, Failure) else type(end).__name__}"


def _heard(line: socket.socket) -> Welcome | Item | Final | Failure:
    size = int.from_bytes(_bytes(line, 4), "big")
    return _ANSWER.decode(_bytes(line, size))


def _bytes(line: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        found += line.recv(size - len(found)) or _ended()
    return found


def _ended() -> bytes:
    raise ConnectionError("the service hung up")


def _as(account: str, talk: Callable[[], str]) -> str:
    """Talks as another account, in a child of this very process: it can read no file of ours."""
    there = pwd.getpwnam(account)
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        try:
            os.setgroups([])
            os.setgid(there.pw_gid)
            os.setuid(there.pw_uid)
            said = talk()
        except BaseException:
            said = traceback.format_exc()
        os.write(writes, said.encode())
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as told:
        said = told.read()
    os.waitpid(child, 0)
    return said
