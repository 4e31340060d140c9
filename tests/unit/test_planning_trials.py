"""Arrangements that are tried one after the other, and what switches carry: pure decisions."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from drconsole.model.step import Facts
from drconsole.planning.carrying import carried
from drconsole.planning.trials import arrangement
from drconsole.planning.uplinks import UplinkPlan, layout_of
from tests.unit.importer_plan import derived, planned
from tests.unit.planning_site import small_site

APPLY, TRY = "uplinks/esx-01/apply", "uplinks/esx-01/try"


def ports(*linked: int) -> list[Facts]:
    return [
        {"name": f"vmnic{n}", "link": n in linked, "speed": 10_000 if n in linked else 0} for n in range(4)
    ]


def tried(
    facts: list[Facts], *, failed: Collection[str] = (), refused: Collection[str] = ()
) -> UplinkPlan | None:
    """The first host's captured management is on vmnic2."""
    site = small_site()
    return arrangement(layout_of(site.hosts[0], site), facts, "vmnic0", failed, refused)


def test_a_port_that_was_rolled_back_is_kept_from_management_and_said_so() -> None:
    found = tried(ports(0, 1, 2, 3), refused=("vmnic2",))
    assert found is not None
    assert found.moves["vmnic2"] != "vmnic2"
    assert found.why["vmnic2"].startswith("vmnic2 was rolled back by an operator; ")


def test_what_failed_and_what_was_rolled_back_are_both_left_out() -> None:
    found = tried(ports(0, 1, 2, 3), failed=("vmnic2", "vmnic0"), refused=("vmnic1",))
    assert found is not None
    assert found.moves["vmnic2"] == "vmnic3"


def test_a_port_that_was_rolled_back_may_serve_another_switch_with_its_link() -> None:
    found = tried(ports(0, 2, 3), refused=("vmnic2",))
    assert found is not None
    others = {port for nic, port in found.moves.items() if nic != "vmnic2"}
    assert "vmnic2" in others
    assert found.unconnected == ()


def test_where_every_port_with_link_was_rolled_back_there_is_none_left() -> None:
    assert tried(ports(0, 1), refused=("vmnic0", "vmnic1")) is None


def test_without_a_roll_back_the_first_one_is_what_was_planned() -> None:
    found = tried(ports(0, 1, 2, 3))
    assert found is not None
    assert not found.changes


def test_a_switch_carries_its_interfaces_by_what_they_serve_and_its_other_networks() -> None:
    site = small_site()
    host = site.hosts[0]
    silent = tuple(replace(nic, services=()) if nic.name == "vmk1" else nic for nic in host.virtual_nics)
    told = {
        name: (nics, carries) for name, nics, carries in carried(replace(host, virtual_nics=silent), site)
    }
    assert told["vSwitch0"] == (("vmnic2",), ("vmk0 management",))
    assert told["vSwitch1"] == (("vmnic0", "vmnic1"), ("vmk1 vMotion",))
    assert told[site.distributed_switches[0].name][1] == tuple(
        group.name for group in site.distributed_port_groups if not group.uplink
    )


def test_nothing_is_asked_and_nothing_refused_unless_the_plan_says_so() -> None:
    steps = derived(planned())
    assert not steps[APPLY].asks
    assert "refused" not in steps[TRY].arguments
    assert "refused" not in steps[APPLY].arguments


def test_a_reviewed_plan_asks_before_each_move_and_tells_a_target_its_refused_ports() -> None:
    before = derived(planned())
    target = before[TRY].machine
    steps = derived(planned(review_uplinks=True, refused_uplinks={target: ("vmnic0",)}))
    moves = [step for step in steps.values() if step.handler == "vsphere.apply-uplinks"]
    assert len(moves) == 4
    assert all(step.asks for step in moves)
    assert [step.key for step in steps.values() if "refused" in step.arguments] == [TRY, APPLY]
    assert {key for key in steps if steps[key] != before[key]} == {step.key for step in moves} | {TRY}
