"""Two runs never act on one replication group: the second is told who has it, and until when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from drconsole.cli.watching import ending
from drconsole.errors import Busy, Refused
from drconsole.journal import claims, runs
from drconsole.journal.journal import Journal
from drconsole.model.step import Mode, Step
from drconsole.planning import keys
from drconsole.planning.readiness import World as Asked
from drconsole.recovery import carry, planner, verbs
from drconsole.recovery.runner import Runner
from drconsole.recovery.stages import preflight
from drconsole.recovery.view import run_view
from drconsole.settings.values import ProvisioningSettings
from tests.unit.planning_site import small_plan, small_site
from tests.unit.runs.following import run_state, until
from tests.unit.runs.plans import SNAPSHOT, frozen, settings, source, step, url
from tests.unit.runs.world import World, WorldRoom

GROUP = "a1/g1"


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry, "RETRY_S", (0.01,))


def plan_of(run: str, mode: Mode, *, fails: int = 0) -> tuple[Step, ...]:
    """The product's own claim of its group, then a halt that may fail."""
    steps = preflight.steps(source(run, mode, groups=("g1",)))
    claim = next(each for each in steps if each.handler == "recovery.claim")
    return (
        msgspec.structs.replace(claim, needs=()),
        step(keys.halted(GROUP), claim.key, arguments={"fails": fails}),
    )


async def carried(folder: Path, journal: Journal, run: str, mode: Mode, *, fails: int = 0) -> None:
    if run not in {row.id for row in journal.read(runs.listing)}:
        await frozen(journal, plan_of(run, mode, fails=fails), run=run, mode=mode)
    room = WorldRoom(World(folder / f"world-{run}"))
    await Runner(settings(folder), journal, run, [room]).carry()


def holder(journal: Journal) -> str:
    held = journal.read(claims.held_groups)
    return held[GROUP].run if GROUP in held else ""


@pytest.mark.parametrize("second", ["drill", "disaster"])
async def test_a_second_run_is_refused_while_a_drill_is_held_and_goes_on_after_its_cleanup(
    tmp_path: Path, journal: Journal, second: Mode
) -> None:
    await carried(tmp_path, journal, "R-1", "drill")
    await carried(tmp_path, journal, "R-2", second)
    view = journal.read(lambda c: run_view(c, "R-2"))
    told = ending(view)
    assert view.state == "failed"
    assert isinstance(told, Refused)
    assert told.exit_code == 3
    assert "in the hands of run R-1, a drill that is held" in told.message
    assert not (tmp_path / "world-R-2").read_text()
    assert holder(journal) == "R-1"

    await journal.write(lambda c: verbs.cleanup(c, "R-1", actor="ann"))
    await carried(tmp_path, journal, "R-1", "drill")
    assert holder(journal) == ""
    await carried(tmp_path, journal, "R-3", second)
    assert run_state(journal, "R-3") == ("held" if second == "drill" else "done")


async def test_what_a_real_run_has_recovered_stays_its_own(tmp_path: Path, journal: Journal) -> None:
    await carried(tmp_path, journal, "R-1", "disaster")
    assert run_state(journal, "R-1") == "done"
    await carried(tmp_path, journal, "R-2", "drill")
    told = ending(journal.read(lambda c: run_view(c, "R-2")))
    assert told is not None
    assert "a disaster run that is done" in told.message


@pytest.mark.parametrize(("begun", "left"), [(False, ""), (True, "R-1")])
async def test_a_cancelled_run_gives_back_what_it_never_began_to_halt(
    tmp_path: Path, journal: Journal, begun: bool, left: str
) -> None:
    if begun:
        await frozen(journal, plan_of("R-1", "drill", fails=99))
    else:
        held_up = step("preflight/a/x", arguments={"fails": 99})
        claim, halt = plan_of("R-1", "drill")
        await frozen(journal, [held_up, claim, msgspec.structs.replace(halt, needs=(held_up.key,))])
    task = asyncio.create_task(carried(tmp_path, journal, "R-1", "drill"))
    await until(lambda: run_state(journal) == "waiting")
    assert holder(journal) == "R-1"
    await journal.write(lambda c: verbs.cancel(c, "R-1", reason="", actor="ann"))
    await task
    assert holder(journal) == left


async def test_who_has_the_groups_is_named_before_the_machines_that_are_missing(
    tmp_path: Path, journal: Journal
) -> None:
    await carried(tmp_path, journal, "R-1", "drill")
    configured = settings(tmp_path)
    site = msgspec.structs.replace(configured.sites["pittsburgh"], groups=small_plan().groups)
    provisioning = ProvisioningSettings(network=source("R-2", "drill").provisioning, password="env:X")
    configured = msgspec.structs.replace(configured, sites={"pittsburgh": site}, provisioning=provisioning)
    request = planner.Request(
        run="R-2",
        site="pittsburgh",
        mode="drill",
        snapshot_id=SNAPSHOT,
        snapshot=small_site(),
        targets={},
        world=Asked(now=datetime.now(UTC)),
        held=journal.read(claims.held_groups),
    )
    with pytest.raises(Busy, match="run R-1, a drill that is held") as refused:
        planner.compose(configured, request, [])
    assert refused.value.about == f"replication group {GROUP}"
    assert "run cleanup R-1" in refused.value.remedy
