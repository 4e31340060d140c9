"""Targets are matched to roles: what fits, at least waste, with reasons; and a given mapping is checked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from drconsole.errors import DRConsoleError, InvalidDocument, Refused, UnknownName
from drconsole.model.inventory import Snapshot
from drconsole.model.mapping import HostMapping, HostRole, ManagementRole, PhysicalRole
from drconsole.model.plan import RoleMatch
from drconsole.model.target import Target
from drconsole.planning.fit import misfit, tightness, waste
from drconsole.planning.mapping_check import check_mapping
from drconsole.planning.match import Match, match_targets
from drconsole.planning.roles import Need, needs_of
from tests.unit.planning_site import HOSTS, ID, host, mapping, small_site, target

HOST_NAMES = ["T0", "T1", "T2", "T3"]


def pool() -> list[Target]:
    return [
        target("D", memory_gib=32, threads=8),
        *(target(name) for name in HOST_NAMES),
        target("S", memory_gib=96, threads=24),
    ]


def roles(match: Match) -> dict[str, RoleMatch]:
    return {role.name: role for role in match.roles}


def match(targets: list[Target], given: HostMapping | None = None) -> Match:
    return match_targets(small_site(), ID, targets, segments=("rack-1",), given=given)


def test_each_role_gets_the_smallest_that_fits_and_is_told_why() -> None:
    found = match([*pool(), target("Z", memory_gib=512, threads=128)])
    assert {r.name: r.target for r in found.roles} == {
        "vc-01": "D",
        "esx-01": "T0",
        "esx-02": "T1",
        "esx-03": "T2",
        "esx-04": "T3",
        "db-01": "S",
    }
    assert roles(found)["esx-01"].reason == "smallest that fits; rack-1"
    assert roles(found)["esx-01"].fit == "good"
    assert "32 GiB memory, 128 GiB needed" in roles(found)["esx-01"].refused["D"]
    written = found.complete()
    assert written.management_server == ManagementRole(protected="vc-01", target="D")
    assert [h.target for h in written.hosts] == HOST_NAMES
    assert written.physical_servers[0].target == "S"


def test_the_order_of_the_pool_does_not_matter() -> None:
    assert match(pool()) == match(list(reversed(pool())))


def test_too_few_says_how_many_more_and_of_what_size() -> None:
    found = match([t for t in pool() if t.name not in ("T0", "T2")])
    assert len(found.missing) == 2
    with pytest.raises(Refused, match=r"2 more targets are needed: .*32 threads, 128 GiB, 4 NICs"):
        found.complete()
    nobody = match([])
    assert len(nobody.missing) == 6
    assert all(role.fit == "none" for role in nobody.roles)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"state": "leased", "run": "R-1"}, "is leased by run R-1"),
        ({"state": "reserved", "run": "R-2"}, "is reserved by run R-2"),
        ({"state": "in-service", "run": "R-2"}, "is in-service by run R-2"),
        ({"state": "wiping"}, "is wiping"),
        ({"state": "unreachable", "error": "silent"}, "unreachable: silent"),
        ({"hardware": None}, "drconsole target check T0"),
        ({"segment": "rack-9"}, "segment rack-9"),
    ],
)
def test_a_target_out_of_reach_is_refused_by_name(change: dict[str, object], says: str) -> None:
    spoilt = [replace(t, **change) if t.name == "T0" else t for t in pool()]
    found = match([*spoilt, target("Z")])
    assert roles(found)["esx-01"].target != "T0"
    assert says in roles(found)["esx-01"].refused["T0"]


def test_what_is_reserved_for_this_run_may_be_used() -> None:
    mine = [replace(t, state="reserved", run="R-1") for t in pool()]
    assert match_targets(small_site(), ID, mine, run="R-1").missing == ()
    assert len(match_targets(small_site(), ID, mine, run="R-2").missing) == 6


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"boot_mode": "legacy"}, "UEFI"),
        ({"cpu_vendor": "AuthenticAMD"}, "cluster one is intel"),
        ({"cpu_threads": 16, "cpu_cores": 8}, "16 threads, 32 needed"),
        ({"nics": ()}, "0 NICs, 4 needed"),
        ({"disks": ()}, "no local disk"),
    ],
)
def test_a_target_of_the_wrong_kind_is_refused(change: dict[str, object], says: str) -> None:
    hardware = target("T0").hardware
    assert hardware is not None
    wrong = replace(target("A"), hardware=replace(hardware, **change))
    assert says in roles(match([wrong, *pool()]))["esx-01"].refused["A"]


def test_disks_with_data_need_consent() -> None:
    kept = replace(target("A"), may_wipe=False)
    assert "wipe" in roles(match([kept, *pool()]))["esx-01"].refused["A"]


def test_a_dark_uplink_is_taken_last_and_said() -> None:
    dark = target("A", links=(True, True, False, True))
    found = match([dark, *pool()])
    assert "A" not in {r.target for r in found.roles}
    short = match([dark, *[t for t in pool() if t.name != "T0"]])
    tight = next(r for r in short.roles if r.target == "A")
    assert tight.fit == "tight"
    assert "re-arranged" in tight.reason


def test_less_than_a_tenth_over_is_tight() -> None:
    found = match([target("A", memory_gib=130), *pool()])
    assert roles(found)["esx-01"].target == "A"
    assert roles(found)["esx-01"].fit == "tight"


def test_a_machine_of_the_same_size_is_a_good_fit() -> None:
    found = match([target("A", memory_gib=128, threads=32), *pool()])
    assert (roles(found)["esx-01"].target, roles(found)["esx-01"].fit) == ("A", "good")


def test_the_management_server_needs_a_linked_nic_more_than_it_had() -> None:
    single = target("D", memory_gib=32, threads=8, links=(True, False))
    found = match([single, *pool()[1:], target("Z")])
    assert "1 NICs with link, 2 needed" in roles(found)["vc-01"].refused["D"]


def test_a_host_that_is_not_deployed_takes_its_need_away() -> None:
    off = HostMapping(
        site="pittsburgh", snapshot=ID, hosts=(HostRole(protected="host-2", name="esx-02", deploy=False),)
    )
    found = match([t for t in pool() if t.name != "T3"], given=off)
    assert found.missing == ()
    assert "esx-02" not in roles(found)
    assert [(h.deploy, h.target) for h in found.mapping.hosts] == [
        (True, "T0"),
        (False, ""),
        (True, "T1"),
        (True, "T2"),
    ]


def test_the_target_of_a_host_that_is_not_deployed_is_free_for_others() -> None:
    off = HostMapping(
        site="pittsburgh",
        snapshot=ID,
        hosts=(
            HostRole(protected="host-2", name="esx-02", target="T0", deploy=False),
            HostRole(protected="host-3", name="esx-03", target="T3", deploy=False),
        ),
    )
    found = match(pool(), given=off)
    assert [h.target for h in found.complete().hosts] == ["T0", "", "T3", "T1"]
    check_mapping(found.complete(), small_site(), pool())


def test_without_hosts_no_management_server_is_needed() -> None:
    off = HostMapping(
        site="pittsburgh",
        snapshot=ID,
        hosts=tuple(HostRole(protected=h, name=h, deploy=False) for h in HOSTS),
    )
    found = match([target("S")], given=off)
    assert [role.name for role in found.roles] == ["db-01"]
    assert found.complete().management_server is None


def test_what_somebody_chose_is_kept_and_the_rest_is_filled() -> None:
    chosen = HostMapping(
        site="pittsburgh", snapshot=ID, hosts=(HostRole(protected="host-1", name="esx-01", target="T3"),)
    )
    found = match(pool(), given=chosen)
    assert [h.target for h in found.complete().hosts] == ["T3", "T0", "T1", "T2"]


def test_a_right_mapping_passes() -> None:
    lines = check_mapping(mapping(), small_site(), pool(), segments=("rack-1",))
    assert {line.target for line in lines} == {"D", *HOST_NAMES, "S"}


def changed(**change: object) -> HostMapping:
    return replace(mapping(), **change)


FIRST = mapping().hosts[0]
REST = mapping().hosts[1:]


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        (changed(hosts=(replace(FIRST, protected="host-9"), *REST)), UnknownName, "host-9"),
        (changed(hosts=(replace(FIRST, target="Q"), *REST)), UnknownName, "target Q"),
        (
            changed(management_server=ManagementRole(protected="vc-99", target="D")),
            UnknownName,
            "management server vc-99",
        ),
        (changed(physical_servers=(PhysicalRole(protected="db-9", target="S"),)), UnknownName, "db-9"),
        (changed(hosts=(replace(FIRST, target="T1"), *REST)), InvalidDocument, "T1 stands twice"),
        (changed(hosts=(FIRST, FIRST, *REST)), InvalidDocument, "twice"),
        (changed(hosts=(replace(FIRST, target=""), *REST)), InvalidDocument, "no target for esx-01"),
        (changed(management_server=None), InvalidDocument, "no management server"),
        (changed(site="boston"), InvalidDocument, "boston"),
        (changed(hosts=(replace(FIRST, target="L"), *REST)), Refused, "L for esx-01: is leased by run R-7"),
        (changed(hosts=(replace(FIRST, target="N"), *REST)), Refused, "never probed"),
        (
            changed(hosts=(replace(FIRST, target="B"), *REST)),
            Refused,
            "B for esx-01: .*16 GiB memory, 128 GiB needed",
        ),
    ],
)
def test_a_wrong_mapping_is_refused_for_what_is_wrong(
    wrong: HostMapping, error: type[DRConsoleError], says: str
) -> None:
    others = [
        target("L", state="leased", run="R-7"),
        replace(target("N"), hardware=None),
        target("B", memory_gib=16),
    ]
    with pytest.raises(error, match=says):
        check_mapping(wrong, small_site(), [*pool(), *others])


def sized_site(sizes: list[tuple[int, int]]) -> Snapshot:
    hosts = tuple(
        host(n, "c-1", memory_gib=memory, threads=threads) for n, (memory, threads) in enumerate(sizes)
    )
    return replace(small_site(), hosts=hosts, management_server=None, physical_servers=())


Size = tuple[int, int]
SIZES = st.tuples(st.sampled_from([64, 128, 192, 256]), st.sampled_from([16, 32, 64]))


@settings(max_examples=60, deadline=None)
@given(st.lists(SIZES, min_size=1, max_size=4), st.lists(SIZES, min_size=1, max_size=5))
def test_no_assignment_by_hand_is_better(
    hosts: list[tuple[int, int]], machines: list[tuple[int, int]]
) -> None:
    site = sized_site(hosts)
    targets = [target(f"T{n}", memory_gib=m, threads=t) for n, (m, t) in enumerate(machines)]
    needs = needs_of(site)
    spare: list[Target | None] = [*targets, *([None] * len(needs))]
    best = min(
        cost
        for choice in set(permutations(spare, len(needs)))
        if (cost := judged(needs, choice, targets)) is not None
    )
    found = match_targets(site, ID, targets)
    by_name = {t.name: t for t in targets}
    got = [by_name.get(role.target) for role in found.roles]
    assert judged(needs, got, targets) == best
    assert len({t.name for t in got if t}) == sum(t is not None for t in got)


def judged(
    needs: Sequence[Need], choice: Sequence[Target | None], pool: list[Target]
) -> tuple[int, int, int, int] | None:
    """What matters, in its order: roles without a target, waste, tight fits, names out of order."""
    pairs = [(row, need, t) for row, (need, t) in enumerate(zip(needs, choice, strict=True)) if t]
    if any(misfit(need, t) for _, need, t in pairs):
        return None
    return (
        len(needs) - len(pairs),
        sum(waste(need, t) for _, need, t in pairs),
        sum(bool(tightness(need, t)) for _, need, t in pairs),
        sum(pool.index(t) * (len(needs) - row) for row, _, t in pairs),
    )
