"""A runner as a process of its own: `python -m tests.unit.runs.carry FOLDER RUN`."""

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


if __name__ == "__main__":
    try:
        asyncio.run(carry(Path(sys.argv[1]), sys.argv[2]))
    except DRConsoleError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
