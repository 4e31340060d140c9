"""The first schema: runs, steps, events, commands, leases, observations, audit.

Frozen: a later change of `schema.py` is a revision of its own, never an edit here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates every table."""
    _run()
    _step()
    _event()
    _command()
    _pool()
    _audit()


def _run() -> None:
    op.create_table(
        "run",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        sa.Column("site", sa.String, nullable=False),
        sa.Column("mode", sa.String, nullable=False),
        sa.Column("snapshot", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("plan", sa.LargeBinary, nullable=False),
        sa.Column("input", sa.LargeBinary, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("auto_cleanup", sa.Boolean, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("started", sa.String),
        sa.Column("ended", sa.String),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("pid", sa.Integer),
        sa.Column("pid_started", sa.Float),
        sa.Column("host", sa.String),
        sa.Column("beat", sa.Float),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("cancelled_by", sa.String),
        sa.Column("cleanup_state", sa.String),
        sa.Column("cleanup_started", sa.String),
        sa.Column("cleanup_ended", sa.String),
    )


def _step() -> None:
    op.create_table(
        "step",
        sa.Column("run", sa.String, sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("cleanup", sa.Boolean, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("started", sa.String),
        sa.Column("ended", sa.String),
        sa.Column("error", sa.Text),
        sa.Column("remedy", sa.Text),
        sa.Column("result", sa.LargeBinary),
    )


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("run", sa.String, sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("step", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("facts", sa.LargeBinary, nullable=False),
    )


def _command() -> None:
    op.create_table(
        "command",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("run", sa.String, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("verb", sa.String, nullable=False),
        sa.Column("steps", sa.LargeBinary, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.String, nullable=False),
    )


def _pool() -> None:
    op.create_table(
        "lease",
        sa.Column("target", sa.String, primary_key=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("run", sa.String, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("role_kind", sa.String, nullable=False),
        sa.Column("since", sa.String, nullable=False),
    )
    op.create_table(
        "observation",
        sa.Column("target", sa.String, primary_key=True),
        sa.Column("checked", sa.String, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("hardware", sa.LargeBinary),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("verb", sa.String, nullable=False),
        sa.Column("object", sa.String, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
