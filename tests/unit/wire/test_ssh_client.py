"""SSH: the host key was known before, and silence in the middle is never success."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncssh
import pytest

from drconsole.errors import DeviceError, OutcomeUnknown, PinMismatch, Unreachable, WrongCredentials
from drconsole.settings.secrets import Secret
from drconsole.wire.ssh import OUTPUT_CAP, SshPlace, key_fingerprint, run_command


class Login(asyncssh.SSHServer):
    def __init__(self, allowed: str) -> None:
        self._allowed = asyncssh.import_public_key(allowed)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == "root" and key == self._allowed


async def answer(process: asyncssh.SSHServerProcess[bytes]) -> None:
    match process.command:
        case "hostname":
            process.stdout.write(b"db-01\n")
        case "binary":
            process.stdout.write(b"\xff\xfe name")
        case "endless":
            process.stdout.write(b"x" * (OUTPUT_CAP + 1))
        case "dies":
            process.stdout.write(b"all is well\n")
            await process.stdout.drain()
            process.channel.get_connection().abort()
            return
        case "slow":
            await asyncio.sleep(5)
    process.exit(0)


def public(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


@pytest.fixture(scope="module")
def key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


@asynccontextmanager
async def server(host_key: asyncssh.SSHKey, allowed: str) -> AsyncIterator[int]:
    acceptor = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=lambda: Login(allowed),
        server_host_keys=[host_key],
        process_factory=answer,
        encoding=None,
        config=None,
    )
    try:
        yield acceptor.get_port()
    finally:
        acceptor.close()
        await acceptor.wait_closed()


@pytest.fixture
async def place(key: asyncssh.SSHKey) -> AsyncIterator[SshPlace]:
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    async with server(host_key, public(key)) as port:
        yield place_at(port, public(host_key), key)


def place_at(port: int, host_key: str, key: asyncssh.SSHKey) -> SshPlace:
    return SshPlace(
        about="db-01",
        host="127.0.0.1",
        port=port,
        username="root",
        key=Secret(key.export_private_key().decode()),
        host_key=host_key,
    )


async def test_a_command_tells_its_output(place: SshPlace) -> None:
    told = await run_command(place, "hostname", connect_s=2, total_s=5)
    assert (told.status, told.output) == (0, "db-01\n")


async def test_output_that_is_no_text_is_kept_as_escapes(place: SshPlace) -> None:
    assert (await run_command(place, "binary", connect_s=2, total_s=5)).output == "\\xff\\xfe name"


async def test_complete_looking_output_without_an_end_is_unknown(place: SshPlace) -> None:
    with pytest.raises(OutcomeUnknown):
        await run_command(place, "dies", connect_s=2, total_s=5)


async def test_a_command_past_its_deadline_is_unknown(place: SshPlace) -> None:
    with pytest.raises(OutcomeUnknown):
        await run_command(place, "slow", connect_s=2, total_s=0.5)


async def test_a_command_that_will_not_stop_talking_is_cut_off(place: SshPlace) -> None:
    with pytest.raises(DeviceError, match="more than"):
        await run_command(place, "endless", connect_s=2, total_s=5)


async def test_another_host_key_is_refused(key: asyncssh.SSHKey) -> None:
    expected = public(asyncssh.generate_private_key("ssh-ed25519"))
    async with server(asyncssh.generate_private_key("ssh-ed25519"), public(key)) as port:
        with pytest.raises(PinMismatch) as caught:
            await run_command(place_at(port, expected, key), "hostname", connect_s=2, total_s=5)
    assert caught.value.expected == key_fingerprint(expected)


async def test_a_key_that_it_does_not_know_is_wrong_credentials(place: SshPlace) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519")
    with pytest.raises(WrongCredentials):
        await run_command(place_at(place.port, place.host_key, stranger), "hostname", connect_s=2, total_s=5)


async def test_a_closed_port_is_unreachable(place: SshPlace, key: asyncssh.SSHKey) -> None:
    with pytest.raises(Unreachable):
        await run_command(place_at(1, place.host_key, key), "hostname", connect_s=1, total_s=2)


@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-\x98\xff\n", b"\xff\xfe\n" * 50, b"HTTP/1.1 400 Bad Request\r\n\r\n"]
)
async def test_somebody_who_speaks_no_ssh_is_unreachable(key: asyncssh.SSHKey, greeting: bytes) -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await writer.drain()
        writer.close()

    stranger = await asyncio.start_server(greet, "127.0.0.1", 0)
    place = place_at(stranger.sockets[0].getsockname()[1], public(key), key)
    with pytest.raises(Unreachable):
        await run_command(place, "hostname", connect_s=2, total_s=5)
    stranger.close()
    await stranger.wait_closed()


async def test_a_server_that_says_nothing_ends_at_the_deadline(key: asyncssh.SSHKey) -> None:
    left = asyncio.Event()

    async def listen_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    silent = await asyncio.start_server(listen_only, "127.0.0.1", 0)
    place = place_at(silent.sockets[0].getsockname()[1], public(key), key)
    async with asyncio.timeout(3):
        with pytest.raises(Unreachable):
            await run_command(place, "hostname", connect_s=0.3, total_s=0.6)
        await left.wait()
    silent.close()
    await silent.wait_closed()
