"""What a run that was stopped leaves in the world, and what puts each thing back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from drconsole.journal import claims, runs
from drconsole.journal.journal import Journal
from drconsole.model.run import Standing
from drconsole.model.step import Mode, step_key
from drconsole.planning import keys
from drconsole.recovery.view import run_view
from tests.unit.runs.amendable import frozen, source, went
from tests.unit.runs.plans import url

BOOT = step_key("provision", "esx-01", "boot")


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    yield opened
    await opened.close()


async def stopped(folder: Path, journal: Journal, mode: Mode, *done: str) -> dict[str, Standing]:
    """What stands after these steps, by kind and name."""
    await frozen(folder, journal, msgspec.structs.replace(source(), mode=mode))
    await journal.write(lambda c: claims.claim(c, "R-1", "a1/g1"))
    await went(journal, dict.fromkeys(done, "done"))
    await journal.write(lambda c: runs.set_state(c, "R-1", "cancelled"))
    view = journal.read(lambda c: run_view(c, "R-1"))
    return {f"{each.kind} {each.name}": each for each in view.standing}


async def test_a_drill_names_machines_clones_and_guests_and_the_cleanup(
    tmp_path: Path, journal: Journal
) -> None:
    done = (keys.halted("a1/g1"), BOOT, keys.ready("esx-02"), keys.registered("vm-2"))
    found = await stopped(tmp_path, journal, "drill", *done)
    assert {each.remedy for each in found.values()} == {"`drconsole run cleanup R-1`"}
    assert "perhaps half installed" in found["machine T0"].state
    assert found["machine T1"].state.endswith("installed")
    assert "not touched" in found["machine T2"].state
    assert found["group a1/g1"].state == "cloned"
    assert found["guest web-02"].state == "registered, 0 of 1 started"


async def test_a_real_run_that_connected_storage_says_what_is_done_by_hand(
    tmp_path: Path, journal: Journal
) -> None:
    done = (keys.halted("a1/g1"), keys.presented("a1/g1"))
    found = await stopped(tmp_path, journal, "disaster", *done)
    assert "run cleanup" not in " ".join(each.remedy for each in found.values())
    assert "target release" in found["machine T0"].remedy
    assert "at the array by hand" in found["group a1/g1"].remedy


async def test_a_real_run_that_connected_nothing_can_be_cleaned_up_but_for_its_groups(
    tmp_path: Path, journal: Journal
) -> None:
    found = await stopped(tmp_path, journal, "disaster", keys.halted("a1/g1"))
    assert found["machine T0"].remedy == "`drconsole run cleanup R-1`"
    assert found["group a1/g1"].state == "halted"
    assert "at the array by hand" in found["group a1/g1"].remedy


async def test_a_run_that_goes_on_leaves_nothing_behind(tmp_path: Path, journal: Journal) -> None:
    await frozen(tmp_path, journal)
    assert journal.read(lambda c: run_view(c, "R-1")).standing == ()
