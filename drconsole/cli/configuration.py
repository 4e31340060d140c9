"""Which configuration file a command writes to."""

from __future__ import annotations

from pathlib import Path

from drconsole.cli.words import observes
from drconsole.errors import Refused


def writable(named: str | None) -> Path:
    """Returns the named file, the one that is found, or the operator's own, which may not exist yet.

    Raises Refused for somebody who only looks.
    """
    from drconsole.settings import places

    if observes():
        raise Refused("an observer changes no configuration", about=named or "", remedy="leave out --observe")

    if named is not None:
        return Path(named).expanduser().absolute()
    found = places.find(None)
    return found if found is not None else Path("~/.config/drconsole/drconsole.toml").expanduser()
