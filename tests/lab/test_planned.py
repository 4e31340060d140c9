"""A planned run moves a site that still works: its guests go down there, and nothing of them is lost."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.comparer.closure import Expected
from tests.comparer.ledger import disorder
from tests.lab.evidence import Evidence, gather
from tests.lab.own_lab import own_lab

pytestmark = pytest.mark.timeout(300)

SERVER_VOLUME = "array1/vol1"
"""Where the protected vCenter lies: it is asked until the end, so it goes on running."""


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A planned run of the default world, whose protected site stays up all the time."""
    with own_lab(tmp_path_factory.mktemp("planned"), speed=150) as lab:
        lab.captured()
        evidence = gather(lab, "planned")
        object.__setattr__(evidence, "protected_after", lab.dump("protected"))
        return evidence


def test_it_succeeds_and_says_that_no_write_was_lost(moved: Evidence) -> None:
    assert moved.outcome.code == 0, moved.outcome.stderr[-2000:]
    assert moved.view["state"] == "done"
    assert moved.view["rpo_s"] == 0.0
    assert "recovery point 0:00" in moved.told


def test_nothing_is_lost_nothing_leaks_and_the_order_holds(moved: Evidence) -> None:
    assert moved.lost == []
    assert [f"{d.where}: {d.captured} → {d.recovered}" for d in moved.judgement.lost] == []
    assert disorder(moved.ledger, moved.roles) == []


def test_every_guest_runs_here_as_it_ran_there_and_nowhere_twice(moved: Evidence) -> None:
    expected = Expected(moved.before, moved.setting).objects["virtualMachine"]
    standing = {guest["path"]: guest["power"] for guest in moved.after["virtualMachine"]}
    assert standing == {guest["path"]: guest["power"] for guest in expected}
    assert sum(power == "on" for power in standing.values()) > 20
    left = {g["path"] for g in moved.protected_after["virtualMachine"] if g["power"] == "on"}
    assert {path.rpartition("/")[2] for path in left} == {"vc-01"}


def test_at_no_moment_a_guest_ran_on_both_sides(moved: Evidence) -> None:
    running = {g["path"] for g in moved.before["virtualMachine"] if g["power"] == "on"}
    sides: dict[str, set[str]] = defaultdict(set, {path: {"protected"} for path in running})
    for entry in moved.ledger:
        side, _, path = entry.object.partition("/")
        if entry.effect == "power-on-guest":
            sides[path].add(side)
        elif entry.effect == "power-off-guest":
            sides[path].discard(side)
        assert len(sides[path]) < 2, entry


def test_every_written_block_is_here(moved: Evidence) -> None:
    """After the last guest is off nothing is written but by the vCenter, and the copies are equal."""
    last_off = max(n for n, e in enumerate(moved.ledger) if e.effect == "power-off-guest")
    synced = {e.object: n for n, e in enumerate(moved.ledger) if e.effect == "sync"}
    assert set(synced) == {"r1/prod-block", "r2/prod-files"}
    assert all(n > last_off for n in synced.values())
    arrived = {
        e.detail["source"]: (n, e.detail["block"])
        for n, e in enumerate(moved.ledger)
        if e.effect == "write-volume"
    }
    blocks = {volume["path"]: volume["block"] for volume in moved.protected_after["volume"]}
    for volume in blocks.keys() - {SERVER_VOLUME}:
        at, block = arrived[volume]
        assert block == blocks[volume]
        assert at <= max(synced.values())


def test_after_the_halt_nothing_arrives_and_the_source_is_fenced(moved: Evidence) -> None:
    halts = [n for n, entry in enumerate(moved.ledger) if entry.effect == "halt"]
    start = {entry.object.partition("/")[0]: n for n, entry in enumerate(moved.ledger) if n in halts}
    for n, entry in enumerate(moved.ledger):
        if entry.effect == "write-volume":
            assert n < start[entry.object.partition("/")[0]]
    fenced = {entry.object for entry in moved.ledger if entry.effect == "fence"}
    assert fenced == {volume["path"] for volume in moved.before["volume"]} - {SERVER_VOLUME}
    assert min(n for n, e in enumerate(moved.ledger) if e.effect == "fence") > min(halts)


def test_a_vapp_goes_down_in_the_reverse_of_the_order_in_which_it_starts(moved: Evidence) -> None:
    def order(effect: str) -> list[str]:
        names = [e.object.rpartition("/")[2] for e in moved.ledger if e.effect == effect]
        return [name for name in names if name.startswith("shop-")]

    assert len(order("power-off-guest")) == 2
    assert order("power-off-guest") == order("power-on-guest")[::-1]


def test_no_machine_is_touched_before_the_source_is_fenced(moved: Evidence) -> None:
    fenced = max(n for n, entry in enumerate(moved.ledger) if entry.effect == "fence")
    booted = min(n for n, entry in enumerate(moved.ledger) if entry.effect == "power-on")
    assert booted > fenced


def test_its_machines_are_production_now(moved: Evidence) -> None:
    used = {machine["target"] for machine in moved.view["machines"]}
    states = {target["name"]: target["state"] for target in moved.targets}
    assert {states[target] for target in used} == {"in-service"}
