"""Journals that versions of before have left, and how one is laid beside a lab of today."""

from __future__ import annotations

import gzip
import sqlite3
import tomllib
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

_THEN = (b"/srv/lab", b"127.64.")
"""The folder and the network of the lab in which the journal was written."""


def lay_beside(journal: str, lab: Path) -> None:
    """Puts a stored journal into a lab's state directory, as if it had been written there.

    What differs from lab to lab, its folder and its loopback network, is put into the plan.
    """
    configuration = tomllib.loads((lab / "drconsole.toml").read_text(encoding="utf-8"))
    network = configuration["provisioning"]["address"].rpartition(".")[0].rsplit(".", 1)[0]
    here = (str(lab).encode(), f"{network}.".encode())
    target = lab / configuration["state"]["dir"]
    target.mkdir(mode=0o700, exist_ok=True)
    file = target / "journal.db"
    file.write_bytes(gzip.decompress((Path(__file__).parent / journal).read_bytes()))
    file.chmod(0o600)
    with closing(sqlite3.connect(file)) as connection:
        _move(connection, lambda blob: blob.replace(_THEN[0], here[0]).replace(_THEN[1], here[1]))


def _move(connection: sqlite3.Connection, moved: Callable[[bytes], bytes]) -> None:
    for run, plan, source in connection.execute("SELECT id, plan, input FROM run").fetchall():
        blobs = [zlib.compress(moved(zlib.decompress(blob))) for blob in (plan, source)]
        connection.execute("UPDATE run SET plan = ?, input = ? WHERE id = ?", (*blobs, run))
    for key, value in connection.execute("SELECT key, value FROM step").fetchall():
        connection.execute("UPDATE step SET value = ? WHERE key = ?", (moved(value), key))
    connection.commit()
