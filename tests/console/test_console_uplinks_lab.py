"""Uplinks by keys against a lab: a trial is seen, rolled back with a reason, and all hosts are moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.terminal import console
from tests.lab.own_lab import own_lab

pytestmark = pytest.mark.timeout(240)


def test_a_review_by_keys_alone(tmp_path: Path) -> None:
    with own_lab(tmp_path, hosts=2, vms=4, targets=5, speed=150, unlinked=1) as lab:
        lab.captured()
        words = ("recover", "pittsburgh", "--mode", "drill", "--review-uplinks", "--detach")
        run = str(lab.operator.json(*words)["run"])
        with console(lab.configuration, (80, 24)) as terminal:
            terminal.sees("● pittsburgh", within=60)
            terminal.press("6")
            terminal.sees("! waiting 2", "vSwitch0 ← vmnic2", "vmnic2 ○ no link", "● on trial", within=90)
            terminal.listen(1.0)
            first = trial(terminal.lines)
            terminal.press("v")
            terminal.sees("Roll a trial back")
            terminal.press(*"wrong switch", "enter")
            terminal.sees(f"{first} ●", "refused", "! waiting 2", within=60)
            terminal.listen(1.0)  # the frame that holds these words, whole
            assert trial(terminal.lines) not in ("", "–", first)
            terminal.press("A")
            terminal.sees("moves for good to")
            terminal.press("y")
            terminal.sees("✓ applied 2", "planned ✓ applied", within=60)
        assert lab.operator("run", "attach", run).code == 0
        moved = {each["host"]: each for each in lab.operator.json("run", "uplinks", run)}
        assert {each["state"] for each in moved.values()} == {"applied"}
        assert [first in each["refused"] for each in moved.values()] == [True, False]


def trial(lines: list[str]) -> str:
    """The port on trial of the first host, as its row says it."""
    row = next(line for line in lines if "esx-01.pitts" in line and "waiting" in line)
    return row.partition("waiting")[2].split()[0]
