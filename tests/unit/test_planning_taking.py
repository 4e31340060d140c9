"""Which machines a real run takes from drills: none while free ones do, else as few as will do."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from drconsole.model.target import Target, TargetState
from drconsole.planning.taking import match_taking, takeable
from tests.unit.planning_site import ID, small_site, target

DRILL = "R-DRILL"
NAMES = tuple("DEFGHIJK")
"""Eight machines of one size; the small site needs six."""


def pool() -> tuple[Target, ...]:
    return tuple(target(name) for name in NAMES)


def held(*names: str, may_wipe: bool = True, state: TargetState = "leased") -> list[Target]:
    """The pool in which a drill holds these machines."""
    return [
        replace(each, state=state, run=DRILL, may_wipe=may_wipe) if each.name in names else each
        for each in pool()
    ]


def test_nothing_is_taken_while_free_machines_do() -> None:
    targets = held("D", "E")
    match, taken = match_taking(small_site(), ID, targets, takeable(targets, {DRILL}))
    assert match.missing == ()
    assert taken == {}
    assert {role.target for role in match.roles} == set("FGHIJK")


@pytest.mark.parametrize("count", [3, 5, 8])
def test_as_few_are_taken_as_complete_the_match_and_the_reason_says_so(count: int) -> None:
    targets = held(*NAMES[:count])
    match, taken = match_taking(small_site(), ID, targets, takeable(targets, {DRILL}))
    assert match.missing == ()
    assert len(taken) == count - 2
    told = {role.target for role in match.roles if f"taken from drill {DRILL}" in role.reason}
    assert told == set(taken)


def test_a_machine_that_is_only_reserved_is_taken_before_one_that_was_installed() -> None:
    targets = held(*NAMES[:3])
    targets = [replace(t, state="reserved") if t.name == "E" else t for t in targets]
    _, taken = match_taking(small_site(), ID, targets, takeable(targets, {DRILL}))
    assert taken == {"E": DRILL}


def test_a_machine_that_may_not_be_wiped_is_left_to_its_drill() -> None:
    targets = held(*NAMES, may_wipe=False)
    assert takeable(targets, {DRILL}) == {}


def test_machines_of_real_runs_and_those_in_service_are_never_taken() -> None:
    targets = held("D", "E", state="in-service")
    assert takeable(targets, {DRILL}) == {}
    assert takeable(held("D"), {"R-OTHER"}) == {}


def test_where_even_all_do_not_suffice_nothing_is_taken() -> None:
    targets = held("D")[:1]
    match, taken = match_taking(small_site(), ID, targets, takeable(targets, {DRILL}))
    assert match.missing
    assert taken == {}
