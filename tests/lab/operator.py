"""An operator: types commands, reads what they print, and has nothing of the product in memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).with_name("drconsole")


@dataclass(frozen=True)
class Outcome:
    """What a command printed and how it ended."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


@dataclass(frozen=True)
class Operator:
    """`config` is said before the noun of every command, None says nothing."""

    config: Path | None
    environment: Mapping[str, str] | None = None
    command: Path = COMMAND

    def __call__(self, *words: str | Path, timeout: float = 100) -> Outcome:
        """Runs a command off a terminal and returns its outcome, whatever it is."""
        before: list[str | Path] = [] if self.config is None else ["--config", self.config]
        done = subprocess.run(
            [self.command, *before, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
            cwd="/",
            env={**os.environ, **(self.environment or {})},
        )
        return Outcome(done.returncode, done.stdout, done.stderr.decode())

    def json(self, *words: str | Path, timeout: float = 100) -> Any:
        """Runs a command that has to succeed and returns the JSON that it prints."""
        outcome = self(*words, "--json", timeout=timeout)
        assert outcome.code == 0, f"{words} ended with {outcome.code}:\n{outcome.stderr}"
        return outcome.json
