"""Whoever has the same state directory finds the same socket, and nobody else's directory is trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from drconsole.errors import Refused
from drconsole.settings.places import SOCKET_LIMIT, default_state_dir, socket_path


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


def test_state_directories_by_the_place_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/op")
    assert default_state_dir(Path("/etc/drconsole/drconsole.toml")) == Path("/var/lib/drconsole")
    own = Path("/home/op/.config/drconsole/drconsole.toml")
    assert default_state_dir(own) == Path("/home/op/.local/state/drconsole")
    assert default_state_dir(Path("/srv/x.toml")) == Path("/srv/state")


def test_one_socket_a_state_directory_in_a_private_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = socket_path("/srv/a")
    assert socket == socket_path(Path("/srv/a"))
    assert socket != socket_path("/srv/b")
    assert socket.parent.stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    assert socket_path("/srv/a") == tmp_path / "run/drconsole" / socket.name


def test_a_directory_that_was_open_is_closed(tmp_path: Path) -> None:
    directory = socket_path("/srv/a").parent
    directory.chmod(0o777)
    socket_path("/srv/a")
    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    directory = socket_path("/srv/a").parent
    directory.rmdir()
    (tmp_path / "elsewhere").mkdir()
    directory.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="not a directory of this account"):
        socket_path("/srv/a")


def test_a_path_too_long_for_the_kernel_is_left_for_a_shorter_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("x" * SOCKET_LIMIT)))
    assert "x" * SOCKET_LIMIT not in str(socket_path("/srv/a"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("y" * SOCKET_LIMIT)))
    with pytest.raises(Refused, match="107 bytes"):
        socket_path("/srv/a")
