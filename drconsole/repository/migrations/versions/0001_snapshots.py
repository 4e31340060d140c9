"""The first schema: snapshots, their frames, and attempts to capture.

Frozen: a later change of `schema.py` is a revision of its own, never an edit here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates every table."""
    op.create_table(
        "snapshot",
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
    op.create_table(
        "frame",
        sa.Column("snapshot", sa.String, sa.ForeignKey("snapshot.id"), primary_key=True),
        sa.Column("base", sa.String, sa.ForeignKey("snapshot.id"), index=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("spare", sa.LargeBinary),
    )
    op.create_table(
        "attempt",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("site", sa.String, nullable=False, index=True),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("ok", sa.Boolean, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
    )
