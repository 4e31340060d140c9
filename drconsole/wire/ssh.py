"""SSH to machines whose host key we know before the first packet.

No configuration file, agent or known_hosts of the account that runs us has a say, and trust on first
use does not exist: the caller names the host key. A command whose exit status did not arrive has an
unknown outcome, however complete its output looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from drconsole.errors import (
    DeadlinePassed,
    DeviceError,
    DRConsoleError,
    OutcomeUnknown,
    PinMismatch,
    Unreachable,
    WrongCredentials,
)
from drconsole.settings.secrets import Secret
from drconsole.wire.connecting import addresses

if TYPE_CHECKING:
    import asyncssh

OUTPUT_CAP = 1_000_000
"""Bytes of output, both streams together, before the command is cut off."""

_KEEPALIVE_S = 15
_KEEPALIVES = 3


class SshPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where to log in. `host_key` is the public key as in authorized_keys (`ssh-ed25519 AAAA…`), `key`
    our own private key in OpenSSH's form: no password goes to a machine."""

    about: str
    host: str
    port: int
    username: str
    key: Secret
    host_key: str


class SshResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a command said: its exit status, and its output as foreign text."""

    status: int
    output: str
    errors: str


async def run_command(place: SshPlace, command: str, *, connect_s: float, total_s: float) -> SshResult:
    """Runs one command and returns what it said: `run_commands` with one."""
    (told,) = await run_commands(place, (command,), connect_s=connect_s, total_s=total_s)
    return told


async def run_commands(
    place: SshPlace, commands: Sequence[str], *, connect_s: float, total_s: float
) -> tuple[SshResult, ...]:
    """Runs commands one after the other over one connection and returns what each said; names in them are
    quoted by whoever builds them.

    Raises Unreachable, DeadlinePassed, WrongCredentials, PinMismatch before it ran, OutcomeUnknown
    where the connection died under it, and DeviceError where it would not stop talking.
    """
    import asyncssh

    reached = asyncio.Event()
    try:
        async with asyncio.timeout(total_s):
            return await _conversation(place, commands, connect_s, reached)
    except TimeoutError as error:
        late = DeadlinePassed("no answer in time", about=place.about)
        raise _unknown(place, error) if reached.is_set() else late from error
    except (OSError, asyncssh.Error, ValueError) as error:  # ValueError: what it makes of garbage
        raise _unknown(place, error) if reached.is_set() else _told(place, error) from error


async def _conversation(
    place: SshPlace, commands: Sequence[str], connect_s: float, reached: asyncio.Event
) -> tuple[SshResult, ...]:
    connection = await _connect(place, connect_s)
    try:
        reached.set()
        told = []
        for command in commands:
            process = await connection.create_process(command, encoding=None)
            told.append(await _finished(place, process))
        return tuple(told)
    finally:
        connection.abort()


async def _connect(place: SshPlace, connect_s: float) -> asyncssh.SSHClientConnection:
    import asyncssh

    host_key = asyncssh.import_public_key(place.host_key)
    _family, address = (await addresses(place.host))[0]
    return await asyncssh.connect(
        address,
        place.port,
        username=place.username,
        known_hosts=([host_key], [], []),
        server_host_key_algs=[host_key.get_algorithm()],
        config=None,
        agent_path=None,
        client_keys=[asyncssh.import_private_key(place.key.reveal())],
        preferred_auth="publickey",
        connect_timeout=connect_s,
        login_timeout=connect_s,
        keepalive_interval=_KEEPALIVE_S,
        keepalive_count_max=_KEEPALIVES,
    )


async def _finished(place: SshPlace, process: asyncssh.SSHClientProcess[bytes]) -> SshResult:
    output, errors = await asyncio.gather(_capped(place, process.stdout), _capped(place, process.stderr))
    await process.wait_closed()
    status = process.exit_status
    if status is None:
        raise OutcomeUnknown("the connection died before the command told its end", about=place.about)
    return SshResult(status=status, output=_text(output), errors=_text(errors))


async def _capped(place: SshPlace, stream: asyncssh.SSHReader[bytes]) -> bytes:
    held = bytearray()
    while chunk := await stream.read(65536):
        held += chunk
        if len(held) > OUTPUT_CAP:
            raise DeviceError(f"a command says more than {OUTPUT_CAP} bytes", about=place.about)
    return bytes(held)


def _text(output: bytes) -> str:
    return output.decode("utf-8", "backslashreplace")


def _unknown(place: SshPlace, error: Exception) -> OutcomeUnknown:
    return OutcomeUnknown(f"the connection died under a command: {error}", about=place.about)


def _told(place: SshPlace, error: Exception) -> DRConsoleError:
    import asyncssh

    if isinstance(error, asyncssh.PermissionDenied):
        return WrongCredentials("refuses our key", about=place.about)
    if isinstance(error, asyncssh.HostKeyNotVerifiable | asyncssh.KeyExchangeFailed):
        return PinMismatch(
            about=place.about, expected=key_fingerprint(place.host_key), presented="another host key"
        )
    return Unreachable(f"no connection: {error}", about=place.about)


def key_fingerprint(public_key: str) -> str:
    """Returns the pin of a public key in one line: `sha256:` and 64 hexadecimal digits."""
    import base64
    import hashlib

    return f"sha256:{hashlib.sha256(base64.b64decode(public_key.split()[1])).hexdigest()}"
