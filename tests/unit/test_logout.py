"""What a logout would do is read from the machine; only where it helps is a command put into a scope."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drconsole.api import logout
from drconsole.api.logout import at_logout, outliving

KILLS, SPARES, SILENT = (("echo", "b true"), ("echo", "b false"), ("false",))


@pytest.fixture
def ordinary(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that logind may touch."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    monkeypatch.setattr(logout, "_EXEMPT", frozenset())


@contextmanager
def machine(root: Path, *, lingers: bool = False, manager: bool = False) -> Iterator[Path]:
    (root / "run/systemd/system").mkdir(parents=True)
    if lingers:
        linger = root / "var/lib/systemd/linger"
        linger.mkdir(parents=True)
        (linger / pwd.getpwuid(os.getuid()).pw_name).touch()
    with socket.socket(socket.AF_UNIX) as door:
        if manager:
            place = root / f"run/user/{os.getuid()}/systemd"
            place.mkdir(parents=True)
            door.bind(str(place / "private"))
        yield root


def test_without_systemd_nothing_is_ended(tmp_path: Path) -> None:
    found = at_logout(tmp_path)
    assert found.spares
    assert "no systemd" in found.text
    assert outliving("drconsole-run", tmp_path) == ()


@pytest.mark.usefixtures("ordinary")
@pytest.mark.parametrize(
    ("said", "lingers", "manager", "spares"),
    [
        (SPARES, False, False, True),
        (KILLS, False, False, False),
        (KILLS, True, True, True),
        (KILLS, True, False, False),
        (SILENT, False, False, False),
    ],
)
def test_it_says_whether_a_run_outlives_the_login(
    tmp_path: Path, said: tuple[str, ...], lingers: bool, manager: bool, spares: bool
) -> None:
    with machine(tmp_path, lingers=lingers, manager=manager) as root:
        assert at_logout(root, ask=said).spares is spares


@pytest.mark.usefixtures("ordinary")
def test_a_scope_is_used_only_where_the_account_lingers(tmp_path: Path) -> None:
    with machine(tmp_path / "a", manager=True) as root:
        assert outliving("unit", root) == ()
    with machine(tmp_path / "b", lingers=True, manager=True) as root:
        words = outliving("unit", root)
    assert words[:3] == ("systemd-run", "--user", "--scope")
    assert words[-1] == "--"


@pytest.mark.usefixtures("ordinary")
def test_a_logind_that_says_nothing_is_not_taken_for_a_kind_one(tmp_path: Path) -> None:
    with machine(tmp_path) as root:
        found = at_logout(root, ask=("there-is-no-such-command",))
    assert found.kills is None
    assert "nobody could say" in found.text
