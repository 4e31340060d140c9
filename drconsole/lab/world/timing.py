"""How long things take, by name: the table in timing.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources


class Timing:
    """Durations in simulated seconds. A name is `table.key`, such as `machine.post`."""

    def __init__(self, table: Mapping[str, float]) -> None:
        self._table = dict(table)

    @classmethod
    def shipped(cls) -> Timing:
        """Reads the table that comes with the lab."""
        text = resources.files("drconsole.lab").joinpath("timing.toml").read_text(encoding="utf-8")
        return cls(
            {
                f"{section}.{key}": float(seconds)
                for section, entries in tomllib.loads(text).items()
                for key, seconds in entries.items()
            }
        )

    def __getitem__(self, name: str) -> float:
        return self._table[name]

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def replaced(self, changes: Mapping[str, float]) -> Timing:
        """Returns a table with other durations, for tests. Raises KeyError for a name it lacks."""
        for name in changes:
            self._table[name]
        return Timing({**self._table, **changes})
