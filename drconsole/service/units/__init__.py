"""The systemd units that are shipped, with this installation's own paths put in."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

_FILES = {"system": "drconsole.service", "user": "drconsole-user.service", "account": "drconsole.sysusers"}
_COMMAND = "/usr/bin/drconsole"
_CONFIGURATION = "/etc/drconsole/drconsole.toml"


def unit_text(kind: str, config: str | None = None) -> str:
    """Returns a unit as a file for systemd: `system`, `user`, or the system unit's `account`.

    The command is the one that was called; `config` None leaves the configuration where it is looked for.
    """
    text = (files(__name__) / _FILES[kind]).read_text(encoding="utf-8")
    if kind == "account":
        return text
    text = text.replace(_COMMAND, str(Path(sys.argv[0]).absolute()))
    if config is None:
        return text
    path = str(Path(config).absolute())
    if kind == "system":
        return text.replace(_CONFIGURATION, path)
    return text.replace(" serve\n", f" --config {path} serve\n")
