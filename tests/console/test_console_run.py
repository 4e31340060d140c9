"""The Run screen's own: steps found by object and state, what is said of a run, keystrokes to a drill."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from drconsole.api import requests
from drconsole.api.values import RunStarted
from drconsole.console.known.following import LOG_LINES, Following
from drconsole.console.known.run_steps import StepIndex
from drconsole.console.screens import run_rows, run_words
from drconsole.model.run import CleanupView, Event, MachineView, RunnerPlace, RunView, StepState, StepView
from drconsole.model.step import step_key
from tests.console.run_times import timeline
from tests.console.scripted_service import shows_run
from tests.console.small_world import RUN, renamed, run_view, world
from tests.console.terminal import console
from tests.console.test_console_verbs import desk

FEWEST_KEYS = 8


def step(key: str, state: StepState = "pending", error: str | None = None) -> StepView:
    return StepView(key=key, state=state, attempts=0, started=None, ended=None, error=error)


def view(**changes: object) -> RunView:
    return msgspec.structs.replace(run_view(renamed(lambda name: name)), **changes)


def followed(**changes: object) -> Following:
    following = Following(RUN)
    following.take_view(view(**changes), 100.0)
    return following


# -- steps ---------------------------------------------------------------------------------------------


def test_steps_are_found_by_object_and_state_and_counted() -> None:
    index = StepIndex()
    index.become(
        [step("provision/a/boot", "done"), step("provision/a/install"), step("halt/g/halt", "failed")]
    )
    assert [s.key for s in index.about("a")] == ["provision/a/boot", "provision/a/install"]
    assert index.tally("a") == Counter({"done": 1, "pending": 1})
    assert index.stage("halt") == Counter({"failed": 1})
    index.put(step("halt/g/halt", "done"))
    assert index.in_state("failed") == []
    assert index.states() == Counter({"done": 2, "pending": 1})


def test_a_name_that_is_a_stage_or_a_verb_finds_only_its_own_steps() -> None:
    index = StepIndex()
    index.become([step("import/web 1/boot"), step(step_key("guests", "import", "register"))])
    assert [s.key for s in index.about("import")] == ["guests/import/register"]
    index.put(step(step_key("provision", "web 1", "boot")))
    assert [s.key for s in index.about("web 1")] == ["provision/web%201/boot"]


def test_steps_that_an_amendment_took_away_are_gone_but_a_cleanups_stay() -> None:
    index = StepIndex()
    index.become([step("provision/a/boot", "failed"), step("provision/b/boot")])
    index.put(step("cleanup/a/wipe", "running"))
    before = index.version
    index.become([step("provision/b/boot")])
    assert sorted(index) == ["cleanup/a/wipe", "provision/b/boot"]
    assert index.version > before
    assert index.about("a")[0].key == "cleanup/a/wipe"
    assert index.states() == Counter({"pending": 1})


def test_nothing_that_stays_as_it_is_counts_as_a_change() -> None:
    index = StepIndex()
    index.become([step("provision/a/boot", "failed")])
    before = index.version
    index.become([step("provision/a/boot", "failed")])
    assert index.version == before


def test_the_log_keeps_its_newest_lines() -> None:
    following = followed()
    events = (
        Event(seq=n, at="2026-11-22T13:00:00Z", run=RUN, kind="log", text=str(n)) for n in range(1, 6001)
    )
    following.take_events(events, 1.0)
    assert LOG_LINES <= len(following.log) <= LOG_LINES + 500
    assert following.log[-1].text == "6000"


def test_a_question_comes_with_its_text() -> None:
    following = followed()
    facts = {"state": "waiting", "remedy": "look"}
    asked = Event(
        seq=9,
        at="2026-11-22T13:00:00Z",
        run=RUN,
        kind="step",
        step="guests/site/gate",
        text="fenced?",
        facts=facts,
    )
    following.take_events([asked], 1.0)
    assert [question.error for question in following.questions()] == ["fenced?"]
    assert following.waits() == 2


# -- machines ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "lease", "word"),
    [
        ((), "free", "pending"), ((), "reserved", "reserved"), ((), "leased", "leased"),
        (("done", "running"), "leased", "running"), (("running", "failed"), "leased", "failed"),
        (("running", "waiting"), "leased", "waiting"), (("done", "skipped"), "leased", "done"),
        (("done",), "in-service", "in-service"), (("done", "cancelled"), "leased", "cancelled"),
    ],
)  # fmt: skip
def test_a_machine_stands_as_its_steps_do(states: tuple[StepState, ...], lease: str, word: str) -> None:
    machine = MachineView(target="E", role="host", protected="esx-01", state=lease)
    steps = tuple(step(f"provision/esx-01/{n}", state) for n, state in enumerate(states))
    assert run_rows.machine_state(followed(steps=steps, machines=(machine,)), machine) == word


def test_a_machine_without_a_role_and_one_in_a_cleanup_stand_as_their_lease_does() -> None:
    former = MachineView(target="G", role="former", protected="", state="leased", phase="former")
    assert run_rows.machine_state(followed(machines=(former,)), former) == "former"
    wiped = msgspec.structs.replace(former, state="wiping")
    assert run_rows.machine_state(followed(machines=(wiped,)), wiped) == "wiping"
    cleanup = CleanupView(state="running", started=None, ended=None)
    host = MachineView(target="E", role="host", protected="esx-01", state="wiping")
    assert run_rows.machine_state(followed(machines=(host,), cleanup=cleanup), host) == "wiping"


# -- words ---------------------------------------------------------------------------------------------


def test_who_carries_a_run_is_said() -> None:
    def said(**changes: object) -> str:
        return run_words.carried(followed(**changes), 101.0)[0]

    assert said(runner=RunnerPlace(pid=1, host="h", silent_s=0.2)) == "runner ok 2s"
    assert said(runner=RunnerPlace(pid=1, host="h", lost=True)) == "runner LOST: another one takes over"
    assert said(runner=None) == "no runner yet"
    assert said(state="paused", paused_by="ann") == "paused by ann"
    assert said(state="held") == "run held"
    assert run_words.carried(followed(), 200.0)[0].startswith("STALE")
    left = followed()
    left.attached = False
    assert run_words.carried(left, 101.0)[0] == "STALE 2s (detached)"


def test_when_a_run_ends_is_said_while_it_goes_on() -> None:
    assert run_words.finish(view(), timeline()) == "finishes ~13:30Z (bound 13:25Z)"
    waits = run_words.finish(view(), timeline(waits=True))
    assert waits == "finishes ~13:30Z after your answer (bound 13:25Z)"
    assert run_words.finish(view(state="held"), timeline()) == ""
    assert run_words.finish(view(), None) == ""


# -- keys ----------------------------------------------------------------------------------------------


async def test_from_opening_to_a_running_drill_it_takes_eight_keys_at_most(tmp_path: Path) -> None:
    keys = ("R", "enter", "y")
    assert len(keys) <= FEWEST_KEYS
    async with desk(tmp_path, run=False) as at:

        def begin(_: object) -> RunStarted:
            shows_run(at.service, view(state="running"))
            return RunStarted(run=RUN, pid=1)

        at.service.answers[requests.Recover] = begin
        for key in keys:
            await at.pilot.press(key)
        sent = await at.asked(requests.Recover)
        assert isinstance(sent, requests.Recover)
        assert (sent.mode, sent.mapping, sent.selection) == ("drill", None, None)
        await at.until(lambda: getattr(at.app.screen, "id_word", "") == "run")
        await at.until(lambda: (f := at.app.store.following) and f.view and f.view.state == "running")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_filter_takes_machines_and_lines_of_the_log(tmp_path: Path, size: tuple[int, int]) -> None:
    with world(tmp_path).listening() as service, console(service.config, size) as terminal:
        terminal.sees("pittsburgh")
        terminal.press("5")
        terminal.sees("esx-01", "esx-02", "created by night-shift")
        terminal.press("/")
        terminal.press(*"esx-02", "enter")
        terminal.sees("Machines 1", "filter: esx-02")
        terminal.gone("created by")
        terminal.press("esc")
        terminal.sees("Machines 4", "created by night-shift")
