"""What the end of a login does to processes that were started in it, and how to start one that stays.

systemd-logind may end all that an account has left behind (`KillUserProcesses`), a session of its own
or not. Only what the account's own service manager runs is spared, and that manager outlives the last
login only where the account lingers (`loginctl enable-linger`). Source: logind.conf(5), loginctl(1).
"""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from pathlib import Path

import msgspec

_EXEMPT = frozenset({0})
"""`KillExcludeUsers`, as it is shipped: root."""

_ASK_S = 2.0
_ASK = (
    "busctl",
    "get-property",
    "org.freedesktop.login1",
    "/org/freedesktop/login1",
    "org.freedesktop.login1.Manager",
    "KillUserProcesses",
)


class Logout(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of logins on this machine.

    `systemd`: it runs the machine. `kills`: logind ends what a login leaves, None where nobody said.
    `lingers`: the account's service manager stays without a login. `manager`: it answers now.
    """

    systemd: bool
    kills: bool | None
    lingers: bool
    manager: bool

    @property
    def spares(self) -> bool:
        """Whether a service or a run that this account starts outlives its last login."""
        return not self.systemd or self.kills is False or (self.lingers and self.manager)

    @property
    def text(self) -> str:
        """What a logout would do here, as a sentence."""
        if not self.systemd:
            return "nothing ends what a login leaves behind: there is no systemd here"
        if self.lingers and self.manager:
            return "services and runs are scopes of the account's own service manager, which stays"
        if self.kills is False:
            return "logind leaves processes alone: services and runs go on in a session of their own"
        if self.kills is None:
            return "nobody could say whether logind ends what a login leaves behind"
        return "logind ends everything that this account has started, runs included"


def at_logout(root: Path = Path("/"), *, ask: tuple[str, ...] = _ASK) -> Logout:
    """Looks at this machine, or at one whose files lie under `root`. Blocks for 2 s at most."""
    if not (root / "run/systemd/system").is_dir():
        return Logout(systemd=False, kills=None, lingers=False, manager=False)
    return Logout(systemd=True, kills=_kills(ask), lingers=_lingers(root), manager=_manager(root))


def outliving(unit: str, root: Path = Path("/")) -> tuple[str, ...]:
    """Returns the words before a command that keep it alive after the last logout; none where none help.

    `--scope` makes systemd-run become the command, in the same process. The account's files are
    looked at, nobody is asked.
    """
    reachable = "XDG_RUNTIME_DIR" in os.environ and _manager(root)
    if (root / "run/systemd/system").is_dir() and _lingers(root) and reachable:
        return ("systemd-run", "--user", "--scope", "--quiet", "--collect", f"--unit={unit}", "--")
    return ()


def _lingers(root: Path) -> bool:
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return False
    return (root / "var/lib/systemd/linger" / name).exists()


def _manager(root: Path) -> bool:
    """The manager's private socket is where `systemd-run --user` knocks."""
    try:
        found = (root / f"run/user/{os.getuid()}/systemd/private").stat()
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode)


def _kills(ask: tuple[str, ...]) -> bool | None:
    """Asks logind. An account on its list of exceptions, by default root, is never touched."""
    if os.getuid() in _EXEMPT:
        return False
    try:
        said = subprocess.run(  # noqa: S603 -- fixed words
            ask, capture_output=True, timeout=_ASK_S, check=False, text=True
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"b true": True, "b false": False}.get(said.stdout.strip())
