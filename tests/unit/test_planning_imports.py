"""Looking at a plan must not cost what solving one does: the console imports planning at its start."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "scipy",
    "numpy",
    "lxml",
    "pyVmomi",
    "aiohttp",
    "asyncssh",
    "sqlalchemy",
    "textual",
    "tomlkit",
    "pyrage",
)
PROGRAM = """
import importlib, pkgutil, sys
for room in ("drconsole.planning", "drconsole.settings"):
    for module in pkgutil.iter_modules(importlib.import_module(room).__path__, room + "."):
        importlib.import_module(module.name)
print(" ".join(sorted(sys.modules)))
"""


def test_planning_and_settings_import_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "drconsole.planning.match" in loaded
    assert loaded.isdisjoint(HEAVY)
