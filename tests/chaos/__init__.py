"""What happens to a recovery when everything around it dies: `scripts/chaos` prints the table.

Each row of the table is a module with `NAME`, `AIM` and `row(long) -> Row`, or a coroutine of it.
"""
