"""What an operator asks for that a console itself cannot do: whoever opened it does it, once it is closed."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Demo(msgspec.Struct, frozen=True):
    """A world of its own on this machine, to drill in."""


class OpenFile(msgspec.Struct, frozen=True):
    """A snapshot file is to be read."""

    path: Path


Wanted = Demo | OpenFile | None
"""None: the operator has left."""
