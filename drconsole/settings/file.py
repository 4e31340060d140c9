"""Loads the configuration file into typed values (DESIGN 6)."""

from __future__ import annotations

from pathlib import Path

from drconsole.errors import InvalidConfiguration
from drconsole.settings import quantities
from drconsole.settings.checks import check_whole
from drconsole.settings.machines import read_array, read_machine, read_provisioning
from drconsole.settings.notify import read_notify
from drconsole.settings.people import read_people
from drconsole.settings.places import SOCKET_LIMIT, default_state_dir, find
from drconsole.settings.sites import read_site
from drconsole.settings.source import Source
from drconsole.settings.steps import read_step
from drconsole.settings.table import Table
from drconsole.settings.values import DEADLINES, Settings

_SITE_LATER = ("check",)


def load(path: str | Path | None = None) -> Settings:
    """Finds and reads the configuration; see `places.find` for where it is looked for.

    Raises InvalidConfiguration, naming file, line and what would be right, for a file that is
    missing, unreadable, no TOML, or that has an unknown, missing, wrong or contradictory key.
    """
    found = find(path)
    if found is None:
        raise InvalidConfiguration(
            "there is no configuration",
            expected="--config FILE, $DRCONSOLE_CONFIG, ~/.config/drconsole/drconsole.toml "
            "or /etc/drconsole/drconsole.toml",
        )
    try:
        text = found.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidConfiguration(
            f"cannot be read: {reason}", about=str(found), expected="a readable file in UTF-8"
        ) from error
    return parse(text, found)


def parse(text: str, path: Path) -> Settings:
    """Reads a configuration's text as if it stood in `path`, an absolute one. Raises as `load`."""
    source = Source(text, path)
    top = Table(source)
    base = path.parent
    state_dir, socket = _state(top.table("state"), path)
    settings = Settings(
        path=str(path),
        state_dir=state_dir,
        socket=socket,
        people=read_people(top.table("people"), shared=bool(socket)),
        repository_url=_url(top.table("repository"), base, f"sqlite:///{state_dir}/repository.db"),
        journal_url=_url(top.table("journal"), base, f"sqlite:///{state_dir}/journal.db"),
        sites={name: read_site(name, table, base) for name, table in top.tables("site", later=_SITE_LATER)},
        arrays={name: read_array(name, table, base) for name, table in top.tables("array")},
        pool={name: read_machine(name, table, base) for name, table in top.tables("pool")},
        provisioning=read_provisioning(top.table("provisioning"), base),
        deadlines=_deadlines(top.table("deadlines")),
        steps=tuple(read_step(row) for row in top.rows("step")),
        notify=read_notify(top.table("notify"), base),
    )
    top.close()
    check_whole(settings, source)
    return settings


def _state(table: Table | None, path: Path) -> tuple[str, str]:
    """The state directory, and the socket that other accounts reach; "" where there is none."""
    if table is None:
        return str(default_state_dir(path)), ""
    state_dir = quantities.anchored(table.text("dir", str(default_state_dir(path))), path.parent)
    socket = table.text("socket", "")
    if socket:
        socket = quantities.anchored(socket, path.parent)
        if len(socket.encode()) > SOCKET_LIMIT:
            raise table.wrong("socket", "is too long", f"a path of at most {SOCKET_LIMIT} bytes")
    table.close()
    return state_dir, socket


def _url(table: Table | None, base: Path, default: str) -> str:
    if table is None:
        return default
    url = table.text("url", default)
    if "://" not in url:
        raise table.wrong("url", "is not a database's URL", '"sqlite:///PATH" or "postgresql://HOST/NAME"')
    table.close()
    return quantities.anchored_url(url, base)


def _deadlines(table: Table | None) -> dict[str, float]:
    """Reads `[deadlines]`: durations, or seconds as numbers. Kinds that are not named keep theirs."""
    deadlines = dict(DEADLINES)
    if table is None:
        return deadlines
    for key in table.names():
        table.choice_of_key(key, tuple(DEADLINES))
        deadlines[key] = _seconds(table, key)
    return deadlines


def _seconds(table: Table, key: str) -> float:
    value = table.raw(key)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not 0 < value < float("inf"):
            raise table.wrong(key, f"{value} is no time to wait", "seconds, more than 0")
        return float(value)
    return table.form(key, quantities.duration, quantities.DURATION_FORM)
