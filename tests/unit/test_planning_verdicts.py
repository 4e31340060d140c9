"""Which guests come back, which with caveats, and which not, each with its reason."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from drconsole.model.inventory import Disk, ManagedBy, Snapshot, VirtualMachine
from drconsole.model.plan import Verdict
from drconsole.planning.verdicts import judge
from tests.unit.planning_site import small_plan, small_site


def judged(change: dict[str, object]) -> Verdict:
    """Returns the verdict of web-02 after a change to it."""
    site = small_site()
    guests = tuple(replace(v, **change) if v.id == "vm-2" else v for v in site.virtual_machines)
    return next(v for v in judge(replace(site, virtual_machines=guests), small_plan()) if v.id == "vm-2")


def by_id(snapshot: Snapshot) -> dict[str, Verdict]:
    return {v.id: v for v in judge(snapshot, small_plan())}


def test_a_plain_guest_on_replicated_storage_is_recoverable() -> None:
    verdict = by_id(small_site())["vm-2"]
    assert (verdict.verdict, verdict.reasons, verdict.registrable) == ("recoverable", (), True)


def test_storage_that_nobody_replicates() -> None:
    verdict = by_id(small_site())["vm-6"]
    assert (verdict.verdict, verdict.registrable) == ("no", True)
    assert "local-1" in verdict.reasons[0]
    assert "local to its host" in verdict.reasons[0]


def test_a_group_without_a_recovery_array() -> None:
    plan = small_plan()
    lonely = replace(plan, arrays=tuple(a for a in plan.arrays if a.name != "r1"))
    verdict = next(v for v in judge(small_site(), lonely) if v.id == "vm-2")
    assert verdict.verdict == "no"
    assert "a1/g1" in verdict.reasons[0]


def test_disks_of_two_groups_are_not_of_one_moment() -> None:
    verdict = by_id(small_site())["vm-5"]
    assert verdict.verdict == "caveats"
    assert "a1/g1 and a2/g1" in verdict.reasons[0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"id": "vm-2", "managed_by": ManagedBy(extension="com.vmware.vim.eam")}, "agent"),
        ({"name": "vCLS-4c4c4544"}, "agent"),
        ({"name": "vCLS (3)"}, "agent"),
        ({"fault_tolerance": "secondary"}, "secondary"),
        ({"managed_by": ManagedBy(extension="com.vmware.vcHms")}, "replication appliance"),
        ({"name": "Z-VRA-esx-01"}, "replication appliance"),
    ],
)
def test_what_is_never_registered(change: dict[str, object], says: str) -> None:
    verdict = judged(change)
    assert (verdict.verdict, verdict.registrable) == ("no", False)
    assert says in verdict.reasons[0]


def test_the_management_server_itself_is_never_registered() -> None:
    verdict = by_id(small_site())["vm-1"]
    assert (verdict.verdict, verdict.registrable) == ("no", False)


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        ({"disks": (Disk(key=1, backing="rdmPhysical", lun="naa.6"),)}, "no", "naa.6"),
        ({"disks": (Disk(key=1),)}, "no", "does not say where disk 1"),
        ({"disks": (Disk(key=1, path="[gone] x/x.vmdk"),)}, "no", "gone"),
        ({"vmx_path": ""}, "no", ".vmx"),
        ({"snapshots": True}, "caveats", "snapshots"),
        ({"iso_path": "[iso] a.iso"}, "caveats", "[iso] a.iso"),
        ({"passthrough": ("GPU",)}, "caveats", "GPU"),
        ({"encrypted": True}, "caveats", "key provider"),
        ({"vtpm": True}, "caveats", "key provider"),
        ({"power": "suspended"}, "caveats", "suspended"),
        ({"fault_tolerance": "primary"}, "caveats", "secondary"),
    ],
)
def test_obstacles_and_caveats(change: dict[str, object], kind: str, says: str) -> None:
    verdict = judged(change)
    assert verdict.verdict == kind
    assert any(says in reason for reason in verdict.reasons)


def test_a_name_that_only_looks_like_an_agent_is_a_guest() -> None:
    assert judged({"name": "vCLSomething"}).verdict == "recoverable"
    guests: tuple[VirtualMachine, ...] = small_site().virtual_machines
    assert len(by_id(small_site())) == len(guests)
