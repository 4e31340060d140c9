"""What an operator changes of a run by keys: pause, spares, late flags, and the page that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from drconsole.api import requests
from drconsole.api.values import (
    Attempt,
    Choice,
    CommandReply,
    GuestDeploy,
    RoleDeploy,
    RunFlags,
    Spare,
    StepDetail,
)
from drconsole.console.screens.dialogs import Ask, Choose, Confirm
from drconsole.console.screens.step_page import StepPage, named_steps, step_lines
from drconsole.model.run import RunView, Standing
from drconsole.model.step import step_key
from tests.console.scripted_service import ScriptedService, shows_run
from tests.console.small_world import RUN, world
from tests.console.terminal import console
from tests.console.test_console_verbs import Desk, desk

FAILED = step_key("provision", "esx-01", "install")
SPARES = (
    Spare(target="X", fit="good", reason="fits; rack-1"),
    Spare(target="Y", fit="none", reason="128 GiB memory, 256 GiB needed"),
)
FLAGS = RunFlags(
    run=RUN,
    guests=(
        GuestDeploy(id="vm-1", name="web-01", deploy=True),
        GuestDeploy(id="vm-9", name="vc-01", deploy=False, why="it is the protected management server"),
    ),
    hosts=(RoleDeploy(kind="host", id="host-1", name="esx-01", deploy=True, why="its provision began"),),
)
DETAIL = StepDetail(
    run=RUN,
    key=FAILED,
    title="Install the hypervisor esx-01 on E",
    object="esx-01",
    machine="E",
    state="failed",
    attempts=2,
    error="E: the installer stopped: input/output error on disk 0",
    remedy="look at its screen",
    needs=(step_key("provision", "esx-01", "boot"),),
    stops=("storage/site/barrier", "verify/site/capture"),
    verbs=("retry", "skip"),
    attempted=(
        Attempt(number=1, started="2026-11-22T14:02:00Z", epoch=1),
        Attempt(
            number=2,
            started="2026-11-22T14:08:00Z",
            ended="2026-11-22T14:10:41Z",
            epoch=2,
            end="failed",
            error="input/output error on disk 0",
        ),
    ),
    said=("2026-11-22T14:09:00Z E fetched no kickstart; it is booted again",),
    observed="not so yet",
    choices=(
        Choice(
            verb="retry", command=f"drconsole run retry {RUN} {FAILED}", effect="looks again, acts if need be"
        ),
        Choice(verb="replace", command=f"drconsole run replace {RUN} E", effect="X takes the place of E"),
        Choice(
            verb="skip",
            command=f"drconsole run skip {RUN} {FAILED} --reason …",
            effect="esx-01 is given up; 2 guests are not recovered",
            guests=("web-01", "web-02"),
        ),
    ),
)


def answer(service: ScriptedService) -> ScriptedService:
    """What the service would say to these verbs."""
    done = CommandReply(run=RUN, steps=(FAILED,), state="running", text="X takes the place of E as esx-01")
    service.answers |= {
        requests.ListSpares: lambda _: SPARES,
        requests.ShowFlags: lambda _: FLAGS,
        requests.ShowStep: lambda _: DETAIL,
        requests.Replace: lambda _: done,
        requests.SetFlags: lambda _: done,
        requests.Pause: lambda _: done,
        requests.Resume: lambda _: done,
    }
    return service


async def test_p_pauses_and_lets_a_paused_run_go_on(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        answer(at.service)
        await at.pilot.press("5", "p")
        assert await at.asked(requests.Pause) == requests.Pause(run=RUN, reason="from the console")
        show(at, paused_by="ann", state="paused")
        await at.until(lambda: (view := seen(at)) and view.paused_by == "ann")
        await at.pilot.press("p")
        assert await at.asked(requests.Resume) == requests.Resume(run=RUN)


async def test_a_spare_is_chosen_from_those_that_fit_and_the_others_say_why_not(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        answer(at.service)
        await at.pilot.press("5", "home", "x")
        await at.until(lambda: isinstance(at.app.screen, Choose))
        machine = at.service.asked_for(requests.ListSpares)[-1].target
        await at.pilot.press("j", "enter")
        assert isinstance(at.app.screen, Choose)
        assert not at.service.asked_for(requests.Replace)
        await at.pilot.press("k", "enter")
        assert await at.asked(requests.Replace) == requests.Replace(run=RUN, target=machine, by="X")


async def test_a_flag_is_turned_once_that_is_meant_and_one_that_is_too_late_says_so(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        answer(at.service)
        await at.pilot.press("5", "f")
        await at.until(lambda: isinstance(at.app.screen, Choose))
        await at.pilot.press("enter")
        assert isinstance(at.app.screen, Choose)
        await at.pilot.press("j", "enter")
        await at.until(lambda: isinstance(at.app.screen, Confirm))
        await at.pilot.press("n")
        assert not at.service.asked_for(requests.SetFlags)
        await at.pilot.press("f")
        await at.until(lambda: isinstance(at.app.screen, Choose))
        await at.pilot.press("j", "enter")
        await at.until(lambda: isinstance(at.app.screen, Confirm))
        await at.pilot.press("y")
        assert await at.asked(requests.SetFlags) == requests.SetFlags(run=RUN, guests={"vm-1": False})


async def test_the_page_of_a_failed_step_takes_its_verbs(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        answer(at.service)
        await at.pilot.press("5", "home", "enter", "enter")
        await at.until(lambda: isinstance(at.app.screen, StepPage))
        await at.pilot.press("k")
        assert await at.asked(requests.Retry) == requests.Retry(run=RUN, steps=(FAILED,))
        await at.pilot.press("enter")
        await at.until(lambda: isinstance(at.app.screen, StepPage))
        await at.pilot.press("a")
        assert isinstance(at.app.screen, StepPage), "nothing asks here"
        await at.pilot.press("s")
        await at.until(lambda: isinstance(at.app.screen, Ask))


def test_what_a_skip_gives_up_is_told_before(tmp_path: Path) -> None:
    service = world(tmp_path)
    answer(service)
    with service.listening(), console(service.config, (80, 24)) as terminal:
        terminal.sees("● pittsburgh")
        terminal.press("5")
        terminal.sees(RUN, "k retry")
        terminal.press("home", "s")
        terminal.sees("Skip a step", "s skip", "Say why:", "enter goes on")


async def test_a_cancelled_run_says_what_stands_and_offers_the_cleanup_once(tmp_path: Path) -> None:
    left = Standing(
        kind="machine", name="E", state="leased as esx-01", remedy=f"`drconsole run cleanup {RUN}`"
    )
    async with desk(tmp_path) as at:
        await at.pilot.press("5", "X", "y")
        await at.asked(requests.Cancel)
        show(at, state="cancelled", standing=(left,))
        await at.until(lambda: isinstance(at.app.screen, Confirm))
        await at.pilot.press("y")
        assert await at.asked(requests.Cleanup) == requests.Cleanup(run=RUN)
        await at.pilot.pause(0.3)
        assert not isinstance(at.app.screen, Confirm)


def seen(at: Desk) -> RunView | None:
    following = at.app.store.following
    return following.view if following is not None else None


def show(at: Desk, **changes: object) -> None:
    """Lets the service have the run otherwise, and the console look again."""
    view = at.service.answers[requests.ShowRun](None)
    assert isinstance(view, RunView)
    shows_run(at.service, msgspec.structs.replace(view, **changes))
    following = at.app.store.following
    assert following is not None
    following.wants_view = True
    at.app.attach()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScriptedService]:
    with answer(world(tmp_path)).listening() as found:
        yield found


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_pages_are_whole_at_both_sizes(service: ScriptedService, size: tuple[int, int]) -> None:
    with console(service.config, size) as terminal:
        terminal.sees("● pittsburgh")
        terminal.press("5")
        terminal.sees(RUN, "k retry", "s skip…", "x replace…", "p pause")
        terminal.press("x")
        terminal.sees("Which spare takes the place of", "✓ good", "✗ none", "256 GiB needed", "enter chooses")
        terminal.escape("Which spare")
        terminal.press("enter")
        terminal.sees("STEP", "✗ failed")
        terminal.press("enter")
        shown = terminal.sees(
            "what now", "k retry", "x replace", "s skip", "enter back", "input/output error"
        )
        assert all(len(line) <= size[0] for line in shown.splitlines())
        terminal.press(*["\x1b[6~"] * 3)
        terminal.sees("its end was not seen", "runner 2")


def test_a_choice_names_the_steps_that_it_does_again_and_gives_up() -> None:
    machine = [f"provision/esx-01/{verb}" for verb in ("boot", "install", "ready")]
    assert named_steps([*machine, "uplinks/esx-01/plan"]) == [
        "provision/esx-01: boot, install, ready",
        "uplinks/esx-01: plan",
    ]
    many = [f"import/host-{number}/rescan" for number in range(9)]
    assert named_steps(many)[-1] == "and 4 steps of others"
    again = Choice(
        verb="replace",
        command="…",
        effect="X takes the place of E; 3 steps are done again",
        retried=tuple(machine),
    )
    lines = step_lines(msgspec.structs.replace(DETAIL, choices=(again,)))
    page = "\n".join("".join(text for text, _ in line) for line in lines)
    assert "done again: provision/esx-01: boot, install, ready" in page


@pytest.mark.parametrize("width", [68, 100])
def test_a_question_and_a_customers_step_have_their_page(width: int) -> None:
    asked = msgspec.structs.replace(
        DETAIL,
        state="waiting",
        error="is the protected side fenced? " * 8,
        choices=(Choice(verb="approve", command="…", effect="answers with yes"),),
        result={"exit_code": 3, "output": "x" * 5000, "nothing": ""},
        arguments={"program": ["/opt/dns", "--move"]},
    )
    lines = step_lines(asked, width)
    page = ["".join(text for text, _ in line) for line in lines]
    assert all(len(line) <= width + 4 for line in page)
    assert any(line.startswith("asks") for line in page)
    assert any("a approve" in line for line in page)
    assert any("exit_code  3" in line for line in page)
    assert any("/opt/dns" in line for line in page)
    assert len(page) < 60
