"""Uplinks by keys: what is seen at both sizes, what is asked before anything is done, what is then sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest

from drconsole.api import requests
from drconsole.api.uplinks import HostUplinks
from drconsole.console.app import ConsoleApp
from drconsole.console.known.following import Following
from drconsole.console.replay.uplinks_then import then
from drconsole.console.screens.dialogs import Ask, Confirm, Report
from drconsole.console.screens.run import RunScreen
from drconsole.console.screens.uplinks import UplinksView
from drconsole.console.style.look import Line, Look
from drconsole.console.widgets.drawing import length_of
from drconsole.console.widgets.uplink_panes import captured_lines, now_lines, planned_lines, why_lines
from drconsole.model.run import Event
from drconsole.model.step import Mode
from tests.console.scripted_service import ScriptedService
from tests.console.small_world import RUN, run_view, uplinks, world
from tests.console.terminal import console
from tests.console.test_console_verbs import Desk
from tests.unit.planning_site import small_site

SIZES = [(80, 24), (120, 40)]


@pytest.mark.parametrize("size", SIZES)
def test_a_host_is_seen_as_captured_now_and_planned_side_by_side(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    with world(tmp_path).listening() as service, console(service.config, size) as terminal:
        terminal.sees("● pittsburgh")
        terminal.press("6")
        shown = terminal.sees("! waiting", "✗ failed", "· pending", "on trial", "waiting for you: 2")
        panes = next(line for line in terminal.lines if "as captured" in line)
        assert "on E, now" in panes
        assert "planned" in panes
        row = next(line for line in terminal.lines if "vSwitch0 ← vmnic2" in line)
        assert "vmnic0 ●" in row
        assert "trial" in row
        assert "! vSwitch0 ← vmnic0" in row
        assert "vmnic2 ○ no link" in shown
        assert "vmk0 management" in shown
        for words in ("esx-01", "esx-02", "esx-03", "Move it?", "enter why", "a apply…", "v roll back…"):
            assert words in shown, words
        assert "A apply all 2…" in terminal.lines[-1]


@pytest.mark.parametrize("size", SIZES)
def test_the_page_of_a_host_says_all_and_the_keys_follow_the_host(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    with world(tmp_path).listening() as service, console(service.config, size) as terminal:
        terminal.sees("● pittsburgh")
        terminal.press("6")
        terminal.sees("Move it?")
        terminal.press("enter")
        terminal.sees("Uplinks · esx-01 on E", "takes vmnic0, which")
        terminal.gone("which …")
        terminal.press("enter", "j")
        terminal.sees("nothing is left to try", "refused", "try again…")
        terminal.gone("v roll back…")
        terminal.press("j")
        terminal.sees("not read yet")
        terminal.gone("a apply…")
        terminal.press("j")
        terminal.sees("✓ applied", "planned ✓ applied")


@asynccontextmanager
async def desk(folder: Path, *, mode: Mode = "drill") -> AsyncIterator[Desk]:
    service = world(folder)
    view = msgspec.structs.replace(run_view(small_site()), mode=mode)
    service.answers[requests.ShowRun] = lambda _: view
    with service.listening():
        app = ConsoleApp(str(service.config))
        async with app.run_test(size=(120, 40)) as pilot:
            at = Desk(app, pilot, service)
            await at.until(lambda: app.store.following and app.store.following.view)
            await pilot.press("6")
            await at.until(lambda: isinstance(app.screen, UplinksView) and app.screen.known)
            yield at


def shown(at: Desk) -> UplinksView:
    assert isinstance(at.app.screen, UplinksView)
    return at.app.screen


async def test_the_host_of_the_run_screen_is_the_one_that_is_shown(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        for target, host in (("G", "esx-03"), ("E", "esx-01")):
            await at.pilot.press("5")
            await at.until(lambda: isinstance(at.app.screen, RunScreen) and at.app.screen.doing.keys)
            assert isinstance(at.app.screen, RunScreen)
            at.app.screen.doing.select(target)
            await at.pilot.press("u")
            await at.until(partial(stands_on, at, host))


def stands_on(at: Desk, host: str) -> bool:
    return isinstance(at.app.screen, UplinksView) and at.app.screen.hosts.cursor == host


async def test_a_host_is_moved_once_it_is_meant(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.pilot.press("a")
        assert isinstance(at.app.screen, Confirm)
        await at.pilot.press("n")
        assert not at.service.asked_for(requests.ApplyUplinks)
        await at.pilot.press("a", "y")
        assert await at.asked(requests.ApplyUplinks) == requests.ApplyUplinks(run=RUN, hosts=("esx-01",))


async def test_apply_all_names_the_hosts_and_sends_none(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.pilot.press("A")
        assert isinstance(at.app.screen, Confirm)
        seen = words(at.app.screen._lines)
        assert "esx-01 on E moves for good to vmnic0" in seen
        assert "esx-02 on F is tried again" in seen
        assert "esx-04" not in seen
        await at.pilot.press("y")
        assert await at.asked(requests.ApplyUplinks) == requests.ApplyUplinks(run=RUN, hosts=())


async def test_a_roll_back_wants_a_reason(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.pilot.press("v", "enter")
        assert isinstance(at.app.screen, Ask)
        await at.pilot.press("escape", "v", *"bad switch", "enter")
        sent = await at.asked(requests.RollBackUplinks)
        assert sent == requests.RollBackUplinks(run=RUN, host="esx-01", reason="bad switch")
        await at.until(lambda: "esx-01 is rolled back" in str(at.app.store.note))


async def test_a_review_is_begun_once_it_is_meant_and_ended_where_there_is_one(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.pilot.press("r", "n")
        assert not at.service.asked_for(requests.ReviewUplinks)
        asking = tuple(msgspec.structs.replace(host, reviewed=True) for host in uplinks(small_site()))
        at.service.answers[requests.ShowUplinks] = lambda _: asking
        await at.pilot.press("r", "y")
        assert await at.asked(requests.ReviewUplinks) == requests.ReviewUplinks(run=RUN, review=True)
        await at.until(lambda: shown(at).known["esx-01"].reviewed)
        assert shown(at).labels()["review"] == "no review…"
        await at.pilot.press("r", "y")
        await at.until(lambda: len(at.service.asked_for(requests.ReviewUplinks)) == 2)
        assert at.service.asked_for(requests.ReviewUplinks)[-1].review is False


async def test_what_cannot_be_done_is_told_with_why(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.pilot.press("G", "a")
        assert "it has moved for good already" in str(at.app.store.note)
        await at.pilot.press("v")
        assert shown(at)
        assert not at.service.asked_for(requests.RollBackUplinks)


@pytest.mark.parametrize("keys", ["a", "A", "v"])
async def test_a_real_run_says_that_it_is_one(tmp_path: Path, keys: str) -> None:
    async with desk(tmp_path, mode="disaster") as at:
        await at.pilot.press(keys)
        assert isinstance(at.app.screen, Confirm | Ask)
        assert "!! REAL !!" in words(at.app.screen._lines)


async def test_the_page_says_why_each_verb_is_not_possible(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.pilot.press("G", "enter")
        assert isinstance(at.app.screen, Report)
        seen = words(at.app.screen._lines)
        assert "apply is not possible: it has moved for good already" in seen
        assert "vmnic2 → vmnic0" in seen


def happened(service: ScriptedService, step: str, kind: str = "step") -> None:
    last = service.events[-1]
    service.events.append(
        Event(seq=last.seq + 1, at=last.at, run=RUN, kind=kind, step=step, facts={"state": "done"})
    )


async def test_it_asks_again_when_something_happens_to_uplinks_and_not_at_each_tick(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        following = at.app.store.following
        assert following is not None
        await at.until(lambda: following.seq == at.service.events[-1].seq)
        await at.pilot.pause(2.0)
        before = len(at.service.asked_for(requests.ShowUplinks))
        assert before <= 2
        happened(at.service, "provision/esx-03/boot")
        await at.until(lambda: following.seq == at.service.events[-1].seq)
        await at.pilot.pause(1.5)
        assert len(at.service.asked_for(requests.ShowUplinks)) == before
        moved = msgspec.structs.replace(uplinks(small_site())[0], state="applied")
        at.service.answers[requests.ShowUplinks] = lambda _: (moved,)
        happened(at.service, "uplinks/esx-01/prove")
        await at.until(lambda: shown(at).known["esx-01"].state == "applied")
        assert len(at.service.asked_for(requests.ShowUplinks)) == before + 1


def words(lines: list[Line] | tuple[Line, ...] | object) -> str:
    assert isinstance(lines, list | tuple)
    return "\n".join("".join(text for text, _ in line) for line in lines)


def many_nics() -> HostUplinks:
    """A switch with a long name and eight NICs."""
    host = uplinks(small_site())[0]
    nics = tuple(f"vmnic{n}" for n in range(8))
    switch = msgspec.structs.replace(host.captured[0], name="Production-Distributed-Switch", nics=nics)
    planned = {nic: nic for nic in nics}
    return msgspec.structs.replace(host, captured=(switch,), planned=planned)


@pytest.mark.parametrize("width", [20, 24, 36])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_nic_is_cut_and_every_name_keeps_its_beginning(width: int, ascii_only: bool) -> None:
    look = Look({}, ascii_only=ascii_only)
    for lines in (captured_lines(many_nics(), width, look), planned_lines(many_nics(), width, look)):
        head = "".join(text for text, _ in lines[0]).removeprefix("✓ ").removeprefix("! ")
        assert head.startswith("Pro")
        assert head.endswith("vmnic0 +7")
        assert length_of(lines[0], look) <= width


@pytest.mark.parametrize("width", [12, 16, 20, 30])
def test_a_port_on_trial_says_so_however_narrow_its_pane(width: int) -> None:
    host, look = uplinks(small_site())[0], Look({})
    lines = now_lines(host, width, look)
    assert length_of(lines[0], look) <= max(width, len("vmnic0 ● trial"))
    assert words(lines[:1]).endswith(" trial")


def test_both_panes_have_a_line_for_each_switch() -> None:
    host, look = uplinks(small_site())[0], Look({})
    for each in (1, 2):
        captured = captured_lines(host, 40, look, each=each)
        planned = planned_lines(host, 40, look, each=each)
        assert len(captured) == len(planned) == each * len(host.captured)


def test_the_question_comes_before_the_reasons() -> None:
    said = [text for text, _ in why_lines(uplinks(small_site())[0])]
    assert said[0].startswith("! esx-01 on E: its trial")
    assert said[1].startswith("why: vmnic2 has no link here")


def replayed(*events: Event) -> HostUplinks:
    """The first host as a replay shows it after these events; the service tells of it as it is in the end."""
    following = Following(RUN)
    following.take_events(events, 0.0)
    host = msgspec.structs.replace(uplinks(small_site())[0], state="applied", applied={"vmnic2": "vmnic9"})
    return then(host, following)


def told(seq: int, verb: str, state: str, *, text: str = "", **uplinks: object) -> Event:
    facts: dict[str, object] = {"state": state, "attempt": 1}
    return Event(
        seq=seq,
        at="2026-11-22T08:00:00Z",
        run=RUN,
        kind="step" if not uplinks else "log",
        step=f"uplinks/esx-01/{verb}",
        text=text,
        facts={"uplinks": {"host": "esx-01", **uplinks}} if uplinks else facts,
    )


def test_a_replay_shows_a_host_as_it_was_and_not_as_it_is() -> None:
    assert replayed().state == "pending"
    assert replayed().applied == {}
    read = told(1, "read", "done")
    plan = told(
        2, "plan", "", now=[{"name": "vmnic0", "link": True, "speed": 10_000}], planned={"vmnic2": "vmnic0"}
    )
    found = replayed(read, plan)
    assert (found.state, found.planned, found.now[0].booted) == ("read", {"vmnic2": "vmnic0"}, True)
    tried = (told(3, "try", "", port="vmnic0"), told(4, "try", "done"))
    found = replayed(read, plan, *tried)
    assert (found.state, found.trial) == ("proved", "vmnic0")
    asked = told(5, "apply", "waiting", text="Move it?")
    found = replayed(read, plan, *tried, asked)
    assert (found.state, found.trouble) == ("waiting", "Move it?")
    assert "replay" in found.cannot_roll_back
    moved = (
        told(6, "apply", "done"),
        told(7, "prove", "", applied={"vmnic2": "vmnic0"}),
        told(8, "prove", "done"),
    )
    found = replayed(read, plan, *tried, asked, *moved)
    assert (found.state, found.applied, found.trial) == ("applied", {"vmnic2": "vmnic0"}, "")


async def test_y_copies_the_host_s_name(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        assert shown(at).copied() == "esx-01"
