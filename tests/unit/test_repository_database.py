"""The repository's database: how it is opened, migrated, and left alone when it is too new."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from drconsole.errors import DRConsoleError, Refused
from drconsole.repository import Repository
from drconsole.repository.database import Database
from drconsole.repository.repository import SCRIPTS
from drconsole.repository.schema import HEAD, metadata

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("snapshot", sa.Column("pinned", sa.Boolean, nullable=False, server_default=sa.false()))
{then}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "repository.db"


def _next_version(tmp_path: Path, then: str = "") -> str:
    """Makes the scripts of the version after this one, as an upgrade would bring them."""
    import drconsole.repository.migrations as ours

    scripts = tmp_path / "migrations"
    shutil.copytree(Path(str(ours.__file__)).parent, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "0002_pinned.py").write_text(NEXT.format(then=then))
    return str(scripts)


def _opened(file: Path) -> Database:
    return Database(f"sqlite:///{file}", scripts=SCRIPTS, head=HEAD)


def _columns(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as raw:
        return {row[1] for row in raw.execute("PRAGMA table_info(snapshot)")}


def test_the_scripts_end_where_the_tables_are(file: Path) -> None:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD
    _opened(file).close()
    engine = sa.create_engine(f"sqlite:///{file}")
    found = sa.inspect(engine)
    for table in metadata.sorted_tables:
        columns = {
            each["name"]: (str(each["type"]), each["nullable"]) for each in found.get_columns(table.name)
        }
        assert columns == {each.name: (str(each.type), each.nullable) for each in table.columns}
        assert {each["name"] for each in found.get_indexes(table.name)} == {
            each.name for each in table.indexes
        }
    engine.dispose()


def test_every_connection_is_durable_and_keeps_its_references(file: Path) -> None:
    database = _opened(file)
    with database.reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    database.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_who_reads_cannot_write_and_leaves_the_connection_as_it_was(file: Path) -> None:
    database = _opened(file)
    with pytest.raises(DRConsoleError, match="readonly database"), database.reading() as connection:
        connection.execute(sa.delete(metadata.tables["attempt"]))
    with database.writing() as connection:
        connection.execute(sa.delete(metadata.tables["attempt"]))
    database.close()


def test_nobody_else_reads_the_file(file: Path) -> None:
    _opened(file).close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_schema_of_a_newer_version_is_refused_and_left_as_it_is(file: Path) -> None:
    Repository(f"sqlite:///{file}").close()
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    before = file.read_bytes()
    with pytest.raises(Refused, match="its schema is 9999") as caught:
        Repository(f"sqlite:///{file}")
    assert caught.value.exit_code == 3
    assert file.read_bytes() == before


def test_it_is_backed_up_before_it_is_migrated(file: Path, tmp_path: Path) -> None:
    repository = Repository(f"sqlite:///{file}")
    repository.record_attempt("pittsburgh", "2026-11-22T08:00:00Z", True)
    repository.close()
    Database(f"sqlite:///{file}", scripts=_next_version(tmp_path), head="0002").close()
    assert "pinned" in _columns(file)
    copy = file.with_name("repository.db.0001-before-0002")
    assert "pinned" not in _columns(copy)
    old = Repository(f"sqlite:///{copy}")
    assert len(old.attempts("pittsburgh")) == 1
    old.close()


def test_a_migration_that_fails_changes_nothing(file: Path, tmp_path: Path) -> None:
    Repository(f"sqlite:///{file}").close()
    scripts = _next_version(tmp_path, '    op.execute("INSERT INTO nowhere VALUES (1)")')
    with pytest.raises(DRConsoleError, match="no such table"):
        Database(f"sqlite:///{file}", scripts=scripts, head="0002")
    assert "pinned" not in _columns(file)
    Repository(f"sqlite:///{file}").close()


def test_a_file_that_is_no_database_is_named(file: Path) -> None:
    file.write_bytes(b"no database at all, but long enough to be read as one" * 50)
    with pytest.raises(DRConsoleError, match="not a database") as caught:
        Repository(f"sqlite:///{file}")
    assert caught.value.about == str(file)
