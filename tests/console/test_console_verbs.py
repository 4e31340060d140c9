"""What keys send to the service, and what they do not without a confirmation."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from drconsole.api import requests
from drconsole.console.app import ConsoleApp
from drconsole.console.screens.dialogs import Ask, Confirm
from drconsole.model.run import StepView
from drconsole.model.step import step_key
from tests.console.scripted_service import ScriptedService
from tests.console.small_world import RUN, world

FAILED = step_key("provision", "esx-01", "install")


class Desk:
    """A console on a scripted service."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[None], service: ScriptedService) -> None:
        self.app = app
        self.pilot = pilot
        self.service = service

    async def until(self, seen: Callable[[], object]) -> None:
        end = time.monotonic() + 30
        while not seen():
            assert time.monotonic() < end, (self.app.screen, self.app.store.note, self.app.store.doing)
            await self.pilot.pause(0.05)

    async def asked(self, kind: type) -> object:
        """Waits for a request of a type and returns the newest."""
        await self.until(lambda: self.service.asked_for(kind))
        return self.service.asked_for(kind)[-1]


@asynccontextmanager
async def desk(folder: Path, *, run: bool = True) -> AsyncIterator[Desk]:
    with world(folder, run=run).listening() as service:
        app = ConsoleApp(str(service.config))
        async with app.run_test(size=(120, 40)) as pilot:
            found = Desk(app, pilot, service)
            await found.until(lambda: app.store.captured_of("pittsburgh"))
            await found.until(lambda: app.store.targets)
            if run:
                await found.until(lambda: app.store.following and app.store.following.failed())
            yield found


async def test_a_real_recovery_wants_the_sites_name_typed(tmp_path: Path) -> None:
    async with desk(tmp_path, run=False) as at:
        await at.pilot.press("R", "j", "enter")
        assert isinstance(at.app.screen, Ask)
        await at.pilot.press(*"pitsburgh", "enter")
        assert isinstance(at.app.screen, Ask)
        assert not at.service.asked_for(requests.Recover)
        await at.pilot.press("escape")
        await at.pilot.press("R", "j", "enter", *"pittsburgh", "enter")
        sent = await at.asked(requests.Recover)
        assert isinstance(sent, requests.Recover)
        assert (sent.mode, sent.confirm, sent.mapping) == ("disaster", "pittsburgh", None)


async def test_a_site_is_moved_only_once_its_name_is_typed(tmp_path: Path) -> None:
    async with desk(tmp_path, run=False) as at:
        await at.pilot.press("R", "j", "j", "enter")
        assert isinstance(at.app.screen, Ask)
        assert not at.service.asked_for(requests.Recover)
        await at.pilot.press(*"pittsburgh", "enter")
        sent = await at.asked(requests.Recover)
        assert isinstance(sent, requests.Recover)
        assert (sent.mode, sent.confirm) == ("planned", "pittsburgh")


async def test_a_drill_is_begun_by_y_alone_and_n_begins_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path, run=False) as at:
        await at.pilot.press("R", "enter", "n")
        assert not at.service.asked_for(requests.Recover)
        await at.pilot.press("R", "enter", "y")
        sent = await at.asked(requests.Recover)
        assert isinstance(sent, requests.Recover)
        assert sent.mode == "drill"


async def test_what_was_changed_on_map_and_vms_is_what_a_run_is_started_with(tmp_path: Path) -> None:
    async with desk(tmp_path, run=False) as at:
        await at.pilot.press("3")
        await at.until(lambda: (m := at.app.store.mappings.get("pittsburgh")) and not m.bare())
        await at.pilot.press("g", "j", "space", "4")
        await at.until(lambda: at.app.store.selections.get("pittsburgh"))
        await at.pilot.press("slash", *"web-03", "enter", "space", "R", "enter", "y")
        sent = await at.asked(requests.Recover)
        assert isinstance(sent, requests.Recover)
        assert sent.mapping is not None
        assert sent.selection is not None
        assert [role.name for role in sent.mapping.hosts if not role.deploy] == ["esx-01"]
        assert [flag.name for flag in sent.selection.virtual_machines if not flag.deploy] == ["web-03"]
        assert sent.snapshot == sent.mapping.snapshot == sent.selection.snapshot


async def test_the_management_server_is_always_deployed(tmp_path: Path) -> None:
    async with desk(tmp_path, run=False) as at:
        await at.pilot.press("3")
        await at.until(lambda: (m := at.app.store.mappings.get("pittsburgh")) and not m.bare())
        await at.pilot.press("g", "space", "enter")
        assert all(at.app.store.mappings["pittsburgh"].deployed.values())


async def test_retry_takes_the_failed_step_of_the_row_and_all_where_it_has_none(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.pilot.press("5", "home", "k")
        assert await at.asked(requests.Retry) == requests.Retry(run=RUN, steps=(FAILED,), all=False)
        await at.pilot.press("G", "k")
        await at.until(lambda: len(at.service.asked_for(requests.Retry)) == 2)
        assert at.service.asked_for(requests.Retry)[-1] == requests.Retry(run=RUN, steps=(), all=True)


async def test_a_question_is_shown_and_answered_once_it_is_meant(tmp_path: Path) -> None:
    gate = "guests/site/gate"
    async with desk(tmp_path) as at:
        await at.pilot.press("5", "a")
        assert "no question" in str(at.app.store.note)
        following = at.app.store.following
        assert following is not None
        question = StepView(
            key=gate, state="waiting", attempts=1, started=None, ended=None, error="is it fenced?"
        )
        following.steps.put(question)
        await at.pilot.press("a")
        assert isinstance(at.app.screen, Confirm)
        await at.pilot.press("n")
        assert not at.service.asked_for(requests.Approve)
        following.steps.put(question)
        await at.pilot.press("a", "y")
        assert await at.asked(requests.Approve) == requests.Approve(run=RUN, step=gate)


async def test_skip_asks_for_a_reason(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.pilot.press("5", "home", "s", "enter")
        assert not at.service.asked_for(requests.Skip)
        await at.pilot.press(*"no spare", "enter")
        expected = requests.Skip(run=RUN, step=FAILED, reason="no spare")
        assert await at.asked(requests.Skip) == expected


async def test_cancel_and_cleanup_are_meant_or_nothing_is_done(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        for key, kind in (("X", requests.Cancel), ("C", requests.Cleanup)):
            await at.pilot.press("5", key)
            assert isinstance(at.app.screen, Confirm)
            await at.pilot.press("n")
            assert not at.service.asked_for(kind)
            await at.pilot.press(key, "y")
            await at.asked(kind)


async def test_detached_the_console_says_stale_and_attached_it_takes_up_where_it_was(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.pilot.press("5", "d")
        following = at.app.store.following
        assert following is not None
        assert not following.attached
        await at.pilot.press("d")
        assert following.attached
        await at.until(lambda: at.service.asked_for(requests.Attach)[-1].after == 4)
