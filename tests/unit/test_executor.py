"""A run over a world of files: what may go on does, what failed stops no other, verbs mend it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drconsole.errors import Refused, UsageError
from drconsole.journal.journal import Journal
from drconsole.recovery import carry, verbs
from drconsole.recovery.runner import Runner
from drconsole.recovery.view import run_view
from tests.unit.runs.following import run_state, states, until
from tests.unit.runs.plans import frozen, settings, step, url
from tests.unit.runs.world import World, WorldRoom


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    yield opened
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await opened.close()


@pytest.fixture
def room(tmp_path: Path) -> WorldRoom:
    return WorldRoom(World(tmp_path / "world"))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry, "RETRY_S", (0.01, 0.01))
    monkeypatch.setattr(carry, "SETTLE_S", (0.01,))
    monkeypatch.setattr(carry, "FLOOR_S", 0.05)


def runner(folder: Path, journal: Journal, room: WorldRoom) -> Runner:
    return Runner(settings(folder), journal, "R-1", [room])


async def test_a_drill_is_held_after_all_of_its_steps(
    tmp_path: Path, journal: Journal, room: WorldRoom
) -> None:
    await frozen(journal, [step("halt/a/x"), step("map/a/x", "halt/a/x"), step("provision/b/x", "map/a/x")])
    await runner(tmp_path, journal, room).carry()
    assert run_state(journal) == "held"
    assert World(tmp_path / "world").effects() == ["halt/a/x", "map/a/x", "provision/b/x"]


async def test_a_failed_step_stops_only_what_needs_it_and_a_retry_mends_it(
    tmp_path: Path, journal: Journal, room: WorldRoom
) -> None:
    bad = step("provision/bad/x", arguments={"fails": 1})
    plan = [
        bad,
        step("uplinks/bad/x", bad.key),
        step("provision/good/x"),
        step("verify/all/x", optional=(bad.key,)),
    ]
    await frozen(journal, plan)
    task = asyncio.create_task(runner(tmp_path, journal, room).carry())
    await until(lambda: run_state(journal) == "waiting")
    assert states(journal) == {
        bad.key: "failed",
        "uplinks/bad/x": "pending",
        "provision/good/x": "done",
        "verify/all/x": "pending",
    }
    await journal.write(lambda c: verbs.retry(c, "R-1", (bad.key,), every=False, actor="ann"))
    await task
    assert run_state(journal) == "held"
    assert set(states(journal).values()) == {"done"}


async def test_of_two_operators_the_second_is_told_who_was_first(
    tmp_path: Path, journal: Journal, room: WorldRoom
) -> None:
    await frozen(journal, [step("provision/bad/x", arguments={"fails": 9})])
    task = asyncio.create_task(runner(tmp_path, journal, room).carry())
    await until(lambda: run_state(journal) == "waiting")
    await journal.write(lambda c: verbs.cancel(c, "R-1", reason="enough", actor="ann"))
    with pytest.raises(Refused, match="ann has cancelled"):
        await journal.write(lambda c: verbs.cancel(c, "R-1", reason="me too", actor="bob"))
    await task
    assert run_state(journal) == "cancelled"


async def test_a_skipped_step_takes_what_needs_it_along_and_frees_who_only_waits(
    tmp_path: Path, journal: Journal, room: WorldRoom
) -> None:
    bad = step("provision/bad/x", arguments={"fails": 9})
    plan = [bad, step("uplinks/bad/x", bad.key), step("verify/all/x", optional=("uplinks/bad/x",))]
    await frozen(journal, plan)
    task = asyncio.create_task(runner(tmp_path, journal, room).carry())
    await until(lambda: run_state(journal) == "waiting")
    with pytest.raises(UsageError, match="reason"):
        await journal.write(lambda c: verbs.skip(c, "R-1", bad.key, reason=" ", actor="ann"))
    await journal.write(lambda c: verbs.skip(c, "R-1", bad.key, reason="broken board", actor="ann"))
    await task
    assert states(journal) == {bad.key: "skipped", "uplinks/bad/x": "skipped", "verify/all/x": "done"}
    assert run_state(journal) == "held"


async def test_what_proves_the_barrier_cannot_be_skipped(
    tmp_path: Path, journal: Journal, room: WorldRoom
) -> None:
    host = step("provision/esx/ready", arguments={"fails": 9})
    await frozen(journal, [host, step("storage/site/barrier", host.key)])
    with pytest.raises(Refused, match="without it the run cannot go on"):
        await journal.write(lambda c: verbs.skip(c, "R-1", host.key, reason="why not", actor="ann"))


async def test_a_transient_failure_is_tried_again_without_anybody(
    tmp_path: Path, journal: Journal, room: WorldRoom
) -> None:
    await frozen(journal, [step("halt/a/x", arguments={"fails": 2, "kind": "unreachable"})])
    await runner(tmp_path, journal, room).carry()
    assert states(journal) == {"halt/a/x": "done"}
    assert room.effect.acts["halt/a/x"] == 3


async def test_refused_credentials_are_never_tried_twice(
    tmp_path: Path, journal: Journal, room: WorldRoom
) -> None:
    await frozen(journal, [step("halt/a/x", arguments={"fails": 1, "kind": "credentials"})])
    task = asyncio.create_task(runner(tmp_path, journal, room).carry())
    await until(lambda: run_state(journal) == "waiting")
    assert room.effect.acts["halt/a/x"] == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_act_whose_answer_was_lost_is_observed_and_not_repeated(
    tmp_path: Path, journal: Journal, room: WorldRoom
) -> None:
    await frozen(journal, [step("storage/a/promote", arguments={"unknown": True})])
    await runner(tmp_path, journal, room).carry()
    assert World(tmp_path / "world").effects() == ["storage/a/promote"]
    assert room.effect.acts["storage/a/promote"] == 1


@pytest.mark.parametrize(
    ("arguments", "deadline", "told"),
    [
        ({"seconds": 9}, 0.1, "not done after"),
        ({"hidden": True}, 5, "does not show"),
        ({"bug": True}, 5, "unexpected ValueError"),
    ],
)
async def test_a_step_that_cannot_be_done_says_why(
    tmp_path: Path,
    journal: Journal,
    room: WorldRoom,
    arguments: dict[str, object],
    deadline: float,
    told: str,
) -> None:
    await frozen(journal, [step("halt/a/x", arguments=arguments, deadline_s=deadline)])
    task = asyncio.create_task(runner(tmp_path, journal, room).carry())
    await until(lambda: run_state(journal) == "waiting")
    view = journal.read(lambda c: run_view(c, "R-1"))
    assert view.steps[0].error is not None
    assert told in view.steps[0].error
    assert view.stages[1].state == "failed"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_deadline_shorter_than_any_step_takes_is_lengthened(
    tmp_path: Path, journal: Journal, room: WorldRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lab at full speed divides deadlines until an answer of a busy machine would be late."""
    monkeypatch.setattr(carry, "FLOOR_S", 5.0)
    await frozen(journal, [step("halt/a/x", arguments={"seconds": 0.2}, deadline_s=0.01)])
    await runner(tmp_path, journal, room).carry()
    assert states(journal) == {"halt/a/x": "done"}


async def test_a_resource_bounds_how_many_steps_work_at_once(
    tmp_path: Path, journal: Journal, room: WorldRoom
) -> None:
    plan = [step(f"storage/{n}/x", resources=("array:r1",), arguments={"seconds": 0.02}) for n in range(20)]
    await frozen(journal, plan)
    await runner(tmp_path, journal, room).carry()
    assert room.effect.most == 4
    assert len(World(tmp_path / "world").effects()) == 20


async def test_a_refusal_in_preflight_ends_the_run_before_anything_was_touched(
    tmp_path: Path, journal: Journal, room: WorldRoom
) -> None:
    check = step("preflight/run/readiness", arguments={"fails": 1, "kind": "refused"})
    await frozen(journal, [check, step("halt/a/x", check.key)])
    await runner(tmp_path, journal, room).carry()
    assert run_state(journal) == "failed"
    assert World(tmp_path / "world").effects() == []


async def test_a_drill_that_cleans_up_by_itself_is_done(
    tmp_path: Path, journal: Journal, room: WorldRoom
) -> None:
    await frozen(journal, [step("halt/a/x")], cleanup=[step("cleanup/a/drop")], auto=True)
    await runner(tmp_path, journal, room).carry()
    assert run_state(journal) == "done"
    view = journal.read(lambda c: run_view(c, "R-1"))
    assert view.cleanup is not None
    assert view.cleanup.state == "done"
    assert [shown.key for shown in view.steps] == ["halt/a/x"]


async def test_a_real_run_that_connected_storage_is_never_cleaned_up(
    tmp_path: Path, journal: Journal, room: WorldRoom
) -> None:
    await frozen(journal, [step("storage/g/promote")], mode="disaster")
    await runner(tmp_path, journal, room).carry()
    assert run_state(journal) == "done"
    with pytest.raises(Refused, match="production"):
        await journal.write(lambda c: verbs.cleanup(c, "R-1", actor="ann"))
