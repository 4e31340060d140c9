"""The tables of the repository, as the newest revision leaves them.

Only types that SQLite and PostgreSQL both carry. Frames stand apart, so that a list reads no blobs.
"""

from __future__ import annotations

import sqlalchemy as sa

HEAD = "0001"
"""The newest revision; a test holds it to the scripts."""

metadata = sa.MetaData()

snapshot = sa.Table(
    "snapshot",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("site", sa.String, nullable=False, index=True),
    sa.Column("taken", sa.String, nullable=False),
    sa.Column("profile", sa.String, nullable=False),
    sa.Column("consistent", sa.Boolean, nullable=False),
    sa.Column("added", sa.String, nullable=False),
    sa.Column("verified", sa.String, nullable=False),
    sa.Column("hosts", sa.Integer, nullable=False),
    sa.Column("guests", sa.Integer, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("stored_size", sa.BigInteger, nullable=False),
)

frame = sa.Table(
    "frame",
    metadata,
    sa.Column("snapshot", sa.String, sa.ForeignKey("snapshot.id"), primary_key=True),
    # The key that this one is a delta to; NULL for a key.
    sa.Column("base", sa.String, sa.ForeignKey("snapshot.id"), index=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
    # A key's frame a second time: up to 23 others hang on it.
    sa.Column("spare", sa.LargeBinary),
)

attempt = sa.Table(
    "attempt",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("site", sa.String, nullable=False, index=True),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("ok", sa.Boolean, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
)
