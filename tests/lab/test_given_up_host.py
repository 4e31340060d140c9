"""An operator steers a drill: pauses it, changes flags, gives a host up, cancels another one, cleans up."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab.operator import Outcome
from tests.lab.own_lab import OwnLab, own_lab, still

pytestmark = pytest.mark.timeout(300)

HOST, OTHER = "esx-01.pittsburgh.example", "esx-02.pittsburgh.example"
STEP = f"provision/{HOST}/install"
SHORT = {"netboot": 3, "bmc-connect": 3, "bmc-call": 3, "install-hypervisor": 5}


@dataclass(frozen=True)
class Story:
    """What was seen, in the order of the story."""

    paused: Outcome
    paused_view: dict[str, Any]
    paused_again: Outcome
    rest: tuple[int, int]
    flagged: Outcome
    resumed: Outcome
    resumed_again: Outcome
    skipped: Outcome
    off: str
    given_up: list[Outcome]
    end: Outcome
    recovered: dict[str, Any]
    ledger: list[str]
    cancelled: Outcome
    cancelled_view: dict[str, Any]
    cleanups: list[Outcome]
    as_before: bool


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("steered")
    with own_lab(folder / "lab", hosts=2, vms=8, targets=4, speed=150, deadlines=SHORT) as lab:
        lab.captured()
        return told(lab)


def told(lab: OwnLab) -> Story:
    operator = lab.operator
    matches = operator.json("map", "pittsburgh")["matches"]
    broken = next(match["target"] for match in matches if match["name"] == HOST)
    bare, start = lab.dump("recovered"), len(lab.ledger())
    run = operator.json("recover", "pittsburgh", "--mode", "drill", "--detach")["run"]
    paused = operator("run", "pause", run, "--reason", "lunch")
    lab.fault("install-fails", f"machine={broken}")
    paused_view, paused_again = at_rest(lab, run), operator("run", "pause", run)
    before = len(lab.ledger())
    flagged = operator("run", "flags", run, "--leave-out", "app-0*", "--json")
    rest = started(lab, before)
    off, given_up = less(lab, run)
    resumed, resumed_again = operator("run", "resume", run), operator("run", "resume", run)
    operator("run", "attach", run)
    skipped = operator("run", "skip", run, STEP, "--reason", "no port of it works", "--json")
    end = operator("run", "attach", run, "--json")
    recovered, ledger = lab.dump("recovered"), [f"{e.effect} {e.object}" for e in lab.ledger()[start:]]
    cleanups = [operator("run", "cleanup", run, "--json")]
    lab.fault("install-fails", "clear=true")
    second = operator.json("recover", "pittsburgh", "--mode", "drill", "--detach")["run"]
    installing(lab, second)
    cancelled = operator("run", "cancel", second, "--reason", "enough seen")
    view = operator.json("run", "show", second)
    cleanups.append(operator("run", "cleanup", second, "--json"))
    return Story(
        paused=paused,
        paused_view=paused_view,
        paused_again=paused_again,
        rest=rest,
        flagged=flagged,
        resumed=resumed,
        resumed_again=resumed_again,
        skipped=skipped,
        off=off,
        given_up=given_up,
        end=end,
        recovered=recovered,
        ledger=ledger,
        cancelled=cancelled,
        cancelled_view=view,
        cleanups=cleanups,
        as_before=still(lab.dump("recovered")) == still(bare),
    )


def at_rest(lab: OwnLab, run: str) -> dict[str, Any]:
    """The paused run once nothing of it works any more."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        view: dict[str, Any] = lab.operator.json("run", "show", run)
        if not any(step["state"] == "running" for step in view["steps"]):
            return view
    raise AssertionError("what worked when it was paused never ended")


def less(lab: OwnLab, run: str) -> tuple[str, list[Outcome]]:
    """Gives the physical server up, and a guest's start; returns that guest's id."""
    view = lab.operator.json("run", "show", run)
    keys = [step["key"] for step in view["steps"]]
    server = next(m["protected"] for m in view["machines"] if m["role"] == "physical")
    start = next(key for key in keys if key.endswith("/power-on"))
    steps = (f"provision/{server}/ready", start)
    skips = [lab.operator("run", "skip", run, key, "--reason", "not needed today") for key in steps]
    return start.split("/")[1], skips


def started(lab: OwnLab, since: int) -> tuple[int, int]:
    """How many acts the run has begun since; counted twice, a while apart."""
    acts = ("netboot", "clone", "install-start", "power-on")
    first = sum(entry.effect in acts for entry in lab.ledger()[since:])
    time.sleep(2)
    return first, sum(entry.effect in acts for entry in lab.ledger()[since:])


def installing(lab: OwnLab, run: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        view = lab.operator.json("run", "show", run)
        if any(step["key"].endswith("/install") and step["state"] == "running" for step in view["steps"]):
            return
    raise AssertionError("nothing was installed")


def test_a_paused_run_starts_nothing_new_and_says_who_paused_it(story: Story) -> None:
    assert story.paused.code == 0, story.paused.stderr
    assert (story.paused_view["state"], story.paused_view["paused_by"]) == ("paused", "root")
    assert story.rest == (0, 0)
    assert story.paused_again.code == 3
    assert "the run is paused; root said pause" in story.paused_again.stderr


def test_flags_change_while_it_rests_and_it_goes_on_by_them(story: Story) -> None:
    assert story.flagged.code == 0, story.flagged.stderr
    assert story.resumed.code == 0, story.resumed.stderr
    assert story.resumed_again.code == 3
    assert "said resume" in story.resumed_again.stderr
    left_out = {guest["name"] for guest in story.end.json["guests"] if guest["state"] == "not-selected"}
    assert left_out == {"app-01", "app-02"}
    assert not any("app-0" in line for line in story.ledger if line.startswith("register-guest"))


def test_giving_a_host_s_step_up_gives_the_host_up(story: Story) -> None:
    assert story.skipped.code == 0, story.skipped.stderr
    assert f"{HOST} is given up" in story.skipped.json["text"]
    assert STEP not in [s["key"] for s in story.end.json["steps"] if s["state"] != "skipped"]


def test_the_barrier_waits_for_the_others_alone_and_their_hosts_take_its_guests(story: Story) -> None:
    assert story.end.code == 7, story.end.stderr[-2000:]
    assert story.end.json["state"] == "held"
    hosts = {host["name"] for host in story.recovered["host"]}
    assert hosts == {OTHER}
    assert not any(HOST in line for line in story.ledger if line.startswith("add-host"))
    guests = {guest["name"]: guest for guest in story.end.json["guests"]}
    gone = [name for name, guest in guests.items() if guest["state"] == "failed"]
    assert all("is not recovered" in guests[name]["reason"] for name in gone)
    assert [name for name, guest in guests.items() if guest["state"] == "registered"]


def test_what_was_given_up_is_told_by_name_and_nothing_is_lost(story: Story) -> None:
    assert [skip.code for skip in story.given_up] == [0, 0], story.given_up[0].stderr
    fidelity = story.end.json["fidelity"]
    assert [d for d in fidelity["differences"] if d["class"] == "lost"] == []
    given_up = [d for d in fidelity["differences"] if d["class"] == "given-up"]
    assert {d["path"].partition("[")[0] for d in given_up} == {"physicalServer", "virtualMachine"}
    assert {d["reason"] for d in given_up} == {"given up: not needed today"}
    (power,) = (d for d in given_up if d["path"].startswith("virtualMachine["))
    assert (power["captured"], power["recovered"]) == ("on", "off")
    assert fidelity["excused"][f"giving up guests/{story.off}/power-on"] == 1
    guests = {guest["id"]: guest for guest in story.end.json["guests"]}
    assert (guests[story.off]["state"], guests[story.off]["power"]) == ("registered", "off")


def test_a_cancelled_run_says_what_it_leaves_and_what_takes_it_back(story: Story) -> None:
    assert story.cancelled.code == 0, story.cancelled.stderr
    assert "left standing:" in story.cancelled.stderr
    assert f"drconsole run cleanup {story.cancelled_view['run']}" in story.cancelled.stderr
    standing = story.cancelled_view["standing"]
    assert len([each for each in standing if each["kind"] == "machine"]) == 4
    assert {each["state"] for each in standing if each["kind"] == "group"} == {"cloned"}


def test_both_are_cleaned_up_and_the_world_is_as_it_was(story: Story) -> None:
    assert [cleanup.json["cleanup"]["state"] for cleanup in story.cleanups] == ["done", "done"]
    assert story.as_before
