"""The SSH door of a machine that runs Linux: its injected host key, its authorised keys."""

from __future__ import annotations

import asyncssh

from drconsole.lab.doors.shell import answer
from drconsole.lab.world.linux import Linux
from drconsole.lab.world.machine import Machine


class SshDoor:
    """An open SSH door; closing it cuts every connection."""

    def __init__(self) -> None:
        self.acceptor: asyncssh.SSHAcceptor | None = None
        self.connections: set[asyncssh.SSHServerConnection] = set()

    def close(self) -> None:
        if self.acceptor is not None:
            self.acceptor.close()
        for connection in list(self.connections):
            connection.abort()


class _Server(asyncssh.SSHServer):
    """Lets root in with a key that the kickstart authorised, and nobody else."""

    def __init__(self, system: Linux, door: SshDoor) -> None:
        self._keys = {_fingerprint(key) for key in system.authorised}
        self._door = door
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._door.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._door.connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == "root" and key.get_fingerprint() in self._keys


async def listen_ssh(machine: Machine, system: Linux, address: str, port: int) -> SshDoor:
    """Opens the door. Raises OSError, and asyncssh.KeyImportError for a host key that is none."""
    door = SshDoor()
    door.acceptor = await asyncssh.listen(
        address,
        port,
        server_factory=lambda: _Server(system, door),
        server_host_keys=[asyncssh.import_private_key(system.host_key)],
        process_factory=lambda process: _run(machine, system, process),
        config=None,
        encoding=None,
        reuse_address=True,
    )
    return door


def _run(machine: Machine, system: Linux, process: asyncssh.SSHServerProcess[bytes]) -> None:
    command = process.command or ""
    output, status = answer(machine, system, command)
    if status:
        process.stderr.write(f"sh: {command[:100]}: not found\n".encode())
    process.stdout.write(output.encode())
    process.exit(status)


def _fingerprint(key: str) -> str:
    return asyncssh.import_public_key(key).get_fingerprint()
