"""What opening the console costs: the first frame loads none of the heavy libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HEAVY = ("pyVmomi", "asyncssh", "aiohttp", "lxml", "sqlalchemy", "scipy", "numpy")

_FRAME = """
import asyncio, json, sys
import drconsole.console.opening
from drconsole.console.app import ConsoleApp

async def first_frame():
    app = ConsoleApp({config!r})
    async with app.run_test(size=(120, 40)) as pilot:
        lines = app.screen.query_one("#head").render_line(0).text
        print(json.dumps([lines, [name for name in {heavy!r} if name in sys.modules]]))

asyncio.run(first_frame())
"""
_HELP = """
import json, sys
from drconsole.cli.main import run
code = run(["--help"])
print(json.dumps([code, [name for name in {heavy!r} + ("textual",) if name in sys.modules]]))
"""


def _printed(program: str) -> list[object]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    last: list[object] = json.loads(done.stdout.splitlines()[-1])
    return last


def test_the_first_frame_loads_no_heavy_library(tmp_path: Path) -> None:
    config = tmp_path / "drconsole.toml"
    config.write_text('[state]\ndir = "state"\n', encoding="utf-8")
    (tmp_path / "state").write_text("", encoding="utf-8")  # no service may start here
    head, loaded = _printed(_FRAME.format(config=str(config), heavy=HEAVY))
    assert "[1 Sites]" in str(head)
    assert loaded == []


def test_help_loads_no_heavy_library() -> None:
    code, loaded = _printed(_HELP.format(heavy=HEAVY))
    assert code == 0
    assert loaded == []
