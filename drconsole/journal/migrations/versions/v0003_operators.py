"""What operators do in mid-run: pauses, amendments, answers given once; and what is told outside."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds columns and tables; runs of before were neither paused nor amended."""
    op.add_column("run", sa.Column("paused_by", sa.String))
    op.add_column("run", sa.Column("pre_empted_by", sa.String))
    op.add_column("run", sa.Column("amended", sa.Integer, nullable=False, server_default="0"))
    op.add_column("step", sa.Column("observed", sa.Text))
    op.add_column("command", sa.Column("answer", sa.String))
    op.create_index("command_answer", "command", ["run", "answer"], unique=True)
    op.create_table(
        "amendment",
        sa.Column("run", sa.String, sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("plan", sa.LargeBinary, nullable=False),
        sa.Column("input", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("run", sa.String, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("due", sa.Float, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
    )
    op.create_table(
        "notified",
        sa.Column("run", sa.String, sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
    )
