"""A database on a disk that fails: it is said in one sentence, by name, and a look for changes goes on."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Generator
from pathlib import Path

import pytest

from drconsole.errors import DatabaseFailed
from drconsole.journal import journal as opened
from drconsole.journal.journal import Journal
from drconsole.repository.database import Database


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(DatabaseFailed, match=r"journal\.db: cannot be opened: Is a directory"):
        Journal(f"sqlite:///{tmp_path}/journal.db")


async def test_a_failed_look_for_changes_is_news_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a runner whose disk failed once would be deaf to every operator from then on."""
    looks = Database.data_versions
    failing = [True]

    def flaky(database: Database) -> Generator[int, None, None]:
        with database._failures():
            if failing[0]:
                failing[0] = False
                raise sqlite3.OperationalError("disk I/O error")
            yield from looks(database)

    monkeypatch.setattr(Database, "data_versions", flaky)
    monkeypatch.setattr(opened, "AGAIN_S", 0.01)
    journal = Journal(f"sqlite:///{tmp_path}/journal.db")
    try:
        assert await journal.changed(journal.news(), 5)
        await asyncio.sleep(0.1)
        seen = journal.news()
        other = sqlite3.connect(tmp_path / "journal.db")
        other.execute("INSERT INTO audit (at, actor, verb, object, detail) VALUES ('', '', '', '', '')")
        other.commit()
        other.close()
        assert await journal.changed(seen, 5)
    finally:
        await journal.close()
