"""For every fault: which step fails, what waits for it and what does not, and the verb that mends it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.comparer.ledger import disorder
from tests.lab.bad_day import Day, View
from tests.lab.own_lab import still

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Row:
    """A fault's mark on the run. `during` and `after` name the waits before and after its mending;
    `failed` the failed steps, `names` what their error names, `pending` and `done` other steps then."""

    during: str
    after: str
    failed: tuple[str, ...]
    names: tuple[str, ...]
    pending: tuple[str, ...]
    done: tuple[str, ...]


ONE, TWO = "esx-01.pittsburgh.example", "esx-02.pittsburgh.example"
TABLE = {
    "array-refuses": Row(
        "array-refuses",
        "after array-refuses",
        ("halt/array1%2Fprod-block/halt",),
        ("r1", "clone"),
        (
            "map/E/lease",
            f"provision/{ONE}/boot",
            "storage/array1%2Fprod-block/present",
            "verify/site/capture",
        ),
        ("halt/array2%2Fprod-files/halt",),
    ),
    "bmc-silent": Row(
        "after array-refuses",
        "after bmc-silent and never-netboots",
        (f"provision/{ONE}/boot",),
        ("BMC of E",),
        (f"provision/{ONE}/install", f"uplinks/{ONE}/read", f"import/{ONE}/add-host"),
        ("provision/db-01/ready", "map/E/lease"),
    ),
    "never-netboots": Row(
        "after array-refuses",
        "after bmc-silent and never-netboots",
        (f"provision/{TWO}/boot",),
        ("F", "never booted"),
        (f"provision/{TWO}/install", f"uplinks/{TWO}/read", f"import/{TWO}/add-host"),
        ("provision/db-01/ready", "map/F/lease"),
    ),
    "install-fails": Row(
        "after bmc-silent and never-netboots",
        "after install-fails",
        ("provision/vc-01/install",),
        ("D", "input/output error"),
        ("provision/vc-01/ready", f"uplinks/{ONE}/try", f"import/{ONE}/add-host", "verify/site/capture"),
        (f"provision/{ONE}/ready", f"uplinks/{ONE}/plan", f"provision/{TWO}/ready", f"uplinks/{TWO}/plan"),
    ),
    "uplink-down": Row(
        "after install-fails",
        "after uplink-down",
        (f"uplinks/{ONE}/try",),
        (ONE,),
        (f"uplinks/{ONE}/prove", f"import/{ONE}/add-host", "storage/array1%2Fprod-block/present"),
        (f"uplinks/{TWO}/prove", "provision/vc-01/ready"),
    ),
    "task-fails": Row(
        "after uplink-down",
        "after task-fails",
        (f"import/{ONE}/add-host", f"import/{TWO}/add-host"),
        (ONE, TWO, "task-fails"),
        (f"import/{ONE}/settings", "verify/site/capture"),
        ("storage/array1%2Fprod-block/present",),
    ),
}


def states(view: View) -> dict[str, str]:
    """Key → state of a run's steps."""
    return {step["key"]: step["state"] for step in view["steps"]}


@pytest.mark.parametrize("fault", TABLE)
def test_the_step_that_it_hits_fails_and_says_what_is_wrong(day: Day, fault: str) -> None:
    row = TABLE[fault]
    view = day.waits[row.during]
    assert view["state"] == "waiting"
    errors = {step["key"]: step["error"] for step in view["steps"] if step["state"] == "failed"}
    assert errors.keys() >= set(row.failed)
    told = " ".join(errors[key] for key in row.failed)
    assert [name for name in row.names if name not in told] == []


@pytest.mark.parametrize("fault", TABLE)
def test_what_depends_on_it_waits_and_nothing_else(day: Day, fault: str) -> None:
    row = TABLE[fault]
    found = states(day.waits[row.during])
    assert {key: found[key] for key in row.pending} == dict.fromkeys(row.pending, "pending")
    assert {key: found[key] for key in row.done} == dict.fromkeys(row.done, "done")
    assert "running" not in found.values()


@pytest.mark.parametrize("fault", TABLE)
def test_off_a_terminal_the_command_ends_with_6_and_names_object_and_verbs(day: Day, fault: str) -> None:
    outcome = day.said[TABLE[fault].during]
    run = day.waits["array-refuses"]["run"]
    failed = [key for key, state in states(day.waits[TABLE[fault].during]).items() if state == "failed"]
    assert outcome.code == 6
    assert any(f"{key}: waits for an operator" in outcome.stderr for key in failed)
    for verb in ("retry", "skip", "cancel"):
        assert f"run {verb}" in outcome.stderr
    assert run in outcome.stderr


@pytest.mark.parametrize("fault", TABLE)
def test_retry_mends_it(day: Day, fault: str) -> None:
    row = TABLE[fault]
    verb = day.said[f"retry {row.after.removeprefix('after ')}"]
    assert verb.code == 0, verb.stderr
    found = states(day.waits[row.after])
    assert {key: found[key] for key in row.failed} == dict.fromkeys(row.failed, "done")


def test_a_gone_site_stops_a_capture_and_no_drill(day: Day) -> None:
    """The whole day the protected site was away; its own verb is the capture that is asked for again."""
    assert day.said["site-gone"].code == 4
    assert "pittsburgh" in day.said["site-gone"].stderr
    assert day.said["mended site"].code == 0


def test_an_expired_session_is_opened_again_without_a_word_to_the_operator(day: Day) -> None:
    assert day.said["after task-fails"].code == 0, day.said["after task-fails"].stderr[-2000:]
    assert day.waits["after task-fails"]["state"] == "held"
    assert set(states(day.waits["after task-fails"]).values()) == {"done"}


def test_fidelity_is_as_undisturbed(day: Day) -> None:
    assert day.end is not None
    assert day.end.lost == []
    assert [f"{d.where}: {d.captured} → {d.recovered}" for d in day.end.judgement.lost] == []


def test_order_held_all_day_and_only_the_broken_install_began_twice(day: Day) -> None:
    assert day.end is not None
    assert disorder(day.end.ledger, day.end.roles) == [
        f"install-start of machine/{day.machines['vc-01']} happened 2 times"
    ]


def test_the_run_ends_done_and_the_world_is_as_it_was(day: Day) -> None:
    assert day.end is not None
    assert day.cleanup is not None
    assert day.cleanup.code == 0, day.cleanup.stderr[-2000:]
    assert day.cleanup.json["state"] == "done"
    wiped = {entry.object.split("/")[1] for entry in day.ledger if entry.effect == "wipe"}
    assert wiped == set(day.machines.values())
    assert still(day.recovered_after) == still(day.end.bare)
