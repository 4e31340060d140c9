"""A drill whose uplinks are reviewed: asked before each move, one rolled back, the runner killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from drconsole.planning import keys
from tests.comparer.ledger import disorder
from tests.lab.moving import View, shown, step, steps, until
from tests.lab.operator import Outcome
from tests.lab.own_lab import OwnLab, own_lab, roles

pytestmark = pytest.mark.timeout(240)

FIRST, SECOND = "esx-01.pittsburgh.example", "esx-02.pittsburgh.example"
Uplinks = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Reviewed:
    """The uplinks by host: as the run first waits, after the roll back, and in the end."""

    lab: OwnLab
    asked: Uplinks
    waited: View
    unreviewed: Uplinks
    rolled_back: dict[str, Any]
    again: Uplinks
    by_name: Outcome
    late: Outcome
    unwanted: Outcome
    printed: str
    end: Uplinks
    view: View
    outcome: Outcome


def uplinks(lab: OwnLab, run: str) -> Uplinks:
    return {each["host"]: each for each in lab.operator.json("run", "uplinks", run)}


def both_wait(view: View) -> bool:
    return len(steps(view, "apply", "waiting")) == 2


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    """Each host's captured management port has no link on its target."""
    with own_lab(
        tmp_path_factory.mktemp("reviewed"), hosts=2, vms=6, targets=5, speed=150, unlinked=1
    ) as lab:
        lab.captured()
        words = ("--mode", "drill", "--review-uplinks", "--detach")
        run = str(lab.operator.json("recover", "pittsburgh", *words)["run"])
        waited = until(lab, run, lambda view: both_wait(view) and view["state"] == "waiting")
        asked = uplinks(lab, run)
        assert lab.operator("run", "uplinks", run, "--no-review").code == 0
        unreviewed = uplinks(lab, run)
        assert lab.operator("run", "uplinks", run, "--review").code == 0
        back = _rolled_back_under_a_dying_runner(lab, run, waited["runner"]["pid"])
        until(lab, run, both_wait)
        again = uplinks(lab, run)
        printed = lab.operator("run", "uplinks", run, FIRST).stdout.decode()
        by_name = lab.operator("run", "uplinks", run, SECOND, "--apply")
        until(lab, run, lambda view: step(view, keys.proved(SECOND))["state"] == "done")
        late = lab.operator("run", "uplinks", run, SECOND, "--roll-back")
        unwanted = lab.operator("run", "uplinks", run, SECOND, "--apply")
        assert lab.operator("run", "uplinks", run, "--apply").code == 0
        outcome = lab.operator("run", "attach", run)
        end, view = uplinks(lab, run), shown(lab, run)
        yield Reviewed(
            lab, asked, waited, unreviewed, back, again, by_name, late, unwanted, printed, end, view, outcome
        )


def _rolled_back_under_a_dying_runner(lab: OwnLab, run: str, pid: int) -> dict[str, Any]:
    """The verb is written while the runner stands still; it dies before it has seen it."""
    os.kill(pid, signal.SIGSTOP)
    told = ("run", "uplinks", run, FIRST, "--roll-back", "--reason", "that switch is being replaced")
    reply: dict[str, Any] = lab.operator.json(*told)
    os.kill(pid, signal.SIGKILL)
    lab.operator("run", "resume", run)
    return reply


def test_each_host_that_changes_waits_with_its_trial_standing(reviewed: Reviewed) -> None:
    assert set(reviewed.asked) == {FIRST, SECOND}
    for host in reviewed.asked.values():
        assert (host["state"], host["trial"]) == ("waiting", host["planned"]["vmnic2"])
        assert "Move its management there for good?" in host["trouble"]
        assert (host["cannot_apply"], host["cannot_roll_back"]) == ("", "")
        assert host["applied"] == {}
        assert [port["name"] for port in host["now"] if not port["link"]] == ["vmnic2"]
        carried = {switch["name"]: switch["carries"] for switch in host["captured"]}
        assert carried["vSwitch0"][0] == "vmk0 management"
    assert [s["state"] for s in reviewed.waited["stages"] if s["name"] == "storage"] == ["pending"]


def test_a_review_may_end_and_begin_while_the_run_goes_on(reviewed: Reviewed) -> None:
    assert {host["reviewed"] for host in reviewed.asked.values()} == {True}
    assert {host["reviewed"] for host in reviewed.unreviewed.values()} == {False}
    assert {host["reviewed"] for host in reviewed.again.values()} == {True}
    assert {host["state"] for host in reviewed.unreviewed.values()} == {"waiting"}


def test_a_roll_back_brings_another_port_to_trial_though_the_runner_died(reviewed: Reviewed) -> None:
    port = reviewed.asked[FIRST]["trial"]
    assert reviewed.rolled_back["steps"] == [keys.uplinks_tried(FIRST), keys.uplinks_applied(FIRST)]
    assert f"{port} is not tried again" in reviewed.rolled_back["text"]
    host = reviewed.again[FIRST]
    assert host["refused"] == [port]
    assert host["trial"] not in ("", port)
    assert host["planned"]["vmnic2"] == host["trial"]
    assert reviewed.again[SECOND] == reviewed.asked[SECOND]


def test_the_three_columns_are_printed_side_by_side(reviewed: Reviewed) -> None:
    head = next(line for line in reviewed.printed.splitlines() if line.startswith("AS CAPTURED"))
    assert "NOW" in head
    assert "PLANNED" in head
    row = next(line for line in reviewed.printed.splitlines() if line.startswith("vSwitch0 ← vmnic2"))
    assert reviewed.again[FIRST]["trial"] in row
    assert f"rolled back: {reviewed.asked[FIRST]['trial']}" in reviewed.printed


def test_what_has_moved_for_good_is_not_rolled_back_nor_moved_again(reviewed: Reviewed) -> None:
    assert reviewed.by_name.code == 0
    assert (reviewed.late.code, reviewed.unwanted.code) == (3, 3)
    assert "has moved for good already" in reviewed.late.stderr
    assert "has moved for good already" in reviewed.unwanted.stderr


def test_the_run_goes_on_to_its_end_with_uplinks_as_planned(reviewed: Reviewed) -> None:
    assert reviewed.outcome.code == 0
    assert reviewed.view["state"] == "held"
    for host in reviewed.end.values():
        assert host["state"] == "applied"
        assert host["applied"] == host["planned"]
    bridges = {
        host["name"]: next(s["nics"] for s in host["virtualSwitches"] if s["name"] == "vSwitch0")
        for host in reviewed.lab.dump("recovered")["host"]
    }
    assert bridges == {name: [host["applied"]["vmnic2"]] for name, host in reviewed.end.items()}


def test_nothing_happened_twice(reviewed: Reviewed) -> None:
    assert disorder(reviewed.lab.ledger(), roles(reviewed.view)) == []


def test_who_rolled_back_and_why_stands_in_the_run(reviewed: Reviewed) -> None:
    said = [verb for verb in reviewed.view["verbs"] if verb["verb"] == "roll-back"]
    assert [verb["reason"] for verb in said] == ["that switch is being replaced"]
