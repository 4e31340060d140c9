"""The service: what `drconsole serve` does.

It watches the live sites once for everybody, captures on schedule, starts runners and restarts dead
ones, and answers consoles and commands on a unix socket. `process.serve` is its life.
"""
