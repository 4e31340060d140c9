"""An impostor never hears a byte: whatever client is used, and however often it tries."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
from collections.abc import Iterator

import aiohttp
import pytest

from drconsole.errors import DeadlinePassed, InvalidConfiguration, PinMismatch, Unreachable
from drconsole.wire import tls
from tests.unit.wire.impostor import Identity, Peer


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return Identity(tmp_path_factory.mktemp("ours"), "ours")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return Identity(tmp_path_factory.mktemp("theirs"), "theirs")


@pytest.fixture
def peer(ours: Identity) -> Iterator[Peer]:
    peer = Peer(ours)
    yield peer
    peer.close()


@pytest.fixture
def impostor(theirs: Identity) -> Iterator[Peer]:
    peer = Peer(theirs)
    yield peer
    peer.close()


def ask(context: ssl.SSLContext, port: int) -> bytes:
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=5)
    try:
        connection.request("GET", "/", headers={"Authorization": "canary"})
        return connection.getresponse().read()
    finally:
        connection.close()


async def ask_async(session: aiohttp.ClientSession, port: int) -> bytes:
    async with session.get(f"https://127.0.0.1:{port}/", headers={"Authorization": "canary"}) as answer:
        return await answer.read()


def test_the_pinned_machine_is_spoken_to(peer: Peer, ours: Identity) -> None:
    assert ask(tls.pinned_context(ours.pin, "vc-01"), peer.port) == b"hello"


@pytest.mark.parametrize("form", [str.upper, lambda pin: pin.removeprefix("sha256:")])
def test_a_pin_may_be_written_as_other_tools_print_it(peer: Peer, ours: Identity, form: object) -> None:
    assert callable(form)
    assert ask(tls.pinned_context(form(ours.pin), "vc-01"), peer.port) == b"hello"


def test_an_impostor_is_refused_by_name_and_hears_nothing(
    impostor: Peer, ours: Identity, theirs: Identity
) -> None:
    with pytest.raises(PinMismatch) as refusal:
        ask(tls.pinned_context(ours.pin, "vc-01"), impostor.port)
    assert refusal.value.about == "vc-01"
    assert (refusal.value.expected, refusal.value.presented) == (ours.pin, theirs.pin)
    assert impostor.heard == []


def test_an_impostor_is_refused_on_a_context_that_was_good_before(
    peer: Peer, ours: Identity, theirs: Identity
) -> None:
    context = tls.pinned_context(ours.pin, "vc-01")
    assert ask(context, peer.port) == b"hello"
    peer.identity, peer.heard = theirs, []
    for _retry in range(3):
        with pytest.raises(PinMismatch):
            ask(context, peer.port)
    assert peer.heard == []


def test_a_client_that_reconnects_by_itself_compares_again(
    peer: Peer, ours: Identity, theirs: Identity
) -> None:
    """http.client reopens a closed keep-alive connection on the next request."""
    connection = http.client.HTTPSConnection(
        "127.0.0.1", peer.port, context=tls.pinned_context(ours.pin, "vc-01"), timeout=5
    )
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"hello"
    connection.close()
    peer.identity, peer.heard = theirs, []
    with pytest.raises(PinMismatch):
        connection.request("GET", "/")
    assert peer.heard == []


def test_an_authority_that_the_client_trusts_changes_nothing(
    impostor: Peer, ours: Identity, theirs: Identity
) -> None:
    context = tls.pinned_context(ours.pin, "vc-01")
    context.load_verify_locations(theirs.file)
    with pytest.raises(PinMismatch):
        ask(context, impostor.port)


def test_a_handshake_cannot_be_left_to_the_first_read(impostor: Peer, ours: Identity) -> None:
    context = tls.pinned_context(ours.pin, "vc-01")
    with (
        socket.create_connection(("127.0.0.1", impostor.port)) as raw,
        pytest.raises(ValueError, match="itself"),
    ):
        context.wrap_socket(raw, do_handshake_on_connect=False)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    unproved = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    with pytest.raises(ssl.SSLError, match="not compared"):
        unproved.write(b"canary")
    with pytest.raises(ssl.SSLError, match="not compared"):
        unproved.read()


async def test_asyncio_is_refused_before_it_can_write(impostor: Peer, ours: Identity) -> None:
    with pytest.raises(PinMismatch):
        await asyncio.open_connection("127.0.0.1", impostor.port, ssl=tls.pinned_context(ours.pin, "bmc-d"))
    assert impostor.heard == []


async def test_aiohttp_is_refused_on_a_session_that_was_good_before(
    peer: Peer, ours: Identity, theirs: Identity
) -> None:
    connector = aiohttp.TCPConnector(ssl=tls.pinned_context(ours.pin, "bmc-d"), force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        assert await ask_async(session, peer.port) == b"hello"
        peer.identity, peer.heard = theirs, []
        for _retry in range(2):
            with pytest.raises(aiohttp.ClientConnectionError) as refusal:
                await ask_async(session, peer.port)
            found = tls.pin_mismatch(refusal.value)
            assert found is not None
            assert found.presented == theirs.pin
    assert peer.heard == []


async def test_a_redirect_to_an_impostor_is_refused(impostor: Peer, ours: Identity) -> None:
    def redirect(connection: ssl.SSLSocket) -> None:
        connection.sendall(
            b"HTTP/1.1 307 Moved\r\nContent-Length: 0\r\n"
            b"Location: https://127.0.0.1:%d/\r\n\r\n" % impostor.port
        )

    peer = Peer(ours, redirect)
    try:
        connector = aiohttp.TCPConnector(ssl=tls.pinned_context(ours.pin, "bmc-d"))
        async with aiohttp.ClientSession(connector=connector) as session:
            with pytest.raises(aiohttp.ClientConnectionError) as refusal:
                await ask_async(session, peer.port)
        assert tls.pin_mismatch(refusal.value) is not None
        assert impostor.heard == []
    finally:
        peer.close()


async def test_a_fingerprint_is_read_without_saying_a_word(peer: Peer, ours: Identity) -> None:
    assert await tls.fetch_pin("127.0.0.1", peer.port, 5) == ours.pin
    assert peer.heard == []


async def test_nobody_there_and_nobody_who_speaks_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(DeadlinePassed):
            await tls.fetch_pin("127.0.0.1", port, 0.2)
    with pytest.raises(Unreachable):
        await tls.fetch_pin("127.0.0.1", port, 1)


@pytest.mark.parametrize("pin", ["", "sha256:", "sha1:" + "a" * 40, "sha256:" + "g" * 64])
def test_a_pin_that_is_none_is_refused_before_any_connection(pin: str) -> None:
    with pytest.raises(InvalidConfiguration, match="vc-01"):
        tls.pinned_context(pin, "vc-01")


def test_old_protocols_are_not_offered(ours: Identity) -> None:
    assert tls.pinned_context(ours.pin, "vc-01").minimum_version is ssl.TLSVersion.TLSv1_2
