"""Before a run: what stands against it, and what the operator should only know."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from drconsole.errors import Refused
from drconsole.model.plan import Finding
from drconsole.model.site import NetworkPlace, Provisioning
from drconsole.planning.addresses import assign_addresses
from drconsole.planning.match import match_targets
from drconsole.planning.readiness import GroupHealth, World, duration_text, readiness, ready
from drconsole.planning.verdicts import judge
from tests.unit.planning_site import HOSTS, ID, mapped, mapping, selection, small_plan, small_site, target

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
POOL = [
    target("D", memory_gib=32, threads=8),
    *(target(f"T{n}") for n in range(4)),
    target("S", memory_gib=96, threads=24),
]
HEALTHY = (GroupHealth(id="a1/g1", state="target"), GroupHealth(id="a2/g1", state="target"))


def found(**change: Any) -> tuple[Finding, ...]:
    site = change.pop("snapshot", small_site())
    plan = change.pop("site", small_plan())
    values: dict[str, Any] = {
        "mode": "drill",
        "site": plan,
        "snapshot": site,
        "mapping": mapping(),
        "selection": selection("vm-2", "vm-3", "vm-4", "vm-5"),
        "verdicts": judge(site, plan),
        "matches": match_targets(site, ID, POOL).roles,
        "world": World(now=NOW, groups=HEALTHY),
    }
    return readiness(**values | change)


def blocking(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{f.subject}: {f.text}" for f in findings if f.blocks]


@pytest.mark.parametrize("mode", ["drill", "disaster"])
def test_a_site_that_is_ready(mode: str) -> None:
    findings = found(mode=mode)
    assert blocking(findings) == []
    assert ready(findings)
    assert [f.text for f in findings] == ["cannot be recovered: web-06"]


def test_an_old_snapshot_is_said_and_never_blocks() -> None:
    late = World(now=datetime(2026, 11, 22, 11, 20, tzinfo=UTC))
    findings = found(mode="disaster", world=late)
    assert ready(findings)
    assert any("is 3 h 20 min old, the objective is 1 h" in f.text for f in findings)


def test_a_snapshot_that_nobody_can_trust_blocks() -> None:
    broken = replace(small_site(), consistent=False, dangling=("x",))
    assert blocking(found(snapshot=broken)) == ["snapshot: is inconsistent, 1 references dangle"]
    assert blocking(found(world=World(now=NOW, verified=False))) == ["snapshot: is not verified"]


def plan_with(**places: NetworkPlace | None) -> Any:
    """The small plan, with other places for the network `prod`."""
    plan = small_plan()
    return replace(
        plan, networks=tuple(replace(n, **places) if n.name == "prod" else n for n in plan.networks)
    )


def test_a_drill_never_touches_production() -> None:
    assert blocking(found(site=plan_with(drill=None))) == ["prod: is not mapped for a drill"]
    same = "prod: its drill VLAN 100 is the real one of prod"
    assert blocking(found(site=plan_with(drill=NetworkPlace(vlan=100)))) == [same]
    other = "prod: its drill VLAN 20 is the real one of vMotion"
    assert blocking(found(site=plan_with(drill=NetworkPlace(vlan=20)))) == [other]
    # Not mapped for a real run: then the captured VLAN is what production has.
    bare = plan_with(drill=NetworkPlace(vlan=100), real=None)
    assert blocking(found(site=bare)) == [same]


def test_only_a_real_run_needs_real_networks() -> None:
    bare = plan_with(real=None)
    assert blocking(found(site=bare)) == []
    assert blocking(found(site=bare, mode="disaster")) == ["prod: is not mapped for a real run"]


def test_networks_of_what_is_not_recovered_do_not_matter() -> None:
    bare = plan_with(drill=None)
    assert blocking(found(site=bare, selection=selection())) == []
    plan = small_plan()
    no_hosts = replace(plan, networks=(mapped("prod", 100),))
    assert blocking(found(site=no_hosts)) == [
        "Management Network: is not mapped for a drill",
        "vMotion: is not mapped for a drill",
    ]


@pytest.mark.parametrize(
    ("group", "says"),
    [
        (GroupHealth(id="a1/g1", synced=False), "a1/g1: its first synchronisation"),
        (GroupHealth(id="a1/g1", state="partial"), "a1/g1: some of its volumes"),
        (GroupHealth(id="a1/g1", state="source"), "a1/g1: is the source here"),
        (GroupHealth(id="a1/g1", error="no answer"), "a1/g1: cannot be used: no answer"),
        (GroupHealth(id="other/g"), "a1/g1: the recovery array does not know"),
    ],
)
def test_a_group_that_cannot_be_promoted_blocks(group: GroupHealth, says: str) -> None:
    texts = blocking(found(world=World(now=NOW, groups=(group, HEALTHY[1]))))
    assert len(texts) == 1
    assert texts[0].startswith(says)
    unused = found(world=World(now=NOW, groups=(group, HEALTHY[1])), selection=selection("vm-4"))
    assert blocking(unused) == []


def test_lag_and_skew_are_said() -> None:
    slow = (replace(HEALTHY[0], lag_s=7200.0), HEALTHY[1])
    findings = found(world=World(now=NOW, groups=slow, skews_s={"bmc D": -400.0, "bmc T0": 200.0}))
    assert ready(findings)
    texts = [f"{f.subject}: {f.text}" for f in findings]
    assert "a1/g1: is 2 h behind, the objective is 1 h" in texts
    assert "bmc D: its clock is 6 min behind ours" in texts
    assert not any("T0" in text for text in texts)


def test_targets_that_lack_or_hardly_fit() -> None:
    few = match_targets(small_site(), ID, POOL[:-2]).roles
    assert len(blocking(found(matches=few))) == 2
    tight = match_targets(small_site(), ID, [*POOL[:4], POOL[-1], target("T9", memory_gib=129)]).roles
    findings = found(matches=tight)
    assert ready(findings)
    assert any("fits T9 tightly" in f.text for f in findings)


def test_deploy_flags() -> None:
    nothing = found(mapping=mapping((), physical=False), selection=selection())
    assert blocking(nothing) == ["deploy flags: nothing is deployed"]
    partial = found(mapping=mapping(HOSTS[:3]))
    assert ready(partial)
    assert any(f.text == "not deployed: esx-04" for f in partial)
    assert blocking(found(mapping=mapping(()), selection=selection("vm-2"))) == [
        "web-02: no deployed host can take it: no host is deployed"
    ]
    assert len(blocking(found(selection=selection("vm-6", listed=("vm-6",))))) >= 1


def test_findings_that_block_come_first() -> None:
    findings = found(world=World(now=NOW, verified=False, groups=HEALTHY))
    assert [f.blocks for f in findings] == [True, False]


@pytest.mark.parametrize(
    ("seconds", "text"), [(45, "45 s"), (720, "12 min"), (12000, "3 h 20 min"), (187200, "2 d 4 h")]
)
def test_durations_in_words(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


RANGE = Provisioning(address="10.0.0.10", netmask="255.255.255.0", first="10.0.0.9", last="10.0.0.13")


def test_a_drill_beside_a_protected_host_is_blocked() -> None:
    site = small_site()
    nic = replace(site.hosts[0].virtual_nics[0], ip="10.0.0.200")
    beside = replace(site, hosts=(replace(site.hosts[0], virtual_nics=(nic,)), *site.hosts[1:]))
    assert blocking(found(snapshot=beside, provisioning=RANGE)) == [
        "esx-01: its address 10.0.0.200 is on the provisioning network: a drill could reach it"
    ]
    assert blocking(found(snapshot=beside, provisioning=RANGE, mode="disaster")) == []
    assert blocking(found(provisioning=RANGE)) == []


def test_addresses_skip_what_is_in_use() -> None:
    found_addresses = assign_addresses(RANGE, ["vc-01", "esx-01", "esx-02"], in_use=["10.0.0.11"])
    assert found_addresses == {"vc-01": "10.0.0.9", "esx-01": "10.0.0.12", "esx-02": "10.0.0.13"}


def test_a_range_that_is_too_small_says_by_how_many() -> None:
    with pytest.raises(Refused, match="2 more addresses"):
        assign_addresses(RANGE, [f"esx-{n}" for n in range(6)])
