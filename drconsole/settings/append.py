"""Appends a site or a target to the operator's own file; whatever they wrote there stays as it is."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from drconsole.errors import InvalidConfiguration, Refused
from drconsole.settings.file import parse
from drconsole.settings.values import Endpoint, Settings

Values = dict[str, str | bool]


def append_site(path: str | Path, name: str, endpoint: Endpoint, *, platform: str = "vsphere") -> Settings:
    """Appends `[site.NAME]`, and returns the configuration as it then is.

    Raises Refused where the site is there already, InvalidConfiguration (and changes nothing) where the
    file, or the file with this site, is wrong.
    """
    values: Values = {"platform": platform, **_endpoint(endpoint)}
    return _append(path, "site", name, values, lambda settings: name in settings.sites)


def append_target(
    path: str | Path, name: str, bmc: Endpoint, *, segment: str, may_wipe: bool = False
) -> Settings:
    """Appends `[pool.NAME]`, and returns the configuration as it then is. Raises as `append_site`."""
    values: Values = {**_endpoint(bmc), "segment": segment, "may_wipe": may_wipe}
    return _append(path, "pool", name, values, lambda settings: name in settings.pool)


def _endpoint(endpoint: Endpoint) -> Values:
    return {
        "address": endpoint.address,
        "username": endpoint.username,
        "password": endpoint.password,
        "pin": endpoint.pin,
    }


def _append(
    path: str | Path, kind: str, name: str, values: Values, exists: Callable[[Settings], bool]
) -> Settings:
    file = Path(path).expanduser().resolve()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(file.parent):
        text = _read(file)
        if exists(parse(text, file)):
            raise Refused(
                f"[{kind}.{name}] is there already",
                about=str(file),
                remedy="edit it there, or take another name",
            )
        grown = _grown(text, kind, name, values)
        settings = parse(grown, file)
        _replace(file, grown)
    return settings


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") if file.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfiguration("cannot be read", about=str(file), expected="a file in UTF-8") from error


def _grown(text: str, kind: str, name: str, values: Values) -> str:
    """The table goes to the end: nothing before it is parsed and written again."""
    import tomlkit

    table = tomlkit.table()
    for key, value in values.items():
        table.add(key, value)
    outer = tomlkit.table(is_super_table=True)
    outer.add(name, table)
    document = tomlkit.document()
    document.add(kind, outer)
    gap = "\n" if text.endswith("\n") else "\n\n"
    return (text + gap if text else "") + tomlkit.dumps(document)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Two commands that add at once wait for each other; the lock leaves no file behind."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace(file: Path, text: str) -> None:
    """Whoever reads meanwhile sees the old file or the new one, whole, with its mode kept."""
    mode = file.stat().st_mode & 0o7777 if file.exists() else 0o600
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as writer:
            writer.write(text)
            writer.flush()
            os.fchmod(writer.fileno(), mode)
            os.fsync(writer.fileno())
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
