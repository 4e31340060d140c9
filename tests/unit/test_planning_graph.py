"""Drivers give steps; what does not join is refused with the names of what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drconsole.errors import Refused
from drconsole.model.step import STAGES, Step
from drconsole.planning.estimate import estimate
from drconsole.planning.graph import dependants, join


def step(key: str, *needs: str, optional: tuple[str, ...] = (), seconds: float = 1.0) -> Step:
    return Step(
        key=key,
        stage=key.split("/", maxsplit=1)[0],
        handler="test",
        needs=needs,
        optional_needs=optional,
        typical_s=seconds,
    )


HALT = step("halt/g/halt", seconds=5)
LEASE = step("map/D/lease", HALT.key)
READY = step("provision/esx-01/ready", LEASE.key, seconds=100)
OTHER = step("provision/esx-02/ready", LEASE.key, seconds=50)
BARRIER = step("storage/site/barrier", READY.key, optional=(OTHER.key,), seconds=2)


def test_steps_of_all_drivers_become_one_order() -> None:
    joined = join([BARRIER, READY], [OTHER, LEASE, HALT])
    assert [s.key for s in joined] == [HALT.key, LEASE.key, READY.key, OTHER.key, BARRIER.key]


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([HALT, HALT], r"twice.*halt/g/halt"),
        ([LEASE], r"map/D/lease needs halt/g/halt"),
        ([HALT, step("map/a/x", optional=("map/b/x",))], r"map/a/x needs map/b/x"),
        ([step("halt/a/x", "map/b/x"), step("map/b/x")], r"halt/a/x needs map/b/x of the later stage map"),
        ([step("map/a/x", "map/b/x"), step("map/b/x", "map/a/x")], r"wait for each other.*map/a/x.*map/b/x"),
        ([step("map/a/x", "map/a/x")], r"map/a/x needs map/a/x"),
    ],
)
def test_what_does_not_join_is_refused_by_name(steps: list[Step], says: str) -> None:
    with pytest.raises(Refused, match=says):
        join(steps)


def test_a_plan_without_stages_is_ordered_by_its_needs() -> None:
    wipe, off = step("cleanup/D/wipe", "cleanup/g/off"), step("cleanup/g/off")
    assert join([wipe], [off]) == (off, wipe)


def test_a_failure_stops_what_depends_on_it_and_nothing_else() -> None:
    steps = (HALT, LEASE, READY, OTHER, BARRIER)
    assert dependants(steps, LEASE.key) == {READY.key, OTHER.key, BARRIER.key}
    assert dependants(steps, OTHER.key) == frozenset()


def test_the_estimate_is_the_longest_path_and_names_it() -> None:
    found = estimate([OTHER, BARRIER, READY, LEASE, HALT])
    assert found.seconds == 108
    assert found.critical_path == (HALT.key, LEASE.key, READY.key, BARRIER.key)
    assert estimate([]).critical_path == ()


def test_the_estimate_waits_for_optional_needs_too() -> None:
    slow = step(OTHER.key, LEASE.key, seconds=300)
    assert estimate([slow, BARRIER, READY, LEASE, HALT]).critical_path[-2:] == (OTHER.key, BARRIER.key)


@st.composite
def graphs(draw: st.DrawFn) -> list[Step]:
    """Acyclic: each step needs some of those drawn before it, in stages that do not go back."""
    stages = sorted(draw(st.lists(st.integers(0, len(STAGES) - 1), min_size=1, max_size=12)))
    steps: list[Step] = []
    for number, stage in enumerate(stages):
        needs = draw(st.sets(st.sampled_from([s.key for s in steps]), max_size=3)) if steps else set()
        steps.append(step(f"{STAGES[stage]}/o{number}/do", *sorted(needs), seconds=number + 1.0))
    return draw(st.permutations(steps))


@given(graphs())
def test_every_order_keeps_every_need(steps: list[Step]) -> None:
    joined = join(steps)
    place = {s.key: n for n, s in enumerate(joined)}
    assert sorted(place) == sorted(s.key for s in steps)
    assert all(place[need] < place[s.key] for s in steps for need in s.needs)
    longest: dict[str, float] = {}
    for s in joined:
        longest[s.key] = s.typical_s + max((longest[n] for n in s.needs), default=0.0)
    found = estimate(steps)
    assert found.seconds == max(longest.values())
    by_key = {s.key: s for s in steps}
    assert sum(by_key[key].typical_s for key in found.critical_path) == found.seconds
