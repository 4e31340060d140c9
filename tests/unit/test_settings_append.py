"""`site add` and `target add` write into the operator's file and leave all else as it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from drconsole.errors import InvalidConfiguration, Refused
from drconsole.settings import load
from drconsole.settings.append import append_site, append_target
from drconsole.settings.values import Endpoint

PIN = "sha256:" + "cd" * 32
TEXT = "# written by hand\n[deadlines]\npower = 60 # short\n"


def endpoint(address: str = "vc:443", password: str = 'file:sec"ret') -> Endpoint:
    return Endpoint(address=address, username="root", password=password, pin=PIN)


def test_comments_and_mode_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "drconsole.toml"
    file.write_text(TEXT)
    file.chmod(0o640)
    append_site(file, "pitts burgh", endpoint())
    append_target(file, "D", endpoint("bmc:443", "env:BMC"), segment="rack-1", may_wipe=True)
    assert file.read_text().startswith(TEXT)
    assert file.stat().st_mode & 0o777 == 0o640
    settings = load(file)
    assert settings.sites["pitts burgh"].endpoint.password == f'file:{tmp_path}/sec"ret'
    assert settings.pool["D"].may_wipe
    assert [p.name for p in tmp_path.iterdir()] == ["drconsole.toml"]


def test_a_file_that_is_not_there_yet_is_made_private(tmp_path: Path) -> None:
    file = tmp_path / "new/drconsole.toml"
    append_site(file, "a", endpoint())
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(load(file).sites) == ["a"]


def test_a_name_that_is_there_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    file = tmp_path / "drconsole.toml"
    append_target(file, "D", endpoint(), segment="rack-1")
    before = file.read_bytes()
    with pytest.raises(Refused, match="already"):
        append_target(file, "D", endpoint("other:1"), segment="rack-2")
    assert file.read_bytes() == before


def test_values_that_would_spoil_the_file_are_refused_and_nothing_changes(tmp_path: Path) -> None:
    file = tmp_path / "drconsole.toml"
    file.write_text(TEXT)
    with pytest.raises(InvalidConfiguration, match="HOST:PORT"):
        append_site(file, "a", endpoint("no port"))
    with pytest.raises(InvalidConfiguration, match="reference"):
        append_site(file, "a", endpoint(password="hunter2"))
    assert file.read_text() == TEXT


def test_two_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "drconsole.toml"
    names = [f"t{n}" for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(lambda name: append_target(file, name, endpoint(f"{name}:443"), segment="rack-1"), names)
        )
    assert sorted(load(file).pool) == names


def test_a_machine_is_not_added_under_a_second_name(tmp_path: Path) -> None:
    file = tmp_path / "drconsole.toml"
    append_target(file, "D", endpoint(), segment="rack-1")
    before = file.read_bytes()
    with pytest.raises(InvalidConfiguration, match="one name a machine"):
        append_target(file, "E", endpoint(), segment="rack-1")
    assert file.read_bytes() == before
