"""A disaster: the protected site is gone, vCenter, hosts and arrays, and the cloud comes back."""

from __future__ import annotations

import pytest

from tests.comparer.closure import Expected
from tests.comparer.ledger import disorder
from tests.lab.evidence import Evidence

pytestmark = pytest.mark.timeout(240)


def test_it_succeeds_without_the_protected_site(disaster: Evidence) -> None:
    assert disaster.outcome.code == 0, disaster.outcome.stderr[-2000:]
    assert disaster.view["state"] == "done"
    assert [stage["state"] for stage in disaster.view["stages"]] == ["done"] * 9


def test_nothing_of_the_protected_side_was_touched(disaster: Evidence) -> None:
    """Not an array, not a host, not the vCenter: each would stand in the ledger as actor or object."""
    places = {array["path"] for array in disaster.before["storageArray"]}
    machines = {f"machine/{host['machine']}" for host in disaster.before["host"]}
    for entry in disaster.ledger:
        first = entry.object.partition("/")[0]
        assert first not in {"protected", *places}, entry
        assert "/".join(entry.object.split("/")[:2]) not in machines, entry


def test_every_group_was_halted_and_promoted_once_none_cloned(disaster: Evidence) -> None:
    effects = [entry.effect for entry in disaster.ledger]
    assert effects.count("halt") == effects.count("promote") > 0
    assert "clone" not in effects


def test_no_write_arrives_after_the_halt(disaster: Evidence) -> None:
    halted = {entry.object.partition("/")[0] for entry in disaster.ledger if entry.effect == "halt"}
    assert halted == {"r1", "r2"}
    start = max(n for n, entry in enumerate(disaster.ledger) if entry.effect == "halt")
    assert not [entry for entry in disaster.ledger[start:] if entry.effect == "write-volume"]


def test_order_holds_and_nothing_leaks(disaster: Evidence) -> None:
    assert disorder(disaster.ledger, disaster.roles) == []


def test_nothing_is_lost_and_networks_are_the_real_ones(disaster: Evidence) -> None:
    assert disaster.lost == []
    assert [f"{d.where}: {d.captured} → {d.recovered}" for d in disaster.judgement.lost] == []
    assert "host.portGroups.vlan" not in disaster.judgement.excused


def test_every_recoverable_guest_runs_where_it_ran(disaster: Evidence) -> None:
    expected = Expected(disaster.before, disaster.setting).objects["virtualMachine"]
    standing = {guest["path"]: guest["power"] for guest in disaster.after["virtualMachine"]}
    assert standing == {guest["path"]: guest["power"] for guest in expected}
    assert len(standing) == 9


def test_its_machines_are_production_now(disaster: Evidence) -> None:
    used = {machine["target"] for machine in disaster.view["machines"]}
    states = {target["name"]: target["state"] for target in disaster.targets}
    assert {states[target] for target in used} == {"in-service"}
    assert {states[target] for target in states.keys() - used} == {"free"}


def test_cleanup_of_production_is_refused(disaster: Evidence) -> None:
    assert disaster.cleanup is not None
    assert disaster.cleanup.code == 3
    assert "production" in disaster.cleanup.stderr
