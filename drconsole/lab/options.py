"""What a lab is asked to be."""

from __future__ import annotations

from pathlib import Path

import msgspec

from drconsole.errors import UsageError


class LabOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`directory` receives everything that the lab writes. `unlinked` is a share, 0 to 1.

    `deadlines` are the product's default seconds by kind, which the configuration gets divided by
    `speed`, but never below 2 s. Raises UsageError for numbers that make no lab.
    """

    directory: str
    hosts: int = 4
    vms: int = 40
    targets: int = 8
    seed: int = 1
    speed: float = 1.0
    unlinked: float = 0.25
    deadlines: dict[str, float] = {}

    def __post_init__(self) -> None:
        for name, least in (("hosts", 1), ("vms", 0), ("targets", 0)):
            if getattr(self, name) < least:
                raise UsageError(f"--{name} {getattr(self, name)}: at least {least}")
        if not 0 < self.speed < float("inf"):
            raise UsageError(f"--speed {self.speed}: more than 0")
        if not 0 <= self.unlinked <= 1:
            raise UsageError(f"--unlinked {self.unlinked}: a share, 0 to 1")

    @property
    def path(self) -> Path:
        return Path(self.directory).absolute()
