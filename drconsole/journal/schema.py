"""The tables, in words that SQLite and PostgreSQL both carry.

Times are UTC text with Z, JSON is bytes made by msgspec. `HEAD` is the schema's revision; each
later one adds a file to `migrations/versions`.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

HEAD = "0004"

metadata = MetaData()

run = Table(
    "run",
    metadata,
    Column("id", String, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("site", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("snapshot", String, nullable=False),
    Column("state", String, nullable=False),
    Column("plan", LargeBinary, nullable=False),
    Column("input", LargeBinary, nullable=False),
    Column("actor", String, nullable=False),
    Column("auto_cleanup", Boolean, nullable=False),
    Column("created", String, nullable=False),
    Column("started", String),
    Column("ended", String),
    Column("epoch", Integer, nullable=False),
    Column("pid", Integer),
    Column("pid_started", Float),
    Column("host", String),
    Column("beat", Float),
    Column("seq", Integer, nullable=False),
    Column("cancelled_by", String),
    Column("cleanup_state", String),
    Column("cleanup_started", String),
    Column("cleanup_ended", String),
    Column("paused_by", String),
    Column("pre_empted_by", String),
    Column("amended", Integer, nullable=False, server_default="0"),
)
"""`seq` is the last event's; `epoch` counts the runners; `input` is what the plan was made from;
`amended` counts the amendments; `pre_empted_by` is the real run that took a drill's place."""

frozen = Table(
    "frozen",
    metadata,
    Column("run", String, ForeignKey("run.id"), primary_key=True),
    Column("plan", LargeBinary, nullable=False),
    Column("input", LargeBinary, nullable=False),
)
"""A run's plan and what it was made from, compressed. Beside the run and not in it: each write of a
runner changes the run's row, and SQLite reads all of a large row to change a part of it (7 ms of CPU a
write with 2 MB, measured). `run.plan` and `run.input` are those of runs from before revision 0004."""

step = Table(
    "step",
    metadata,
    Column("run", String, ForeignKey("run.id"), primary_key=True),
    Column("key", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("cleanup", Boolean, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("started", String),
    Column("ended", String),
    Column("error", Text),
    Column("remedy", Text),
    Column("result", LargeBinary),
    Column("observed", Text),
)
"""`observed` is what a look at the device said after the step had failed."""

event = Table(
    "event",
    metadata,
    Column("run", String, ForeignKey("run.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("step", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("facts", LargeBinary, nullable=False),
)

command = Table(
    "command",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run", String, ForeignKey("run.id"), nullable=False),
    Column("verb", String, nullable=False),
    Column("steps", LargeBinary, nullable=False),
    Column("actor", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", String, nullable=False),
    Column("answer", String),
    Index("command_answer", "run", "answer", unique=True),
)
"""`answer` names the question that a verb answers (`step#attempt`): it cannot be answered twice."""

amendment = Table(
    "amendment",
    metadata,
    Column("run", String, ForeignKey("run.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("plan", LargeBinary, nullable=False),
    Column("input", LargeBinary, nullable=False),
)
"""What an operator changed of a frozen plan; `plan` and `input` are what stood before."""

notice = Table(
    "notice",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run", String, ForeignKey("run.id"), nullable=False),
    Column("channel", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created", String, nullable=False),
    Column("due", Float, nullable=False),
    Column("error", Text, nullable=False),
)
"""What is to be told outside, by channel: `state` is open, sent or given-up; `due` in Unix seconds."""

notified = Table(
    "notified",
    metadata,
    Column("run", String, ForeignKey("run.id"), primary_key=True),
    Column("seq", Integer, nullable=False),
)
"""Up to which event of a run notices have been written."""

lease = Table(
    "lease",
    metadata,
    Column("target", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("run", String, ForeignKey("run.id"), nullable=False),
    Column("role", String, nullable=False),
    Column("role_kind", String, nullable=False),
    Column("since", String, nullable=False),
)
"""A target without a row is free: two runs cannot have one, the primary key forbids it."""

claim = Table(
    "claim",
    metadata,
    Column("group", String, primary_key=True),
    Column("run", String, ForeignKey("run.id"), nullable=False),
    Column("since", String, nullable=False),
)
"""A replication group (`array/group`) without a row is in nobody's hands."""

observation = Table(
    "observation",
    metadata,
    Column("target", String, primary_key=True),
    Column("checked", String, nullable=False),
    Column("error", Text, nullable=False),
    Column("hardware", LargeBinary),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("verb", String, nullable=False),
    Column("object", String, nullable=False),
    Column("detail", Text, nullable=False),
)
