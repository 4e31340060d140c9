"""Runs, steps, events, commands, the pool and its leases: one schema, one writer a process.

`journal.Journal` opens it. What is written are functions over a connection (`runs`, `steps`,
`events`, `commands`, `pool`), so that several of them commit together: a lease with its step, a
verb with its effect.
"""
