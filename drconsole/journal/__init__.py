"""Runs, steps, events, commands, the pool and its leases: one schema, one writer a process.

`journal.Journal` opens it. What is written are functions over a connection (`runs`, `steps`,
`events`, `commands`, `pool`), so that several of them commit together: a lease with its step, a
verb with its effect.

Each write of a runner proves its epoch in the statement that changes something (`tenure`), so a runner
that was replaced writes nothing. What two could do at once is refused by a key, and not by a look
before: a target and a replication group by their primary keys, an answer and an event by theirs, a
takeover by the epoch that it found.

SQLite carries it. All statements are in SQLAlchemy's words, schema and migrations too, so that
PostgreSQL can. Left to do for it is, in `repository.database`: news of changes by LISTEN in place of
`data_version`, REPEATABLE READ for `read`, autocommit for `glancing`, and a lock around migrations.
What looks and then writes (`runs.set_state`, the verbs) relies on one writer at a time: there it has to
lock its run's row first, as a runner's writes do by their proof.
"""
