"""`target release`: a real run's machine goes back by hand, once it is out of use, and not before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from drconsole.errors import Refused
from drconsole.journal import pool, runs
from drconsole.journal.journal import Journal
from drconsole.model.run import RunState
from drconsole.model.step import Mode
from drconsole.model.target import Target
from drconsole.recovery.verbs.release import release
from tests.unit.planning_site import target
from tests.unit.runs.amendable import went
from tests.unit.runs.plans import frozen, step, url

PRESENT = "storage/a1%2Fg1/present"


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    yield opened
    await opened.close()


async def ended(
    journal: Journal, *, mode: Mode = "disaster", state: RunState = "done", connected: bool = True
) -> None:
    await frozen(journal, [step(PRESENT)], mode=mode)
    if connected:
        await went(journal, {PRESENT: "done"})
    await journal.write(lambda c: pool.reserve(c, "R-1", "E", "esx-01", "host"))
    await journal.write(lambda c: pool.lease(c, "R-1", "E"))
    await journal.write(lambda c: runs.set_state(c, "R-1", state))


def probed(power: Literal["on", "off"] = "off", error: str = "") -> Target:
    found = target("E")
    assert found.hardware is not None
    return msgspec.structs.replace(
        found, hardware=msgspec.structs.replace(found.hardware, power=power), error=error
    )


async def test_a_machine_that_is_off_is_free_again(journal: Journal) -> None:
    await ended(journal)
    await journal.write(lambda c: release(c, probed(), actor="ann"))
    assert journal.read(pool.leases) == {}
    with pytest.raises(Refused, match="is free"):
        await journal.write(lambda c: release(c, probed(), actor="bob"))


async def test_one_that_is_on_may_be_a_host_of_the_recovered_site(journal: Journal) -> None:
    await ended(journal)
    with pytest.raises(Refused, match="is on, and is esx-01 of the recovered site"):
        await journal.write(lambda c: release(c, probed("on"), actor="ann"))


async def test_where_its_bmc_is_silent_nobody_can_tell(journal: Journal) -> None:
    await ended(journal)
    with pytest.raises(Refused, match="nobody can tell whether it is in use: no answer"):
        await journal.write(lambda c: release(c, probed(error="no answer"), actor="ann"))


@pytest.mark.parametrize(
    ("mode", "state", "connected", "told"),
    [
        ("disaster", "running", True, "which is running"),
        ("disaster", "cancelled", False, "can be cleaned up"),
        ("drill", "held", True, "can be cleaned up"),
    ],
)
async def test_what_goes_on_or_can_be_cleaned_up_is_not_released(
    journal: Journal, mode: Mode, state: RunState, connected: bool, told: str
) -> None:
    await ended(journal, mode=mode, state=state, connected=connected)
    with pytest.raises(Refused, match=told):
        await journal.write(lambda c: release(c, probed(), actor="ann"))
