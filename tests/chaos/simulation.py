"""The whole run on a seeded loop of virtual time, with random faults: `python -m tests.sim`."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Any

import msgspec

from tests.chaos.row import Row

NAME = "simulation"
AIM = "0 seeds with violations"

_ROOT = Path(__file__).parents[2]
_SEEDS = {False: 500, True: 20_000}
_MEASURED = {False: 40, True: 400}
"""How many seeds run once more, under coverage: a look at each branch makes them slow."""


async def row(long: bool, /) -> Row:
    """Runs the seeds on all cores, then some of them once more for what they reach."""
    found = await _sail("--seeds", str(_SEEDS[long]))
    reached = await _sail("--seeds", str(_MEASURED[long]), "--coverage")
    bad = found["bad"] + reached["bad"]
    covered = f"branch coverage of recovery/ by {_MEASURED[long]} of them {reached['coverage']:.0f} %"
    again = f"; again: python -m tests.sim --seeds 1 --from {bad[0]}" if bad else ""
    return Row(
        name=NAME,
        figure=f"{found['seeds']} seeds, {len(found['bad'])} with violations",
        aim=AIM,
        ok=found["seeds"] == _SEEDS[long] and not bad,
        note=f"{found['rate']:.1f} seeds/s, {covered}{again}",
    )


async def _sail(*words: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.sim", "--json", *words, cwd=_ROOT, stdout=PIPE, stderr=DEVNULL
    )
    try:
        told, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return msgspec.json.decode(told, type=dict[str, Any])
