"""A target's NICs are not linked as the captured ones were: what is re-arranged, and what cannot be."""

from __future__ import annotations

from itertools import pairwise, permutations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from drconsole.model.inventory import (
    DistributedPortGroup,
    Host,
    NetworkPolicy,
    TeamingPolicy,
    VirtualNic,
    VirtualSwitch,
)
from drconsole.planning.uplinks import (
    CapturedNic,
    Layout,
    Port,
    UplinkPlan,
    UplinkRole,
    arrange,
    layout_of,
    plan_uplinks,
)
from tests.unit.planning_site import small_site

SITE = small_site()
HOST = SITE.hosts[0]


def ports(*links: bool, booted: int = -1) -> tuple[Port, ...]:
    return tuple(
        Port(name=f"vmnic{n}", link=link, speed_mbit=10000, booted=n == booted)
        for n, link in enumerate(links)
    )


def test_what_is_linked_as_captured_stays() -> None:
    plan = plan_uplinks(HOST, SITE, ports(True, True, True, True))
    assert not plan.changes
    assert plan.moves == {f"vmnic{n}": f"vmnic{n}" for n in range(4)}


def test_a_dark_management_uplink_takes_the_place_of_a_spare() -> None:
    plan = plan_uplinks(HOST, SITE, ports(True, True, False, True))
    assert plan.moves["vmnic2"] in ("vmnic0", "vmnic1")
    assert plan.moves["vmnic3"] == "vmnic3"
    assert plan.unconnected == ()
    assert "vmnic2 has no link here" in plan.why["vmnic2"]
    assert "management" in plan.why["vmnic2"]
    assert len(plan.why) == 2


def test_a_switch_with_another_linked_nic_is_left_alone() -> None:
    assert not plan_uplinks(HOST, SITE, ports(False, True, True, True)).changes


def test_management_comes_first_and_the_rest_is_said() -> None:
    plan = plan_uplinks(HOST, SITE, ports(True, False, False, False))
    assert plan.moves["vmnic2"] == "vmnic0"
    assert plan.unconnected == ("vSwitch1", "dvs-prod")


def test_the_nic_that_booted_has_link_whatever_it_says() -> None:
    plan = plan_uplinks(HOST, SITE, ports(False, False, False, False, booted=3))
    assert plan.moves["vmnic2"] == "vmnic3"
    assert "management" not in plan.unconnected


def test_a_machine_with_fewer_nics_keeps_management() -> None:
    plan = plan_uplinks(HOST, SITE, ports(True, True))
    assert plan.moves["vmnic2"] in ("vmnic0", "vmnic1")
    assert len(plan.dropped) == 2
    assert plan.unconnected == ("dvs-prod",)
    assert plan_uplinks(HOST, SITE, ()).unconnected == ("management", "vSwitch0", "vSwitch1", "dvs-prod")


def test_a_nic_that_the_teaming_leaves_unused_is_no_uplink() -> None:
    unused = NetworkPolicy(teaming=TeamingPolicy(active_nics=("vmnic2",), standby_nics=()))
    switch = VirtualSwitch(name="vSwitch0", nics=("vmnic2", "vmnic3"), policy=unused)
    host: Host = replace(HOST, virtual_switches=(switch,))
    assert layout_of(host, SITE).roles[0].nics == ("vmnic2",)
    plan = plan_uplinks(host, SITE, ports(True, True, False, True))
    assert plan.moves["vmnic2"] != "vmnic2"


def test_a_port_groups_own_teaming_goes_before_the_switches() -> None:
    own = NetworkPolicy(teaming=TeamingPolicy(active_nics=("vmnic1",)))
    groups = (replace(HOST.port_groups[0], policy=own, virtual_switch="vSwitch1"), HOST.port_groups[1])
    host: Host = replace(HOST, port_groups=groups)
    assert layout_of(host, SITE).roles[0] == UplinkRole(
        name="management", kind="management", nics=("vmnic1",)
    )


def test_management_on_a_distributed_switch() -> None:
    vmk = VirtualNic(name="vmk0", distributed_port_group="dvpg-1", services=("management",))
    host: Host = replace(HOST, virtual_nics=(vmk,))
    assert isinstance(SITE.distributed_port_groups[0], DistributedPortGroup)
    assert layout_of(host, SITE).roles[0].nics == ("vmnic3",)


KINDS = ("management", "kernel", "guests")


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    names = [f"vmnic{n}" for n in range(draw(st.integers(1, 5)))]
    order = draw(st.permutations(names))
    cuts = sorted(draw(st.sets(st.integers(1, len(names)), max_size=2)) | {0, len(names)})
    groups = [order[a:b] for a, b in pairwise(cuts) if order[a:b]]
    roles = tuple(
        UplinkRole(name=f"s{n}", kind=KINDS[n], nics=tuple(nics))  # type: ignore[arg-type]  # a literal by position
        for n, nics in enumerate(groups)
    )
    return Layout(roles=roles, nics=tuple(CapturedNic(name=n, link=True, speed_mbit=1000) for n in names))


def judged(layout: Layout, moves: dict[str, str], linked: set[str]) -> tuple[list[bool], int, int]:
    """What matters, in its order: lost roles, dropped NICs, moves."""
    lost = [not any(moves.get(nic) in linked for nic in role.nics) for role in layout.roles]
    return lost, len(layout.nics) - len(moves), sum(nic != port for nic, port in moves.items())


@settings(max_examples=80, deadline=None)
@given(layouts(), st.lists(st.booleans(), min_size=1, max_size=5))
def test_no_arrangement_by_hand_is_better(layout: Layout, links: list[bool]) -> None:
    machine = ports(*links)
    plan: UplinkPlan = arrange(layout, machine)
    linked = {port.name for port in machine if port.link}
    names = [nic.name for nic in layout.nics]
    places = [*(port.name for port in machine), *([""] * max(0, len(names) - len(machine)))]
    best = min(
        judged(layout, {n: p for n, p in zip(names, choice, strict=True) if p}, linked)
        for choice in permutations(places, len(names))
    )
    assert judged(layout, plan.moves, linked) == best
    assert len(set(plan.moves.values())) == len(plan.moves)
    assert set(plan.unconnected) == {r.name for r, gone in zip(layout.roles, best[0], strict=True) if gone}
    assert set(plan.why) == {nic for nic, port in plan.moves.items() if nic != port}
