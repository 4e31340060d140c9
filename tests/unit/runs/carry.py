"""A runner over a world of files, to be the whole of a process."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from drconsole.errors import DRConsoleError
from drconsole.journal.journal import Journal
from drconsole.recovery.runner import Runner
from tests.unit.runs.plans import settings, url
from tests.unit.runs.world import World, WorldRoom


async def carry(folder: Path, run: str) -> None:
    journal = Journal(url(folder))
    try:
        room = WorldRoom(World(folder / "world"))
        await Runner(settings(folder), journal, run, [room]).carry()
    finally:
        await journal.close()


def main(folder: str, run: str) -> None:
    """Ends the process with the runner's exit code."""
    try:
        asyncio.run(carry(Path(folder), run))
    except DRConsoleError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
