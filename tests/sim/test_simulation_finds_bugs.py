"""The simulation can fail: each planted bug is found within few seeds."""

from __future__ import annotations

import pytest

from tests.sim.mutants import MUTANTS, unobserved
from tests.sim.one_run import run_seed

WITHIN = 60
WITHIN_LONG = 400

_ACTING = (
    "provision.boot",
    "provision.install",
    "replication.halt",
    "replication.present",
    "replication.promote",
    "vsphere.add-host",
    "vsphere.apply-uplinks",
    "vsphere.cluster",
    "vsphere.connect-guest",
    "vsphere.datacenters",
    "vsphere.distributed-switch",
    "vsphere.folder",
    "vsphere.join-switch",
    "vsphere.mount-nfs",
    "vsphere.mount-vmfs",
    "vsphere.pool",
    "vsphere.power-on",
    "vsphere.register",
)


def found_at(seeds: int) -> tuple[int, str]:
    """The first seed that violates something, and what; 0 where none does."""
    for seed in range(1, seeds + 1):
        verdict = run_seed(seed)
        if verdict.violations:
            return seed, verdict.violations[0]
    return 0, ""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_found(name: str) -> None:
    with MUTANTS[name]():
        seed, violation = found_at(WITHIN)
    assert seed, f"{name}: not found within {WITHIN} seeds"
    assert violation


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("handler", _ACTING)
def test_each_observation_before_an_act_is_missed(handler: str) -> None:
    with unobserved(handler)():
        seed, violation = found_at(WITHIN_LONG)
    assert seed, f"{handler} may act unobserved for {WITHIN_LONG} seeds"
    assert violation
