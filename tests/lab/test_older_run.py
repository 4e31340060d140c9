"""A run that an earlier version has begun is finished by this one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from drconsole.journal.schema import HEAD
from tests.lab import older
from tests.lab.own_lab import own_lab

pytestmark = pytest.mark.timeout(240)
SPEED = 120


def test_a_run_of_schema_0002_is_taken_up_and_ends_held(tmp_path: Path) -> None:
    with own_lab(tmp_path / "lab", speed=SPEED) as lab:
        older.lay_beside("journal-0002.db.gz", lab.directory)
        state = lab.directory / "state"
        before = lab.operator.json("run", "list")
        assert [run["state"] for run in before] == ["running"]
        assert _revision(state / "journal.db") == HEAD
        assert _revision(state / f"journal.db.0002-before-{HEAD}") == "0002"
        attached = lab.operator("run", "attach", before[0]["run"], "--json", timeout=150)
        assert attached.code == 0, attached.stderr[-2000:]
        view = attached.json
        assert view["state"] == "held"
        assert {step["state"] for step in view["steps"]} == {"done"}
        assert [d for d in view["fidelity"]["differences"] if d["class"] == "lost"] == []
        assert {step["attempts"] for step in view["steps"] if step["key"].startswith("preflight/")} == {1}


def _revision(file: Path) -> str:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
