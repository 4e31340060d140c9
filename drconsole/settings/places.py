"""Where things lie: the configuration file, the state directory, the service's socket (DESIGN 2, 6)."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from drconsole.errors import InvalidConfiguration, Refused
from drconsole.settings.values import Settings

FILE_NAME = "drconsole.toml"
SOCKET_LIMIT = 107
"""Bytes of a unix socket's path that the kernel takes, without the closing zero."""


def find(path: str | Path | None = None) -> Path | None:
    """Returns the absolute path of the configuration, None where there is none anywhere.

    `path` (--config) goes before $DRCONSOLE_CONFIG, ~/.config/drconsole/ and /etc/drconsole/. The
    first two must exist. Raises InvalidConfiguration where they do not.
    """
    named = path or os.environ.get("DRCONSOLE_CONFIG")
    if named:
        found = Path(named).expanduser().absolute()
        if not found.is_file():
            raise InvalidConfiguration(
                "there is no such file", about=str(found), expected="a configuration file in TOML"
            )
        return found
    return next((place for place in _usual_places() if place.is_file()), None)


def _usual_places() -> tuple[Path, Path]:
    return _home_config() / FILE_NAME, Path("/etc/drconsole") / FILE_NAME


def _home_config() -> Path:
    return Path.home() / ".config/drconsole"


def default_state_dir(config: Path) -> Path:
    """Returns the state directory of a configuration that names none."""
    if config.is_relative_to("/etc"):
        return Path("/var/lib/drconsole")
    if config.is_relative_to(Path.home() / ".config"):
        return Path.home() / ".local/state/drconsole"
    return config.parent / "state"


def socket_path(state_dir: str | Path) -> Path:
    """Returns the path of the service's socket, and makes its directory, private to this account.

    It hangs on the state directory alone: who has the same one finds the same service. Raises
    Refused where the directory belongs to somebody else, or where every path is too long.
    """
    name = hashlib.sha256(os.fsencode(Path(state_dir).absolute())).hexdigest()[:16] + ".sock"
    fitting = [place / name for place in _socket_places() if len(os.fsencode(place / name)) <= SOCKET_LIMIT]
    if not fitting:
        raise Refused(
            f"a socket's path has at most {SOCKET_LIMIT} bytes",
            about=str(_socket_places()[0] / name),
            remedy="set XDG_RUNTIME_DIR or TMPDIR to a shorter path",
        )
    _make_private(fitting[0].parent)
    return fitting[0]


def listens_at(settings: Settings) -> Path:
    """Returns where the service of a configuration listens: its shared socket, else this account's own.

    Raises as `socket_path`.
    """
    return Path(settings.socket) if settings.socket else socket_path(settings.state_dir)


def _socket_places() -> list[Path]:
    own = Path(tempfile.gettempdir()) / f"drconsole-{os.getuid()}"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return [Path(runtime) / "drconsole", own] if runtime else [own]


def _make_private(directory: Path) -> None:
    """A directory in a place that others write to may have been put there by them: look first."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise Refused(
            "is not a directory of this account", about=str(directory), remedy="remove it, or set TMPDIR"
        )
    if stat.S_IMODE(found.st_mode) != 0o700:
        directory.chmod(0o700)
