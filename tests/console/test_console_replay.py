"""A run that is over, shown once more: what was known at each moment, the pace, the keys, lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drconsole.api import requests
from drconsole.cli import main as cli
from drconsole.console.replay.player import Player
from drconsole.console.replay.replaying import Playhead, Recording
from drconsole.model.run import (
    AmendmentView,
    Event,
    Fidelity,
    GuestView,
    MachineView,
    RunView,
    StageView,
    StepView,
    VerbView,
)
from drconsole.model.step import STAGES
from tests.console.run_times import bar, timeline
from tests.console.scripted_service import ScriptedService, shows_run
from tests.console.small_world import RUN, world
from tests.console.terminal import console

BEGAN = datetime(2026, 11, 22, 13, 0, 0, tzinfo=UTC)
STEPS = (
    (1, 2, "preflight/E/reserve"),
    (2, 3, "halt/g1/halt"),
    (3, 4, "map/E/lease"),
    (10, 300, "provision/esx-01/install"),
    (310, 320, "storage/site/barrier"),
    (330, 340, "guests/vm-1/register"),
    (340, 345, "guests/vm-1/power-on"),
    (350, 360, "verify/site/compare"),
    (360, 361, "verify/site/report"),
)


def at(second: float) -> str:
    return (BEGAN + timedelta(seconds=second)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def happened() -> tuple[Event, ...]:
    """A drill: an installation that fails once, is retried, and all goes well from then on."""
    told: list[tuple[float, str, str, dict[str, Any]]] = [
        (0, "run", "", {"state": "pending"}),
        (0.5, "run", "", {"epoch": 1, "pid": 7}),
        (0.6, "run", "", {"state": "running"}),
        (
            60,
            "progress",
            "provision/esx-01/install",
            {"machine": "E", "phase": "installing", "fraction": 0.5},
        ),
        (100, "step", "provision/esx-01/install", {"state": "failed", "error": "the installer stopped"}),
        (101, "run", "", {"state": "waiting"}),
        (200, "step", "provision/esx-01/install", {"state": "running", "attempt": 2}),
        (201, "run", "", {"state": "running"}),
        (400, "run", "", {"state": "held"}),
    ]
    for begin, end, key in STEPS:
        told.append((begin, "step", key, {"state": "running", "attempt": 1}))
        told.append((end, "step", key, {"state": "done"}))
    told.sort(key=lambda entry: entry[0])
    return tuple(
        Event(seq=number, at=at(second), run=RUN, kind=kind, step=step, facts=facts, text=str(facts))
        for number, (second, kind, step, facts) in enumerate(told, 1)
    )


def ended() -> RunView:
    steps = tuple(
        StepView(
            key=key,
            state="done",
            attempts=1 + ("install" in key),
            started=at(begin),
            ended=at(end),
            error=None,
        )
        for begin, end, key in STEPS
    )
    stages = tuple(
        StageView(
            name=name,
            state="done" if any(key.startswith(name) for _, _, key in STEPS) else "skipped",
            started=min((at(b) for b, _, key in STEPS if key.startswith(f"{name}/")), default=None),
            ended=max((at(e) for _, e, key in STEPS if key.startswith(f"{name}/")), default=None),
            steps=sum(key.startswith(f"{name}/") for _, _, key in STEPS),
            done=sum(key.startswith(f"{name}/") for _, _, key in STEPS),
            failed=0,
        )
        for name in STAGES
    )
    return RunView(
        run=RUN,
        site="pittsburgh",
        mode="drill",
        state="held",
        snapshot="sha256:" + "0" * 64,
        started=at(0.6),
        ended=at(400),
        rto_s=399.0,
        rpo_s=4.0,
        runner=None,
        stages=stages,
        steps=steps,
        fidelity=Fidelity(matched=9, total=10),
        guests=(
            GuestView(name="web-01", id="vm-1", state="registered", power="on"),
            GuestView(name="vc-01", id="vm-2", state="not-recoverable", power="", reason="itself"),
        ),
        machines=(
            MachineView(
                target="E", role="host", protected="esx-01", state="leased", phase="installing", fraction=0.5
            ),
        ),
        cleanup=None,
        elapsed_s=399.4,
        amendments=(AmendmentView(number=1, at=at(150), actor="ann", text="a spare"),),
        verbs=(VerbView(at=at(199), actor="ann", verb="retry"),),
    )


def recording() -> Recording:
    bars = (bar("E", "provision", "done", (10, 300), critical=True),)
    shown = timeline(bars=bars, elapsed_s=399.4, started=at(0.6), bound_s=380.0, forecast_s=399.4)
    return Recording(view=ended(), events=happened(), timeline=shown)


def view_at(second: float) -> RunView:
    head = Playhead(recording())
    head.go(second)
    return head.view()


def test_at_its_begin_nothing_has_happened() -> None:
    shown = view_at(0.0)
    assert shown.state == "pending"
    assert {step.state for step in shown.steps} == {"pending"}
    assert {stage.state for stage in shown.stages if stage.steps} == {"pending"}
    assert [guest.state for guest in shown.guests] == ["pending", "not-recoverable"]
    assert shown.machines[0].state == "free"
    assert (shown.rpo_s, shown.rto_s, shown.fidelity, shown.verbs, shown.amendments) == (
        None,
        None,
        None,
        (),
        (),
    )


def test_at_its_end_it_is_the_run_as_it_ended() -> None:
    assert view_at(400) == ended()


def test_in_the_middle_only_what_had_come_by_then_is_known() -> None:
    shown = view_at(150)
    assert shown.state == "waiting"
    assert shown.rpo_s == 4.0
    assert shown.fidelity is None
    assert shown.machines[0].state == "leased"
    assert (shown.machines[0].phase, shown.machines[0].note) == ("installing", "the installer stopped")
    install = next(step for step in shown.steps if step.key == "provision/esx-01/install")
    assert (install.state, install.attempts, install.error) == ("failed", 1, "the installer stopped")
    provision = next(stage for stage in shown.stages if stage.name == "provision")
    assert (provision.state, provision.failed) == ("failed", 1)
    assert shown.elapsed_s == pytest.approx(149.4)
    assert (len(shown.amendments), len(shown.verbs)) == (1, 0)
    assert view_at(250).runner is not None


def test_what_an_amendment_added_is_not_there_before_and_what_it_took_away_not_after() -> None:
    drill = recording()
    amended = Event(seq=0, at=at(150), run=RUN, kind="run", text="a spare", facts={"amended": 1})
    gone = Event(seq=0, at=at(151), run=RUN, kind="step", step="map/D/lease", facts={"state": "cancelled"})
    spare = StepView(key="map/G/lease", state="done", attempts=1, started=at(152), ended=at(153), error=None)
    leased = [
        Event(
            seq=0, at=at(152), run=RUN, kind="step", step=spare.key, facts={"state": "running", "attempt": 1}
        ),
        Event(seq=0, at=at(153), run=RUN, kind="step", step=spare.key, facts={"state": "done"}),
    ]
    before = Event(seq=0, at=at(4), run=RUN, kind="step", step="map/D/lease", facts={"state": "done"})
    events = sorted([*drill.events, before, amended, gone, *leased], key=lambda event: event.at)
    numbered = tuple(msgspec.structs.replace(e, seq=n) for n, e in enumerate(events, 1))
    view = msgspec.structs.replace(drill.view, steps=(*drill.view.steps, spare))
    head = Playhead(Recording(view=view, events=numbered))
    head.go(149)
    keys = {step.key for step in head.view().steps}
    assert "map/D/lease" in keys
    assert "map/G/lease" not in keys
    head.go(400)
    assert {step.key for step in head.view().steps} == {step.key for step in view.steps}


def test_going_back_is_as_if_it_had_never_gone_on() -> None:
    head = Playhead(recording())
    head.go(390)
    events = head.go(150)
    assert head.view() == view_at(150)
    assert [event.seq for event in events] == [e.seq for e in happened() if e.at <= at(150)]


def test_every_moment_can_be_shown_and_steps_only_go_on() -> None:
    head, before = Playhead(recording()), 0
    for second in range(0, 401, 7):
        head.go(second)
        done = sum(step.state == "done" for step in head.view().steps)
        assert done >= before
        before = done


def test_the_timeline_ends_at_the_moment_and_foresees_what_came() -> None:
    head = Playhead(recording())
    head.go(100.6)
    shown = head.timeline()
    assert shown is not None
    assert (shown.elapsed_s, shown.bars[0].state, shown.bars[0].ended_s) == (100.0, "running", None)
    assert shown.bars[0].expects_end_s == 300
    head.go(5)
    early = head.timeline()
    assert early is not None
    assert (early.bars[0].state, early.bars[0].began_s) == ("pending", None)


def test_a_player_goes_at_its_pace_holds_and_steps_from_stage_to_stage() -> None:
    player = Player(recording(), 10.0, now=0.0)
    assert player.tick(5.0)
    assert player.at_s == 50.0
    player.turn(5.0)
    assert not player.tick(9.0)
    assert player.at_s == 50.0
    player.chapter(1, 9.0)
    assert player.at_s == 310.0
    player.chapter(-1, 9.0)
    assert player.at_s == 10.0
    player.turn(9.0)
    player.faster(1)
    assert player.speed == 16.0
    player.tick(1000.0)
    assert (player.at_s, player.playing) == (400.0, False)
    assert "REPLAY 6:40/6:40 held" in player.badge()
    player.turn(1000.0)
    assert (player.at_s, player.playing) == (0.0, True)


def test_the_log_of_a_replay_has_only_what_was_said_by_then() -> None:
    player = Player(recording(), 1.0, now=0.0)
    player.tick(150.0)
    seqs = [event.seq for event in player.following.log]
    assert max(seqs) == max(e.seq for e in happened() if e.at <= at(150))
    player.chapter(-1, 150.0)
    assert player.following.seq < max(seqs)


# -- in the console ------------------------------------------------------------------------------------


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScriptedService]:
    found = world(tmp_path)
    shows_run(found, ended())
    found.events = [*happened()]
    found.answers |= {
        requests.Attach: lambda _: ended(),
        requests.ShowTimeline: lambda _: recording().timeline,
    }
    with found.listening():
        yield found


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_by_keys_a_run_is_replayed_held_and_left(service: ScriptedService, size: tuple[int, int]) -> None:
    with console(service.config, size) as terminal:
        terminal.sees("pittsburgh")
        terminal.press("5")
        terminal.sees("drill ● held", "run held")
        terminal.press("P")
        terminal.sees("REPLAY 0:", "×8", "replay of 2026-11-22")
        terminal.press("space")
        terminal.sees("/6:40 held")
        for _ in STEPS:
            if "▶ storage" not in terminal.text:
                terminal.press("n")
                terminal.listen(0.5)
        shown = terminal.sees("REPLAY 5:10/6:40 held", "▶ storage", "step 4/9")
        assert all(len(line) <= size[0] for line in shown.splitlines())
        terminal.press("k", "X")
        terminal.sees("this is a replay")
        terminal.press("N")
        terminal.sees("REPLAY 0:10/6:40 held")
        terminal.press("t", "enter")
        terminal.sees("log", "running", "enter back")
        terminal.escape("enter back")
        terminal.press("P")
        terminal.sees("run held", "step 9/9")
        assert not [asked for asked in service.asked if type(asked) in requests.CHANGES]


def test_a_run_that_goes_on_is_not_replayed(service: ScriptedService) -> None:
    shows_run(service, msgspec.structs.replace(ended(), state="running", ended=None))
    del service.answers[requests.Attach]
    with console(service.config) as terminal:
        terminal.sees("pittsburgh")
        terminal.press("5")
        terminal.sees("drill ▶ running")
        terminal.press("P")
        terminal.sees("only what is over can be replayed", "run attach")


def test_off_a_terminal_it_is_told_as_lines(
    service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["--config", str(service.config), "run", "replay", RUN, "--speed", "0"]) == 0
    told = capsys.readouterr().err
    assert (
        told.index("preflight/E/reserve") < told.index("the installer stopped") < told.index("is held after")
    )


def test_lines_come_at_their_pace(service: ScriptedService, capsys: pytest.CaptureFixture[str]) -> None:
    began = datetime.now(UTC)
    assert cli.run(["--config", str(service.config), "run", "replay", RUN, "--plain", "--speed", "400"]) == 0
    assert 0.9 < (datetime.now(UTC) - began).total_seconds() < 20
    assert "held" in capsys.readouterr().err
