"""The cheapest assignment of a few rows to as many columns: the Hungarian algorithm, on whole numbers.

scipy's solver is for large matches. To load it takes 40 MiB and a third of a second, which each runner
would pay to arrange a host's few NICs.
"""

from __future__ import annotations

from collections.abc import Sequence


def cheapest(cost: Sequence[Sequence[int]]) -> list[int]:
    """Returns the column of each row; no column twice, and the sum of costs as low as can be.

    At least as many columns as rows. Takes rows² × columns steps; of equals always the same.
    """
    columns = len(cost[0]) if cost else 0
    of_row, of_column = [0] * (len(cost) + 1), [0] * (columns + 1)  # the potentials
    taken = [0] * (columns + 1)  # the row (from 1) that has a column (from 1)
    for row in range(1, len(cost) + 1):
        _augment(cost, row, of_row, of_column, taken)
    chosen = [0] * len(cost)
    for column in range(1, columns + 1):
        if taken[column]:
            chosen[taken[column] - 1] = column - 1
    return chosen


def _augment(
    cost: Sequence[Sequence[int]], row: int, of_row: list[int], of_column: list[int], taken: list[int]
) -> None:
    """Gives one more row a column, along the cheapest path of rows that change theirs."""
    columns = range(1, len(of_column))
    slack: list[int | None] = [None] * len(of_column)
    came_from = [0] * len(of_column)
    seen = [False] * len(of_column)
    taken[0], at = row, 0
    while taken[at]:
        seen[at] = True
        here = taken[at]
        nearest, step = 0, None
        for column in columns:
            if seen[column]:
                continue
            reduced = cost[here - 1][column - 1] - of_row[here] - of_column[column]
            before = slack[column]
            if before is None or reduced < before:
                slack[column], came_from[column], before = reduced, at, reduced
            if step is None or before < step:
                nearest, step = column, before
        assert step is not None, "there are fewer columns than rows"
        for column in range(len(of_column)):
            if seen[column]:
                of_row[taken[column]] += step
                of_column[column] -= step
            elif (left := slack[column]) is not None:
                slack[column] = left - step
        at = nearest
    while at:
        taken[at] = taken[came_from[at]]
        at = came_from[at]
