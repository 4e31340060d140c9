"""Runs, steps, events, commands, pool and leases in one schema."""
