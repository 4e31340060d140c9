"""Walkthroughs: a sentence for whatever happens, a presenter, and observers who go along."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from drconsole.api import requests
from drconsole.api.presenting import Presented
from drconsole.console.app import ConsoleApp
from drconsole.console.known.run_steps import StepIndex
from drconsole.console.known.walkthrough import Facts, facts_of, sentences, stage_sentence
from drconsole.model.run import CleanupView, RunnerPlace, RunView, StageView, StepState, StepView
from drconsole.model.step import STAGES, Mode
from tests.console.run_times import timeline
from tests.console.small_world import RUN, renamed, run_view, world
from tests.console.test_console_verbs import Desk

MODES: tuple[Mode, ...] = get_args(Mode)
STATES: tuple[StepState, ...] = (
    "pending", "running", "waiting", "paused", "done", "failed", "skipped", "cancelled",
)  # fmt: skip
FACTS = {
    "site": "pittsburgh", "groups": 2, "machines": 5, "hosts": 3, "ready": 1, "guests": 9, "registered": 7,
    "running": 6, "rpo": "4 s", "rto": "41:00", "matched": 1230, "compared": 1336, "lost": 1,
    "trouble": "E never fetched its script.", "troubles": 2,
}  # fmt: skip


def facts(mode: Mode) -> Facts:
    return msgspec.convert(FACTS | {"mode": mode}, Facts)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_a_sentence_of_its_own_in_every_mode_and_state(stage: str, mode: Mode) -> None:
    told = [stage_sentence(stage, state, facts(mode)) for state in STATES]
    assert len(set(told)) == len(STATES)
    for sentence in told:
        assert "{" not in sentence
        assert 8 < len(sentence) <= 150, sentence
        assert sentence[0].isupper() or sentence.startswith(("pittsburgh", "2", "5", "3", "7", "1"))
        assert sentence.endswith((".", "?", "!")), sentence


def test_what_is_said_while_it_goes_on_differs_from_stage_to_stage() -> None:
    for mode, state in product(MODES, ("running", "done")):
        told = {stage_sentence(stage, state, facts(mode)) for stage in STAGES}  # type: ignore[arg-type]
        assert len(told) == len(STAGES)


def test_a_halt_says_what_it_means_in_each_mode() -> None:
    drill, planned, disaster = (stage_sentence("halt", "done", facts(mode)) for mode in
                                ("drill", "planned", "disaster"))  # fmt: skip
    assert "pittsburgh goes on and notices nothing" in drill
    assert "nothing is lost; 2 groups, RPO 4 s" in planned
    assert "nothing written at pittsburgh arrives here; 2 groups, RPO 4 s" in disaster


def stages(**states: StepState) -> tuple[StageView, ...]:
    return tuple(
        StageView(
            name=name, state=states.get(name, "pending"), started=None, ended=None, steps=4, done=0, failed=0
        )
        for name in STAGES
    )


def view(**changes: object) -> RunView:
    return msgspec.structs.replace(run_view(renamed(lambda name: name)), **changes)


def told(shown: RunView, *steps: StepView) -> tuple[str, ...]:
    index = StepIndex()
    index.become(steps or shown.steps)
    return sentences(shown, index)


def test_the_stage_before_is_told_with_the_one_that_works() -> None:
    shown = view(state="running", stages=stages(preflight="done", halt="done", map="running"))
    done, now = told(shown)
    assert "clones" in done
    assert "role" in now


def test_what_waits_or_failed_goes_before_what_works() -> None:
    question = StepView(
        key="guests/site/gate", state="waiting", attempts=1, started=None, ended=None, error="is it fenced?"
    )
    shown = view(stages=stages(provision="running", guests="waiting"))
    assert told(shown, question)[-1] == "Guests waits for a person's word: is it fenced?"
    failed = told(view())[-1]
    assert failed.startswith("Provision stands still at 1 step: it never fetched its script.")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "state", ["pending", "running", "waiting", "paused", "held", "done", "failed", "cancelled"]
)
def test_every_state_of_a_run_is_told_in_every_mode(state: StepState, mode: Mode) -> None:
    shown = view(state=state, mode=mode, paused_by="ann" if state == "paused" else None)
    found = " ".join(told(shown))
    assert "{" not in found
    word = {
        "paused": "Paused by ann", "failed": "has failed", "cancelled": "was cancelled",
        "held": "cleanup" if mode == "drill" else "given up",
        "done": "over" if mode == "drill" else "here",
    }.get(state, "stands still")  # fmt: skip
    assert word.lower() in found.lower()


@pytest.mark.parametrize(
    ("state", "word"),
    [("pending", "about to begin"), ("running", "wiped"), ("waiting", "waits"), ("failed", "stands still"),
     ("paused", "paused"), ("done", "is over"), ("cancelled", "held")],
)  # fmt: skip
def test_a_cleanup_is_told(state: StepState, word: str) -> None:
    run = "done" if state == "done" else "held"
    shown = view(state=run, cleanup=CleanupView(state=state, started=None, ended=None))
    assert word in " ".join(told(shown))


def test_a_lost_runner_and_a_run_that_goes_before_are_told() -> None:
    lost = view(state="running", runner=RunnerPlace(pid=1, host="here", lost=True))
    assert "another one takes over" in told(lost)[0]
    taken = view(state="running", pre_empted_by="R-2")
    assert "R-2 is in earnest" in told(taken)[0]


def test_a_device_word_with_braces_stays_what_it_is() -> None:
    step = StepView(
        key="provision/a/b", state="failed", attempts=1, started=None, ended=None, error="{site} {0} %s"
    )
    assert "{site} {0} %s" in told(view(), step)[-1]


def test_facts_are_counted_from_the_run() -> None:
    index = StepIndex()
    done = {"state": "done", "attempts": 1, "started": None, "ended": None, "error": None}
    index.become([StepView(key=key, **done) for key in ("halt/a/halt", "halt/b/halt", "provision/e/ready")])  # type: ignore[arg-type]
    found = facts_of(view(), index)
    assert (found.groups, found.ready, found.machines, found.hosts) == (2, 1, 4, 4)


# -- presenter and observer ----------------------------------------------------------------------------


@asynccontextmanager
async def watched(folder: Path, *, observe: bool) -> AsyncIterator[Desk]:
    service = world(folder)
    service.answers |= {requests.Present: lambda _: None, requests.ShowTimeline: lambda _: timeline()}
    with service.listening():
        app = ConsoleApp(str(service.config))
        app.observe = observe
        async with app.run_test(size=(120, 40)) as pilot:
            found = Desk(app, pilot, service)
            await found.until(lambda: app.store.captured_of("pittsburgh"))
            await found.until(lambda: app.store.following and app.store.following.failed())
            yield found


def place(screen: str, cursor: str = "") -> Presented:
    return Presented(run=RUN, by="ann", screen=screen, cursor=cursor, at="2026-11-22T13:00:00Z")


def on(at: Desk, screen: str) -> bool:
    return getattr(at.app.screen, "id_word", "") == screen


async def test_a_presenter_says_where_they_are_until_they_end_it(tmp_path: Path) -> None:
    async with watched(tmp_path, observe=False) as at:
        await at.pilot.press("5", "W", "j")
        await at.until(lambda: at.service.asked_for(requests.Present))
        await at.until(lambda: at.service.asked_for(requests.Present)[-1].cursor == "F")
        assert at.service.asked_for(requests.Present)[-1].screen == "run:machines"
        assert at.app.store.badges["walk"][0] == " PRESENTING "
        await at.pilot.press("g")
        await at.until(lambda: at.service.asked_for(requests.Present)[-1].screen == "run:timeline")
        await at.pilot.press("W")
        await at.until(lambda: at.service.asked_for(requests.Present)[-1].screen == "")
        assert "walk" not in at.app.store.badges


async def test_an_observer_goes_along_from_screen_to_screen_and_row_to_row(tmp_path: Path) -> None:
    async with watched(tmp_path, observe=True) as at:
        at.service.places.append(place("run:machines", "G"))
        await at.until(lambda: on(at, "run") and at.app.screen.query_one("#doing").cursor == "G")  # type: ignore[attr-defined]
        assert at.app.store.badges["walk"][0] == " OBSERVER with ann "
        at.service.places.append(place("run:timeline", "D"))
        await at.until(lambda: at.app.screen.query_one("#doing").cursor == "D")  # type: ignore[attr-defined]
        at.service.places.append(place("targets", "S"))
        await at.until(lambda: on(at, "targets") and at.app.view().pointed() == "S")  # type: ignore[union-attr]


async def test_an_observer_may_look_around_and_come_back(tmp_path: Path) -> None:
    async with watched(tmp_path, observe=True) as at:
        at.service.places.append(place("run:machines"))
        await at.until(lambda: on(at, "run"))
        await at.pilot.press("W", "1")
        at.service.places.append(place("targets"))
        await at.until(lambda: at.app.presented() == place("targets"))
        await at.pilot.pause(0.3)
        assert on(at, "sites")
        await at.pilot.press("W")
        await at.until(lambda: on(at, "targets"))


async def test_an_observer_has_no_key_that_changes_anything(tmp_path: Path) -> None:
    async with watched(tmp_path, observe=True) as at:
        await at.pilot.press("5", "k", "p", "X")
        assert at.app.store.note[0] == "an observer changes nothing"
        await at.pilot.pause(0.3)
        changing = [type(asked) for asked in at.service.asked if type(asked) in requests.CHANGES]
        assert changing == []


async def test_w_explains_for_anybody_and_a_walkthrough_explains_by_itself(tmp_path: Path) -> None:
    async with watched(tmp_path, observe=False) as at:
        await at.pilot.press("5")
        pane = at.app.screen.query_one("#walk")
        await at.until(lambda: pane.has_class("gone"))
        await at.pilot.press("w")
        await at.until(lambda: not pane.has_class("gone"))
        await at.pilot.press("w")
        await at.until(lambda: pane.has_class("gone"))
    async with watched(tmp_path, observe=True) as at:
        at.service.places.append(place("run:machines"))
        await at.until(lambda: on(at, "run") and not at.app.screen.query_one("#walk").has_class("gone"))
