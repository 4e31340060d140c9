"""Partial recovery: one host of four stays behind, and half of the guests; nothing of theirs is touched."""

from __future__ import annotations

import pytest

from tests.comparer.closure import ARRAYS, Expected
from tests.comparer.ledger import disorder
from tests.lab.evidence import Evidence

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def expected(partial: Evidence) -> Expected:
    return Expected(partial.before, partial.setting)


def test_it_ends_held_with_nothing_given_up(partial: Evidence) -> None:
    assert partial.outcome.code == 0, partial.outcome.stderr[-2000:]
    assert partial.view["state"] == "held"
    assert partial.steps("skipped") == partial.steps("failed") == []


def test_the_question_is_a_real_one(partial: Evidence, expected: Expected) -> None:
    """A host is missing, guests of it stay, others go, and objects go that nobody needs."""
    assert not expected.whole
    assert len(expected.hosts) == 3
    assert 15 <= len(expected.guests) <= 20
    placed = {guest["host"] for guest in expected.objects["virtualMachine"]}
    assert placed - expected.hosts
    assert len(expected.objects["folder"]) < len(partial.before["folder"])


def test_objects_sent_are_exactly_the_closure(partial: Evidence, expected: Expected) -> None:
    for kind, items in partial.after.items():
        if kind not in ARRAYS:
            wanted = [item["path"] for item in expected.objects[kind]]
            assert sorted(item["path"] for item in items) == sorted(wanted), kind


def test_what_came_back_has_its_captured_values(partial: Evidence) -> None:
    assert partial.lost == []
    assert [f"{d.where}: {d.captured} → {d.recovered}" for d in partial.judgement.lost] == []


def test_the_host_that_stays_behind_costs_no_machine(partial: Evidence) -> None:
    leased = {target["name"] for target in partial.targets if target["state"] == "leased"}
    assert leased == {machine["target"] for machine in partial.view["machines"]}
    assert len(leased) == 5
    assert not [target for target in partial.targets if str(target["role"]).startswith("esx-04")]
    touched = {entry.object.split("/")[1] for entry in partial.ledger if entry.object.startswith("machine/")}
    assert touched & {target["name"] for target in partial.targets} == leased


def test_nothing_of_theirs_is_created_or_registered(partial: Evidence, expected: Expected) -> None:
    made = [e for e in partial.ledger if e.object.startswith("recovery/")]
    assert made
    left = [item for kind in ("host", "virtualMachine") for item in partial.before[kind]]
    names = {item["path"] for item in left} - expected.hosts - expected.guests
    assert len(names) == 1 + 40 - len(expected.guests)
    assert [entry for entry in made if entry.object.removeprefix("recovery/") in names] == []
    assert not [entry for entry in partial.ledger if "esx-04" in f"{entry.object}{entry.detail}"]


def test_guests_of_the_missing_host_run_on_one_that_reaches_their_data(
    partial: Evidence, expected: Expected
) -> None:
    moved = [g for g in expected.objects["virtualMachine"] if g["host"] not in expected.hosts]
    standing = {guest["path"]: guest["host"] for guest in partial.after["virtualMachine"]}
    assert moved
    assert all(standing[guest["path"]] in expected.able(guest) for guest in moved)
    assert partial.judgement.excused["virtualMachine.host"] == len(moved)


def test_order_holds_and_nothing_leaks(partial: Evidence) -> None:
    assert disorder(partial.ledger, partial.roles) == []
