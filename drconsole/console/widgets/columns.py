"""Columns of a table: which ones fit, and how wide each is."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

GAP = 2


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column. `width` is the least that makes sense; `flex` its share of what is left over.

    `rank` says how long it stays where room is short: the highest rank goes first, 0 never goes.
    """

    name: str
    title: str
    width: int
    flex: int = 0
    rank: int = 0
    right: bool = False


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A column at its place: `index` is its position among the given ones."""

    index: int
    column: Column
    x: int
    width: int


def placed(columns: Sequence[Column], width: int) -> tuple[Placed, ...]:
    """Returns the columns that fit into `width` cells, from left to right, all of it used."""
    kept = list(range(len(columns)))
    while len(kept) > 1 and _least(columns, kept) > width:
        worst = max(kept, key=lambda i: (columns[i].rank, i))
        if columns[worst].rank == 0:
            break
        kept.remove(worst)
    spare = max(0, width - _least(columns, kept))
    shares = sum(columns[i].flex for i in kept)
    found: list[Placed] = []
    x = 0
    for index in kept:
        column = columns[index]
        extra = spare * column.flex // shares if shares else 0
        found.append(Placed(index=index, column=column, x=x, width=column.width + extra))
        x += column.width + extra + GAP
    return tuple(found)


def _least(columns: Sequence[Column], kept: Sequence[int]) -> int:
    return sum(columns[i].width for i in kept) + GAP * (len(kept) - 1)


def width_of(name: str, columns: Sequence[Column], width: int) -> int:
    """Returns how wide a column is in a table of `width` cells; 0 where it has no room."""
    return next((place.width for place in placed(columns, width) if place.column.name == name), 0)
