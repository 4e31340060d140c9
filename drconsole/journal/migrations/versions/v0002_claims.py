"""Replication groups are tied to runs, as targets are."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Creates the table; runs of before have claimed nothing."""
    op.create_table(
        "claim",
        sa.Column("group", sa.String, primary_key=True),
        sa.Column("run", sa.String, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("since", sa.String, nullable=False),
    )
