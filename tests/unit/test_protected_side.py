"""A disaster run asks the protected side once, and an operator once: two copies of a guest never run."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from drconsole.cli.watching import ending
from drconsole.errors import Refused, RunStopped, UsageError
from drconsole.journal.journal import Journal
from drconsole.model.step import Mode, Step
from drconsole.planning import keys
from drconsole.planning.graph import dependants
from drconsole.recovery import verbs
from drconsole.recovery.runner import Runner
from drconsole.recovery.stages.protected import gated, probe_steps
from drconsole.recovery.step_page import step_detail
from drconsole.recovery.view import run_view
from drconsole.settings.values import DEADLINES
from tests.unit.devices.served import served
from tests.unit.runs.following import run_state, states, until
from tests.unit.runs.plans import frozen, settings, source, step, url
from tests.unit.runs.world import World, WorldRoom

REGISTER = "guests/vm-1/register"


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    yield opened
    await opened.close()


class Site:
    """A protected site that answers as told, and a run that would register one of its guests."""

    def __init__(self, folder: Path, journal: Journal, address: str, pin: str) -> None:
        self.folder, self.journal, self.address, self.pin = folder, journal, address, pin
        self.world = World(folder / "world")

    async def freeze(self, mode: Mode) -> tuple[Step, ...]:
        made = msgspec.structs.replace(source("R-1", mode), deadlines=DEADLINES | {"probe-protected": 0.5})
        probes = probe_steps(made)
        freeze = step(keys.PREFLIGHT, *(probe.key for probe in probes))
        rooms = [
            step(keys.BARRIER, keys.PREFLIGHT),
            step("import/h/add-host", keys.BARRIER),
            step("guests/ds/read", "import/h/add-host"),
            step(REGISTER, "guests/ds/read"),
            step("guests/cluster/settings", optional=(REGISTER,)),
        ]
        plan = (*probes, freeze, *gated(made, rooms))
        await frozen(self.journal, plan, made=made)
        return plan

    def runner(self) -> Runner:
        configured = settings(self.folder, address=self.address, pin=self.pin)
        return Runner(configured, self.journal, "R-1", [WorldRoom(self.world)])


@pytest.fixture
async def answering(tmp_path: Path, journal: Journal) -> AsyncIterator[Site]:
    async with served(web.Application(), tmp_path) as place:
        yield Site(tmp_path, journal, place.address, place.pin)


def probed(journal: Journal) -> dict[str, object]:
    return journal.read(lambda c: step_detail(c, "R-1", keys.PROBED)).result


async def test_an_answer_makes_the_run_wait_before_guests_until_an_operator_has_answered(
    answering: Site, journal: Journal
) -> None:
    await answering.freeze("disaster")
    task = asyncio.create_task(answering.runner().carry())
    await until(lambda: run_state(journal) == "waiting")
    assert answering.world.effects() == [keys.PREFLIGHT, keys.BARRIER, "import/h/add-host"]
    view = journal.read(lambda c: run_view(c, "R-1"))
    assert {stage.name: stage.state for stage in view.stages}["guests"] == "waiting"
    told = ending(view)
    assert isinstance(told, RunStopped)
    assert told.about == keys.GUESTS_GATE
    assert "still answered" in told.message
    assert f"run approve R-1 {keys.GUESTS_GATE}" in told.remedy
    assert journal.read(lambda c: step_detail(c, "R-1", keys.GUESTS_GATE)).verbs == ("approve",)

    reply = await journal.write(lambda c: verbs.approve(c, "R-1", "", actor="ann"))
    assert reply.steps == (keys.GUESTS_GATE,)
    await task
    assert run_state(journal) == "done"
    assert REGISTER in answering.world.effects()
    assert journal.read(lambda c: step_detail(c, "R-1", keys.GUESTS_GATE)).result["fenced_by"] == "ann"


async def test_the_question_is_answered_once_and_cannot_be_gone_around(
    answering: Site, journal: Journal
) -> None:
    await answering.freeze("disaster")
    task = asyncio.create_task(answering.runner().carry())
    await until(lambda: run_state(journal) == "waiting")
    gate = keys.GUESTS_GATE
    with pytest.raises(Refused, match="waiting, not failed"):
        await journal.write(lambda c: verbs.retry(c, "R-1", (gate,), every=False, actor="bob"))
    with pytest.raises(Refused, match="cannot be skipped"):
        await journal.write(lambda c: verbs.skip(c, "R-1", gate, reason="hurry", actor="bob"))
    await journal.write(lambda c: verbs.approve(c, "R-1", gate, actor="ann"))
    with pytest.raises(Refused, match="ann said approve at"):
        await journal.write(lambda c: verbs.approve(c, "R-1", gate, actor="bob"))
    with pytest.raises(UsageError, match="no steps wait"):
        await journal.write(lambda c: verbs.approve(c, "R-1", "", actor="bob"))
    await task


async def test_a_question_outlives_its_runner_and_the_probe_is_not_repeated(
    answering: Site, journal: Journal
) -> None:
    await answering.freeze("disaster")
    first = asyncio.create_task(answering.runner().carry())
    await until(lambda: run_state(journal) == "waiting")
    before = probed(journal)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await journal.write(lambda c: verbs.approve(c, "R-1", keys.GUESTS_GATE, actor="ann"))
    second = answering.runner()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("drconsole.recovery.takeover.known_dead", lambda row: True)
        await second.carry()
    assert run_state(journal) == "done"
    assert probed(journal) == before


async def test_an_impostor_at_its_address_is_an_answer(answering: Site, journal: Journal) -> None:
    answering.pin = "sha256:" + "1" * 64
    await answering.freeze("disaster")
    task = asyncio.create_task(answering.runner().carry())
    await until(lambda: run_state(journal) == "waiting")
    assert probed(journal)["said"] == "answers with another certificate"
    await journal.write(lambda c: verbs.cancel(c, "R-1", reason="", actor="ann"))
    await task


@pytest.mark.parametrize("silent", [True, False])
async def test_no_answer_means_gone_and_nobody_is_asked(
    tmp_path: Path, journal: Journal, silent: bool
) -> None:
    """A site that swallows connections, and one whose address refuses them."""
    with socket.create_server(("127.0.0.1", 0)) as listening:  # the kernel answers, nobody accepts
        host, port = listening.getsockname()
        if not silent:
            listening.close()
        site = Site(tmp_path, journal, f"{host}:{port}", "sha256:" + "0" * 64)
        await site.freeze("disaster")
        await site.runner().carry()
    assert run_state(journal) == "done"
    assert probed(journal)["answered"] is False


async def test_a_drill_neither_probes_nor_asks(answering: Site, journal: Journal) -> None:
    plan = await answering.freeze("drill")
    await answering.runner().carry()
    assert keys.PROBED not in {each.key for each in plan}
    assert set(states(journal).values()) == {"done"}


async def test_nothing_of_guests_goes_on_without_the_gate(answering: Site) -> None:
    plan = await answering.freeze("disaster")
    guests = {each.key for each in plan if each.stage == "guests"} - {keys.GUESTS_GATE}
    assert guests == {"guests/ds/read", REGISTER, "guests/cluster/settings"}
    assert guests <= dependants(plan, keys.GUESTS_GATE)
