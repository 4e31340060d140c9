"""A real OpenSSH server on loopback with keys and configuration of its own, and sessions through it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_CONFIGURATION = """
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/operator.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
PidFile none
PrintMotd no
SetEnv {environment}
"""

SEPARATION = Path("/run/sshd")
"""Where OpenSSH locks its unprivileged half in; a service's start makes it, and here none starts."""


def missing() -> str:
    """Returns what keeps a server from running here, "" where nothing does."""
    if server_path() is None or shutil.which("ssh") is None:
        return "OPENSSH IS NOT INSTALLED"
    return "" if os.geteuid() == 0 else "needs root, to open sessions"


def server_path() -> str | None:
    """Returns where the server's program is; it must be called by its whole path."""
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@dataclass
class Session:
    """One connection with what it shows: both ends' processes, and everything that it printed."""

    client: subprocess.Popen[bytes]
    output: Path

    def shown(self) -> str:
        """Returns what the operator's terminal has got so far."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def drop_client(self) -> None:
        """The operator's machine is gone."""
        self.client.kill()
        self.client.wait(10)

    def end(self) -> None:
        """Ends what is left of it."""
        if self.client.poll() is None:
            self.client.kill()
        self.client.wait(10)


class SshDoor:
    """The server; `run` opens sessions."""

    def __init__(self, folder: Path, port: int, server: subprocess.Popen[bytes]) -> None:
        self._folder = folder
        self._port = port
        self._server = server
        self._sessions = 0

    def run(self, command: Sequence[str]) -> Session:
        """Runs a command on a terminal of its own at the other end."""
        self._sessions += 1
        output = self._folder / f"shown-{self._sessions}"
        words = self.words(*command, terminal="-tt")
        with output.open("wb") as file:
            client = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=file, stderr=file)
        return Session(client, output)

    def words(self, *command: str, terminal: str = "-t", account: str = "root") -> list[str]:
        """Returns what an operator types: ssh with this door's keys, and a command for the other end."""
        return [
            *("ssh", terminal, "-F", "none", "-i", str(self._folder / "operator")),
            *self.options(),
            *("-p", str(self._port), f"{account}@127.0.0.1", *command),
        ]

    def options(self) -> list[str]:
        """Returns the options that ssh, scp and sftp share here."""
        known = f"UserKnownHostsFile={self._folder}/known"
        options = ("StrictHostKeyChecking=no", known, "LogLevel=ERROR", "BatchMode=yes")
        return [word for option in options for word in ("-o", option)]

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def pid(self) -> int:
        """The server itself; each connection is a child of it."""
        return self._server.pid

    def drop_servers(self) -> None:
        """The connection's process at this end is gone; the server itself goes on."""
        for process in psutil.Process(self._server.pid).children():
            with suppress(psutil.NoSuchProcess):
                process.kill()


@contextmanager
def ssh_door(
    folder: Path, environment: Mapping[str, str], *, more: str = "", accounts: str = ""
) -> Iterator[SshDoor]:
    """Runs a server in a folder of its own; sessions get the environment given.

    `more` are further lines of its configuration. `accounts` are lines of a passwd file that this
    server alone sees beside the machine's: it gets a view of the files of its own.
    """
    folder.mkdir()
    for name in ("host", "operator"):
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(keygen, check=True, stdin=subprocess.DEVNULL)
    port, made = _free_port(), not SEPARATION.exists()
    SEPARATION.mkdir(mode=0o755, exist_ok=True)
    told = " ".join(f"{name}={value}" for name, value in environment.items())
    configuration = folder / "sshd_config"
    configuration.write_text(_CONFIGURATION.format(port=port, folder=folder, environment=told) + more)
    command = [server_path() or "sshd", "-D", "-e", "-f", str(configuration)]
    if accounts:
        passwd = folder / "passwd"
        passwd.write_text(Path("/etc/passwd").read_text(encoding="utf-8") + accounts, encoding="utf-8")
        view = 'mount --bind "$0" /etc/passwd && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", view, str(passwd), *command]
    with (folder / "sshd.log").open("wb") as log:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _listens(port, server, folder / "sshd.log")
        yield SshDoor(folder, port, server)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)
        if made:
            SEPARATION.rmdir()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _listens(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 10
    while server.poll() is None and time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"sshd does not listen: {log.read_text(errors='replace')[-300:]}")
