"""Accounts of a jump host, through OpenSSH's own server: a login shell, a forced command, poor terminals."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from drconsole.api import requests
from tests.chaos.ssh_door import SshDoor, missing, ssh_door
from tests.conftest import SESSION
from tests.console.scripted_service import ScriptedService
from tests.console.small_world import RUN, world
from tests.console.tmux import Tmux, Window, tmux
from tests.lab.operator import COMMAND

INHERITED = (SESSION, "XDG_RUNTIME_DIR", "TMPDIR", "PYTHONPYCACHEPREFIX", "PYTHONPATH")
_ACCOUNTS = """\
operator:x:0:0::/proc/none:{command}
watcher:x:0:0::/:{command}
guest:x:0:0::/:/bin/sh
"""
"""`operator` has no home that could be written to."""

_MORE = """\
PermitUserEnvironment no
AllowTcpForwarding no
Subsystem sftp /usr/lib/openssh/sftp-server
Match User watcher,guest
  ForceCommand {command} --observe
"""


class Host:
    """The jump host: an account's terminal, or a command's outcome."""

    def __init__(self, door: SshDoor, service: ScriptedService) -> None:
        self.door = door
        self.service = service

    def does(self, account: str, *command: str, terminal: str = "-T") -> subprocess.CompletedProcess[str]:
        """Runs a command through ssh, off a terminal unless told otherwise."""
        return _runs(self.door.words(*command, terminal=terminal, account=account))

    def opens(self, terminals: Tmux, account: str, *command: str, term: str = "tmux-256color") -> Window:
        """Logs in on a terminal."""
        words = self.door.words(*command, account=account)
        return terminals.open(f"{account}-{term}", ["env", f"TERM={term}", *words])

    def copies(self, program: str, account: str) -> subprocess.CompletedProcess[str]:
        """Tries to put a file there."""
        there = f"{account}@127.0.0.1"
        words = self.door.words(account=account, terminal="-T")[:-1]
        if program == "sftp":
            return _runs([*words, "-s", there, "sftp"])
        copied = [word if word != "-p" else "-P" for word in words if word not in ("ssh", "-T")]
        return _runs(["scp", "-O", *copied, __file__, f"{there}:/tmp/"])


def _runs(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    assert missing() == ""
    folder = tmp_path_factory.mktemp("host")
    service = world(folder)
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    environment |= {"DRCONSOLE_CONFIG": str(service.config), "LANG": "C.UTF-8"}
    accounts = _ACCOUNTS.format(command=COMMAND)
    with (
        service.listening(),
        ssh_door(folder / "ssh", environment, more=_MORE.format(command=COMMAND), accounts=accounts) as door,
    ):
        yield Host(door, service)


@pytest.fixture
def terminals() -> Iterator[Tmux]:
    with tmux() as own:
        yield own


def test_a_login_opens_the_console(host: Host, terminals: Tmux) -> None:
    console = host.opens(terminals, "operator")
    console.sees("[1 Sites]", "● pittsburgh", "web-01")
    console.press("5")
    console.sees("[5 Run]", RUN)
    console.press("q")
    console.ends()


def test_a_terminal_of_an_unknown_kind_is_served(host: Host, terminals: Tmux) -> None:
    console = host.opens(terminals, "operator", term="vt9000-next")
    console.sees("[1 Sites]", "pittsburgh", "web-01")
    console.press("q")
    console.ends()


def test_a_login_shell_carries_out_a_command_of_ours(host: Host) -> None:
    done = host.does("operator", "drconsole", "run", "list", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["run"] == RUN


@pytest.mark.parametrize(
    "command",
    [("id",), ("rsync", "--server", ".", "/"), ("sh", "-c", "'drconsole run list'"), ("drconsole|sh",)],
)
def test_a_login_shell_refuses_another_program(host: Host, command: tuple[str, ...]) -> None:
    done = host.does("operator", *command)
    assert (done.returncode, done.stdout) == (3, "")
    assert "this account runs drconsole and nothing else" in done.stderr


@pytest.mark.parametrize("program", ["scp", "sftp"])
def test_no_file_is_copied(host: Host, program: str) -> None:
    """A subsystem's stderr is not passed on by OpenSSH: its code says it."""
    done = host.copies(program, "operator")
    assert done.returncode != 0
    assert done.returncode == 3 or "this account runs drconsole and nothing else" in done.stderr


def test_without_a_terminal_it_says_how_to_get_one(host: Host) -> None:
    done = host.does("operator")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the console needs a terminal" in done.stderr
    assert "ssh -t" in done.stderr


@pytest.mark.parametrize("account", ["watcher", "guest"])
def test_an_observers_forced_command_wins_over_what_is_asked(
    host: Host, terminals: Tmux, account: str
) -> None:
    """`watcher` has our login shell too, `guest` a usual one."""
    console = host.opens(terminals, account, "drconsole", "run", "cancel", "latest")
    console.sees("[1 Sites]", "OBSERVER", "web-01")
    console.press("5")
    assert "cancel" not in console.sees("[5 Run]", RUN)
    console.press("q")
    console.ends()
    assert not host.service.asked_for(requests.Cancel)


def test_an_observers_forced_command_needs_a_terminal_too(host: Host) -> None:
    done = host.does("guest", "sh", "-c", "id")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the console needs a terminal" in done.stderr
