"""Names that nobody answers for: the rest of the product goes on, and everything ends in time."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from drconsole.errors import DeadlinePassed, OutcomeUnknown, Unreachable
from drconsole.wire import connecting
from drconsole.wire.connecting import addresses, connected
from drconsole.wire.tls import fetch_pin
from tests.unit.devices.served import Place, client_of

NOWHERE = "vcenter.site-that-is-gone.example"


class Resolver:
    """A resolver whose answers for one name hang until they are let go; it counts what it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self.answers = threading.Event()
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host: Any, *arguments: Any, **named: Any) -> Any:
        if host != NOWHERE:
            return self._real(host, *arguments, **named)
        self.asked.append(host)
        self.answers.wait(30)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    resolver = Resolver(monkeypatch)
    yield resolver
    resolver.answers.set()
    while connecting._asked:
        time.sleep(0.01)


async def test_a_hung_look_up_ends_at_the_deadline_and_is_made_once(resolver: Resolver) -> None:
    began = time.monotonic()
    ends = await asyncio.gather(
        *(connected(NOWHERE, 443, within_s=0.3) for _ in range(40)), return_exceptions=True
    )
    assert {type(end) for end in ends} == {TimeoutError}
    assert time.monotonic() - began < 3
    assert resolver.asked == [NOWHERE]
    assert await asyncio.to_thread(sum, (1, 2)) == 3


async def test_every_client_ends_at_its_own_deadline(resolver: Resolver) -> None:
    client = client_of(Place(f"{NOWHERE}:443", f"sha256:{'0' * 64}"), total_s=0.5)
    for method in ("GET", "POST"):
        with pytest.raises((Unreachable, OutcomeUnknown)):
            await client.call(method, "/name")
    await client.close()
    with pytest.raises(DeadlinePassed):
        await fetch_pin(NOWHERE, 443, 0.2)


async def test_who_comes_later_gets_the_answer_that_others_waited_for(resolver: Resolver) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await addresses(NOWHERE)
    waiting = asyncio.create_task(addresses(NOWHERE))
    await asyncio.sleep(0.05)
    resolver.answers.set()
    assert await waiting == [(socket.AF_INET, "127.0.0.1")]
    assert resolver.asked == [NOWHERE]


async def test_numbers_are_not_looked_up_and_unknown_names_are_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert await addresses("127.0.0.1") == [(socket.AF_INET, "127.0.0.1")]
    assert await addresses("[::1]") == [(socket.AF_INET6, "::1")]
    with pytest.raises(OSError, match="unknown"):
        await addresses("esx-99")
