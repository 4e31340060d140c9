"""What a lab is asked to be."""

from __future__ import annotations

from pathlib import Path

import msgspec


class LabOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`directory` receives everything that the lab writes. `unlinked` is a share, 0 to 1.

    `deadlines` are the product's default seconds by kind, which the configuration gets divided by
    `speed`, but never below 2 s. `detach` is for the command line only.
    """

    directory: str
    hosts: int = 4
    vms: int = 40
    targets: int = 8
    seed: int = 1
    speed: float = 1.0
    unlinked: float = 0.25
    deadlines: dict[str, float] = {}

    @property
    def path(self) -> Path:
        return Path(self.directory).absolute()
