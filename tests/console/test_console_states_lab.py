"""Every state of a run and of a machine is seen in a console, by glyph and word: made by a lab's faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drconsole.console.replay.replaying import Playhead, Recording
from drconsole.model.run import RunView
from tests.console.lab_states import DEADLINES, SEEN, WORLD, Story, ask_first
from tests.console.terminal import console
from tests.lab.own_lab import own_lab

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with own_lab(tmp_path_factory.mktemp("states"), deadlines=DEADLINES, **WORLD) as lab:
        ask_first(lab)
        lab.captured()
        with console(lab.configuration) as terminal:
            terminal.sees("pittsburgh", within=60)
            told = Story(lab, terminal)
            told.tell()
            yield told


@pytest.mark.parametrize("name", SEEN)
def test_a_state_is_seen_by_glyph_and_word(story: Story, name: str) -> None:
    missing = [word for word in SEEN[name] if word not in story.screens[name]]
    assert not missing, story.screens[name]


def test_a_replay_of_each_run_ends_as_the_run_did(story: Story) -> None:
    for recording in story.recordings:
        head = Playhead(recording)
        head.go(recording.length_s)
        assert essence(head.view()) == essence(recording.view)
    assert [recording.view.mode for recording in story.recordings] == ["drill", "disaster"]


def test_a_replay_passes_the_states_that_the_run_passed(story: Story) -> None:
    drill: Recording = story.recordings[0]
    head, passed = Playhead(drill), set[str]()
    for event in drill.events:
        if event.kind == "run":
            head.go((drill.moment_of(event) - drill.began).total_seconds())
            shown = head.view()
            passed |= {shown.state, *(machine.state for machine in shown.machines)}
    assert {"pending", "running", "waiting", "paused", "held", "done"} <= passed
    assert {"free", "reserved", "leased"} <= passed


def essence(view: RunView) -> dict[str, object]:
    """What a run came to, without the milliseconds between an event and its row."""
    cleanup = view.cleanup
    return {
        "state": view.state,
        "steps": [(step.key, step.state, step.attempts, step.error) for step in view.steps],
        "stages": [(stage.name, stage.state, stage.steps, stage.done, stage.failed) for stage in view.stages],
        "guests": view.guests,
        "machines": [(m.target, m.role, m.protected, m.state) for m in view.machines],
        "cleanup": cleanup.state if cleanup is not None else None,
        "figures": (view.rto_s, view.rpo_s, view.fidelity, view.pre_empted_by),
        "done to it": (view.amendments, view.verbs),
    }
