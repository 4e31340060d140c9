"""A step that asks while it works: its question is told, answered once, and together with its likes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from drconsole.errors import Question, Refused
from drconsole.journal import commands
from drconsole.journal.journal import Journal
from drconsole.model.step import Done, Handlers, Step, Work
from drconsole.planning.plan_input import PlanInput
from drconsole.recovery import verbs
from drconsole.recovery.runner import Runner
from drconsole.recovery.step_page import step_detail
from drconsole.settings.values import Settings
from tests.unit.runs.following import run_state, states, until
from tests.unit.runs.plans import frozen, settings, step, url
from tests.unit.runs.world import World, WorldRoom

FIRST, SECOND, OTHER, LAST = "halt/a/off", "halt/b/off", "halt/c/off", "map/x/lease"


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    yield opened
    await opened.close()


class Asks:
    """Asks what its step says, acts once that is approved, and tells who did."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.answers = True

    async def observe(self, work: Work) -> Done | None:
        said = work.answered(work.step.arguments["question"])
        done = work.step.key in self.world.effects()
        return Done(result={"by": said[0] if said else ""}) if done else None

    async def act(self, work: Work) -> None:
        question = work.step.arguments["question"]
        if self.answers and work.answered(question) is None:
            raise Question(question, about=work.step.object, remedy="say so")
        self.world.write(work.step.key)


class AskingRoom(WorldRoom):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.asks = Asks(world)

    def handlers(self, settings: Settings, plan: PlanInput, /) -> Handlers:
        return {**super().handlers(settings, plan), "asks": self.asks}


def asking(key: str, question: str) -> Step:
    return msgspec.structs.replace(
        step(key, arguments={"question": question}), handler="asks", asks=True, object=key
    )


@pytest.fixture
async def room(tmp_path: Path, journal: Journal) -> AsyncIterator[AskingRoom]:
    """Three steps that ask, two of them the same; a fourth waits for all that is not given up."""
    plan = [asking(FIRST, "is it gone?"), asking(SECOND, "is it gone?"), asking(OTHER, "hard?")]
    plan.append(step(LAST, optional=(FIRST, SECOND, OTHER)))
    await frozen(journal, plan, mode="planned")
    made = AskingRoom(World(tmp_path / "world"))
    task = asyncio.create_task(Runner(settings(tmp_path), journal, "R-1", [made]).carry())
    await until(lambda: run_state(journal) == "waiting")
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_question_asked_by_several_steps_is_answered_once_for_all(
    room: AskingRoom, journal: Journal
) -> None:
    assert {states(journal)[key] for key in (FIRST, SECOND, OTHER)} == {"waiting"}
    reply = await journal.write(lambda c: verbs.approve(c, "R-1", SECOND, actor="ann"))
    assert set(reply.steps) == {FIRST, SECOND}
    await until(lambda: states(journal)[FIRST] == states(journal)[SECOND] == "done")
    assert states(journal)[OTHER] == "waiting"
    assert journal.read(lambda c: step_detail(c, "R-1", FIRST)).result == {"by": "ann"}
    with pytest.raises(Refused, match="ann said approve"):
        await journal.write(lambda c: verbs.approve(c, "R-1", FIRST, actor="bob"))


async def test_it_takes_retry_and_skip_as_well(room: AskingRoom, journal: Journal) -> None:
    assert journal.read(lambda c: step_detail(c, "R-1", OTHER)).verbs == ("approve", "retry", "skip")
    await journal.write(lambda c: verbs.approve(c, "R-1", FIRST, actor="ann"))
    room.asks.answers = False
    await journal.write(lambda c: verbs.retry(c, "R-1", (OTHER,), every=False, actor="ann"))
    await until(lambda: run_state(journal) == "done")
    assert journal.read(lambda c: step_detail(c, "R-1", OTHER)).result == {"by": ""}


async def test_one_that_is_skipped_lets_go_on_what_can_do_without(room: AskingRoom, journal: Journal) -> None:
    await journal.write(lambda c: verbs.approve(c, "R-1", FIRST, actor="ann"))
    await journal.write(lambda c: verbs.skip(c, "R-1", OTHER, reason="left out", actor="bob"))
    await until(lambda: run_state(journal) == "done")
    assert states(journal)[LAST] == "done"
    assert OTHER not in room.asks.world.effects()


async def test_what_was_answered_stays_answered_for_a_step_that_asks_later(
    room: AskingRoom, journal: Journal
) -> None:
    await journal.write(lambda c: verbs.approve(c, "R-1", FIRST, actor="ann"))
    said = journal.read(lambda c: commands.answered(c, "R-1", "is it gone?"))
    assert said is not None
    assert said.actor == "ann"
    assert journal.read(lambda c: commands.answered(c, "R-1", "hard?")) is None
