"""A guest that will not go down at the protected site: the operator is asked, and each answer holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.comparer.ledger import disorder
from tests.lab.moving import View, begun, in_state, power, shown, steps, until
from tests.lab.operator import Outcome
from tests.lab.own_lab import OwnLab, own_lab, roles

pytestmark = pytest.mark.timeout(240)

HARD, LEFT, AGAIN = "app-01", "app-02", "db-02"


@dataclass(frozen=True)
class Asked:
    """`questions` is the run as it waits; `end` as it rests."""

    lab: OwnLab
    questions: View
    told: Outcome
    keys: dict[str, str]
    verbs: tuple[str, ...]
    second: Outcome
    end: View
    outcome: Outcome


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """Three guests hang: one is powered off hard, one left out, one told once more."""
    short = {"shut-down": 3}
    with own_lab(
        tmp_path_factory.mktemp("asked"), hosts=2, vms=9, targets=4, speed=150, deadlines=short
    ) as lab:
        lab.captured()
        for guest in (HARD, LEFT, AGAIN):
            lab.fault("guest-hangs", f"guest={guest}")
        run = begun(lab, "planned")
        view = until(lab, run, in_state("waiting"))
        told = lab.operator("run", "attach", run)
        details = {
            key: lab.operator.json("run", "show", run, "--step", key)
            for key in steps(view, "shut-down", "waiting")
        }
        keys = {str(detail["object"]): key for key, detail in details.items()}
        verbs = tuple(details[keys[HARD]]["verbs"])
        lab.fault("guest-hangs", "clear=true", f"guest={AGAIN}")
        assert lab.operator("run", "approve", run, keys[HARD]).code == 0
        second = lab.operator("run", "approve", run, keys[HARD])
        assert lab.operator("run", "skip", run, keys[LEFT], "--reason", "it stays").code == 0
        assert lab.operator("run", "retry", run, keys[AGAIN]).code == 0
        outcome = lab.operator("run", "attach", run)
        yield Asked(lab, view, told, keys, verbs, second, shown(lab, run), outcome)


def test_the_run_waits_and_names_each_guest_and_what_may_be_said(asked: Asked) -> None:
    assert set(asked.keys) == {HARD, LEFT, AGAIN}
    assert asked.told.code == 6
    assert "did not shut down by itself: power it off hard?" in asked.told.stderr
    assert asked.verbs == ("approve", "retry", "skip")
    assert not [s for s in asked.questions["steps"] if s["key"].endswith("/sync") and s["state"] != "pending"]


def test_a_second_answer_is_refused(asked: Asked) -> None:
    assert asked.second.code == 3
    assert "said approve" in asked.second.stderr


def test_only_the_one_that_was_approved_was_powered_off_hard(asked: Asked) -> None:
    assert power(asked.lab, "protected", HARD) == "off"
    assert power(asked.lab, "recovered", HARD) == "on"
    assert power(asked.lab, "protected", AGAIN) == "off"
    assert power(asked.lab, "recovered", AGAIN) == "on"


def test_the_one_that_was_left_out_goes_on_there_and_is_not_started_here(asked: Asked) -> None:
    assert power(asked.lab, "protected", LEFT) == "on"
    assert power(asked.lab, "recovered", LEFT) == ""
    assert asked.outcome.code == 7
    assert asked.end["state"] == "done"
    assert next(g for g in asked.end["guests"] if g["name"] == LEFT)["state"] == "failed"


def test_its_volume_stays_writable_and_the_others_are_fenced(asked: Asked) -> None:
    fenced = {entry.object for entry in asked.lab.ledger() if entry.effect == "fence"}
    every = {volume["path"] for volume in asked.lab.dump("protected")["volume"]}
    kept = every - fenced
    assert "array1/vol1" in kept
    assert len(kept) == 2


def test_a_group_that_goes_on_being_written_does_not_claim_that_nothing_is_lost(asked: Asked) -> None:
    assert asked.end["rpo_s"] > 0.0


def test_no_order_is_broken(asked: Asked) -> None:
    """The one that was left out is on a VLAN with those that were moved, as it was before."""
    wrong = disorder(asked.lab.ledger(), roles(asked.end))
    assert [breach for breach in wrong if not breach.endswith(f"/{LEFT}")] == []
