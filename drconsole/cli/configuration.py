"""Which configuration file a command writes to."""

from __future__ import annotations

from pathlib import Path


def writable(named: str | None) -> Path:
    """Returns the named file, the one that is found, or the operator's own, which may not exist yet."""
    from drconsole.settings import places

    if named is not None:
        return Path(named).expanduser().absolute()
    found = places.find(None)
    return found if found is not None else Path("~/.config/drconsole/drconsole.toml").expanduser()
