"""What a run tells of itself: `run show --json` key by key, its report, and its exit code."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from drconsole.cli.watching import ending
from drconsole.journal import runs
from drconsole.journal.journal import Journal
from drconsole.model.run import Difference, Fidelity, RunView, StepState
from drconsole.model.step import STAGES
from drconsole.planning import keys
from drconsole.recovery import carry, verbs
from drconsole.recovery.report import Objectives, Told, objectives_of, report_json, report_text
from drconsole.recovery.runner import Runner
from drconsole.recovery.view import run_view
from tests.unit.runs.following import run_state, until
from tests.unit.runs.plans import frozen, settings, source, step, url
from tests.unit.runs.world import World, WorldRoom

WRITTEN = {
    "": "run site mode state snapshot started ended rto_s rpo_s runner stages steps fidelity guests machines"
    " cleanup elapsed_s",
    "stages": "name state started ended steps done failed",
    "steps": "key state attempts started ended error",
    "machines": "target role protected state",
    "cleanup": "state started ended",
}
"""The keys of DESIGN 7, by the list they stand in. More may be there, none may be missing."""

UTC_Z = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry, "RETRY_S", (0.01,))


async def drilled(folder: Path, journal: Journal, *, fails: int = 0, auto: bool = True) -> RunView:
    """A drill with one machine, whose halt cost 90 s of writes; a failing step is skipped by ann."""
    made = source("R-1", "drill", ("D",))
    made = msgspec.structs.replace(made, site=msgspec.structs.replace(made.site, rto_s=3600, rpo_s=60))
    bad = step("guests/vm-1/register", "halt/g/halt", arguments={"fails": fails})
    plan = [
        step("halt/g/halt", arguments={"result": {"rpo_s": 90.0}}),
        bad,
        step(keys.REPORTED, optional=(bad.key,), handler="recovery.report"),
    ]
    await frozen(journal, plan, auto=auto, made=made)
    room = WorldRoom(World(folder / "world"))
    task = asyncio.create_task(Runner(settings(folder), journal, "R-1", [room]).carry())
    if fails:
        await until(lambda: run_state(journal) == "waiting")
        await journal.write(lambda c: verbs.skip(c, "R-1", bad.key, reason="lost\x1b[2J", actor="ann"))
    await task
    return journal.read(lambda c: run_view(c, "R-1"))


def shown(view: RunView) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(msgspec.json.encode(view))
    return found


async def test_run_show_has_every_key_that_programs_rely_on(tmp_path: Path, journal: Journal) -> None:
    view = shown(await drilled(tmp_path, journal))
    for place, names in WRITTEN.items():
        parts = [view] if not place else view[place] if isinstance(view[place], list) else [view[place]]
        assert parts
        for part in parts:
            assert set(names.split()) <= set(part), place
    assert [stage["name"] for stage in view["stages"]] == list(STAGES)
    told = {part["state"] for part in (view, *view["stages"], *view["steps"], view["cleanup"])}
    assert told <= set(get_args(StepState))
    times = [part[when] for part in (view, *view["stages"], *view["steps"]) for when in ("started", "ended")]
    assert all(UTC_Z.fullmatch(time) for time in times if time is not None)
    assert view["fidelity"] is None
    assert view["rpo_s"] == 90.0
    assert view["state"] == view["cleanup"]["state"] == "done"


async def test_a_run_that_nobody_has_taken_up_shows_what_is_not_known_as_null(journal: Journal) -> None:
    await frozen(journal, [step("halt/g/halt")])
    view = shown(journal.read(lambda c: run_view(c, "R-1")))
    assert [view[key] for key in ("started", "ended", "rto_s", "rpo_s", "runner", "cleanup")] == [None] * 6
    assert [stage["state"] for stage in view["stages"]] == ["pending"] * 9


async def test_the_report_holds_times_against_the_objectives(tmp_path: Path, journal: Journal) -> None:
    view = await drilled(tmp_path, journal, fails=99)
    objectives = journal.read(lambda c: objectives_of(runs.frozen(c, "R-1")[1]))
    assert objectives == Objectives(rto_s=3600, rpo_s=60)
    told = Told(view=view, objectives=objectives)
    text = report_text(told)
    assert "recovery point 1:30, objective 1:00, MISSED" in text
    assert re.search(r"recovery time  0:\d\d, objective 1:00:00, met", text)
    assert "guests/vm-1/register: skipped, lost" in text
    assert "\x1b" not in text
    assert re.search(r"guests +skipped +0 of 1 steps", text)
    shown = json.loads(report_json(told))
    assert shown["objectives"] == {"rto_s": 3600, "rto_met": True, "rpo_s": 60, "rpo_met": False}
    assert shown["counts"]["steps"] == {"done": 2, "skipped": 1}
    assert shown["run"]["run"] == "R-1"


async def test_a_report_names_each_lost_value_and_counts_the_rest(tmp_path: Path, journal: Journal) -> None:
    view = await drilled(tmp_path, journal)
    lost = Difference(path="dc/web/memory", captured="4096", recovered="", klass="lost", reason="")
    changed = Difference(path="dc/web/id", captured="1", recovered="2", klass="had-to-be", reason="new ids")
    fidelity = Fidelity(matched=8, total=10, differences=(lost, changed), excused={"new ids": 1})
    text = report_text(Told(view=msgspec.structs.replace(view, fidelity=fidelity)))
    assert "8 of 10 values are equal" in text
    assert "1 excused by new ids" in text
    assert "lost: dc/web/memory: 4096 became nothing" in text
    assert "recovery point 1:30, no objective" in text


@pytest.mark.parametrize(
    ("state", "step_state", "key", "code"),
    [
        ("held", "done", "halt/g/halt", 0),
        ("done", "done", "halt/g/halt", 0),
        ("held", "skipped", "guests/vm-1/register", 7),
        ("waiting", "failed", "halt/g/halt", 6),
        ("waiting", "waiting", keys.GUESTS_GATE, 6),
        ("failed", "done", keys.COMPARED, 6),
        ("failed", "failed", "preflight/D/reserve", 3),
        ("cancelled", "cancelled", "halt/g/halt", 6),
    ],
)
async def test_the_exit_code_says_how_a_run_stands(
    tmp_path: Path, journal: Journal, state: StepState, step_state: StepState, key: str, code: int
) -> None:
    view = await drilled(tmp_path, journal, auto=False)
    last = msgspec.structs.replace(view.steps[0], key=key, state=step_state, error="says no")
    error = ending(msgspec.structs.replace(view, state=state, steps=(last,)))
    assert (error.exit_code if error else 0) == code
    if error is not None:
        assert error.about
