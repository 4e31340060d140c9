"""`drconsole doctor` finds what would stop a recovery, and says what to do about it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.lab.operator import Operator, Outcome

CONFIGURATION = """
[state]
dir = "state"

[site.pittsburgh]
platform = "vsphere"
address = "127.0.0.1:1"
username = "someone"
password = "file:secret"
pin = "sha256:{pin}"
"""


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    secret = tmp_path / "secret"
    secret.write_text("a password that nobody sees", encoding="utf-8")
    secret.chmod(0o600)
    (tmp_path / "state").mkdir(mode=0o700)
    file = tmp_path / "drconsole.toml"
    file.write_text(CONFIGURATION.format(pin="0" * 64), encoding="utf-8")
    return file


def _grades(outcome: Outcome) -> dict[str, str]:
    found: list[dict[str, Any]] = outcome.json
    order = ("ok", "note", "bad")
    worst: dict[str, str] = {}
    for line in found:
        before = worst.get(line["subject"], "ok")
        worst[line["subject"]] = max(before, line["grade"], key=order.index)
    return worst


def test_a_healthy_machine_has_nothing_bad(configuration: Path) -> None:
    outcome = Operator(configuration)("doctor", "--json")
    assert outcome.code == 0, outcome.stderr
    grades = _grades(outcome)
    assert "bad" not in grades.values()
    assert grades["secrets"] == "ok"
    assert {"logout", "clock", "open files", "disk"} <= grades.keys()


def test_it_starts_no_service_and_shows_no_secret(configuration: Path) -> None:
    outcome = Operator(configuration)("doctor")
    assert b"a password" not in outcome.stdout
    assert list((configuration.parent / "state").iterdir()) == []


def test_an_open_secret_is_bad_and_told_with_its_place(configuration: Path) -> None:
    (configuration.parent / "secret").chmod(0o644)
    outcome = Operator(configuration)("doctor", "--json")
    assert outcome.code == 3
    assert _grades(outcome)["password of site.pittsburgh"] == "bad"


def test_an_open_state_directory_is_bad(configuration: Path) -> None:
    (configuration.parent / "state").chmod(0o755)
    outcome = Operator(configuration)("doctor", "--json")
    assert outcome.code == 3
    assert _grades(outcome)["state directory"] == "bad"


@pytest.mark.parametrize(("revision", "grade"), [("0001", "note"), ("9999", "bad")])
def test_another_schema_is_told_and_left_as_it_is(configuration: Path, revision: str, grade: str) -> None:
    file = configuration.parent / "state/journal.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
        connection.commit()
    before = file.read_bytes()
    outcome = Operator(configuration)("doctor", "--json")
    assert _grades(outcome)["journal"] == grade
    assert file.read_bytes() == before


def test_a_damaged_journal_is_bad(configuration: Path) -> None:
    (configuration.parent / "state/journal.db").write_bytes(b"not a database at all" * 100)
    outcome = Operator(configuration)("doctor", "--json")
    assert outcome.code == 3
    assert _grades(outcome)["journal"] == "bad"


def test_a_wrong_configuration_is_named_after_what_holds_without_it(configuration: Path) -> None:
    configuration.write_text("[state]\nfolder = 1\n", encoding="utf-8")
    outcome = Operator(configuration)("doctor", "--json")
    assert outcome.code == 5
    assert "folder" in outcome.stderr
    assert "logout" in _grades(outcome)
