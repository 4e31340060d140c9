"""One line of the table: a figure, what it should be, and whether it is."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """`note` says in one line what else is worth knowing, and why where the aim was missed.

    `slow`: it was missed by seconds alone. That is told; it fails the long set only, because a busy
    machine says nothing about the product.
    """

    name: str
    figure: str
    aim: str
    ok: bool
    slow: bool = False
    note: str = ""


class Measured(Protocol):
    """A row's module."""

    NAME: str
    AIM: str

    def row(self, long: bool, /) -> Row | Awaitable[Row]:
        """Measures. Ends every process that it started, also where it raises."""
        ...
