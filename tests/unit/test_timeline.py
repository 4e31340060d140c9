"""A run in time: hand-made graphs with known answers, and what must hold of every run."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drconsole.model.run import StepState
from drconsole.model.step import Step
from drconsole.planning.timeline import PRIOR_S, Progress, left_of, pace_of
from drconsole.recovery.foreseen import foresee

HUGE = 10_000.0
"""Shipped seconds beside which the prior weighs next to nothing."""


def step(key: str, typical_s: float, *needs: str, **more: object) -> Step:
    made = Step(
        key=key, stage=key.partition("/")[0], handler=f"h.{key[-1]}", needs=needs, typical_s=typical_s
    )
    return msgspec.structs.replace(made, **more)


def at(step: Step, state: StepState = "pending", *times: float, attempts: int = 1) -> Progress:
    began, ended = (*times, None, None)[:2]
    tried = attempts if began is not None else 0
    return Progress(step=step, state=state, attempts=tried, began_s=began, ended_s=ended)


def test_before_the_start_both_are_the_longest_way_through_the_shipped_durations() -> None:
    rows = [
        at(step("map/a", 10)),
        at(step("provision/b", 60, "map/a")),
        at(step("provision/c", 20, "map/a")),
        at(step("import/d", 5, "provision/b", "provision/c")),
    ]
    seen = foresee(rows, 0.0)
    assert (seen.bound_s, seen.forecast_s) == (75.0, 75.0)
    assert seen.path == ("map/a", "provision/b", "import/d")
    assert seen.begins["provision/c"] == 10.0
    assert seen.ends["provision/c"] == 30.0


def test_a_step_at_work_counts_what_is_left_of_it_and_one_that_is_overdue_nothing() -> None:
    rows = [at(step("map/a", 40), "running", 10.0), at(step("map/b", 5, "map/a"))]
    assert foresee(rows, 25.0).bound_s == 55.0
    assert foresee(rows, 25.0).begins["map/a"] == 10.0
    assert foresee(rows, 300.0).bound_s == 305.0


def test_a_slow_run_goes_on_slowly_and_its_bound_does_not() -> None:
    rows = [at(step("provision/a", HUGE), "done", 0.0, 2 * HUGE), at(step("provision/b", 100, "provision/a"))]
    seen = foresee(rows, 2 * HUGE)
    assert seen.bound_s == 2 * HUGE + 100
    assert seen.forecast_s == pytest.approx(2 * HUGE + 200, abs=1)


def test_a_lab_whose_time_runs_quicker_is_foreseen_at_its_own_pace_and_so_is_its_bound() -> None:
    rows = [
        at(step("provision/a", HUGE), "done", 0.0, HUGE / 100),
        at(step("provision/b", 500, "provision/a")),
    ]
    seen = foresee(rows, HUGE / 100)
    assert seen.forecast_s == pytest.approx(HUGE / 100 + 5, abs=2)
    assert seen.bound_s == seen.forecast_s


def test_the_pace_is_a_handlers_own_else_its_stages_else_the_runs() -> None:
    install = step("provision/install", HUGE, handler="install")
    rows = [
        at(install, "done", 0.0, 3 * HUGE),
        at(step("provision/boot", HUGE, handler="boot"), "done", 0.0, HUGE),
    ]
    pace = pace_of(rows)
    assert pace(install) == pytest.approx(3, rel=0.01)
    assert pace(step("provision/other", 1, handler="other")) == pytest.approx(2, rel=0.01)
    assert pace(step("guests/other", 1, handler="guest")) == pytest.approx(2, rel=0.01)
    assert pace_of([])(install) == 1.0


def test_a_few_quick_steps_say_little_about_long_ones() -> None:
    quick = [at(step(f"preflight/{n}", 1), "done", 0.0, 0.01) for n in range(5)]
    assert pace_of(quick)(step("provision/x", 900)) > 0.5
    assert PRIOR_S > 5


def test_what_was_tried_twice_tells_no_pace_for_somebody_was_waited_for() -> None:
    rows = [at(step("provision/a", 100), "done", 0.0, 9000.0, attempts=2)]
    assert pace_of(rows)(step("provision/b", 100)) == 1.0


def test_the_path_goes_through_what_was_done_over_what_was_really_waited_for() -> None:
    rows = [
        at(step("map/a", 100), "done", 0.0, 5.0),
        at(step("map/b", 1), "done", 0.0, 50.0),
        at(step("import/c", 10, "map/a", "map/b"), "done", 50.0, 60.0),
        at(step("import/d", 10, "import/c")),
    ]
    assert foresee(rows, 60.0).path == ("map/b", "import/c", "import/d")


def test_a_run_that_is_over_is_as_long_as_it_was() -> None:
    rows = [at(step("map/a", 1), "done", 0.0, 5.0), at(step("map/b", 1, "map/a"), "cancelled")]
    seen = foresee([*rows, at(step("map/c", 500))], 42.0, over=True)
    assert (seen.bound_s, seen.forecast_s) == (42.0, 42.0)
    assert seen.path == ("map/a",)


def test_what_was_given_up_is_not_waited_for_and_what_failed_is_as_if_tried_now() -> None:
    rows = [
        at(step("provision/a", 1000), "skipped"),
        at(step("provision/b", 30), "failed", 0.0, 8.0),
        at(step("import/c", 10, "provision/b", optional_needs=("provision/a",))),
    ]
    seen = foresee(rows, 100.0)
    assert (seen.bound_s, seen.forecast_s) == (140.0, 140.0)
    assert "provision/a" not in seen.path


def test_what_needs_something_that_was_given_up_will_never_be() -> None:
    rows = [at(step("provision/a", 10), "skipped"), at(step("import/b", 1000, "provision/a"))]
    seen = foresee(rows, 5.0)
    assert (seen.bound_s, seen.forecast_s) == (5.0, 5.0)
    assert "import/b" not in seen.ends


def test_only_so_many_at_once_is_in_the_forecast_and_not_in_the_bound() -> None:
    rows = [at(step(f"guests/{n}", 10, resources=("vcenter",))) for n in range(4)]
    seen = foresee(rows, 0.0, capacity=lambda _: 2)
    assert (seen.bound_s, seen.forecast_s) == (10.0, 20.0)


def test_a_step_at_work_has_what_it_occupies() -> None:
    working = at(step("guests/z", 30, resources=("vcenter",)), "running", 0.0)
    urgent = at(step("guests/a", 500, resources=("vcenter",)))
    seen = foresee([urgent, working], 10.0, capacity=lambda _: 1)
    assert seen.begins == {"guests/z": 0.0, "guests/a": 30.0}
    assert seen.forecast_s == 530.0


_POSSIBLE: list[StepState] = ["pending", "pending", "running", "done", "failed", "waiting", "skipped"]
_STATES = st.sampled_from(_POSSIBLE)


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[Progress], float]:
    """A run somewhere on its way: what a step needs comes before it, and has ended where it has begun."""
    rows: list[Progress] = []
    elapsed = draw(st.floats(0, 1000))
    for number in range(draw(st.integers(1, 12))):
        needs = draw(st.lists(st.sampled_from([row.step.key for row in rows]), unique=True)) if rows else []
        free = all(row.state == "done" for row in rows if row.step.key in needs)
        state: StepState = draw(_STATES) if free else "pending"
        made = step(f"guests/{number}", draw(st.floats(0.1, 900)), *needs, resources=("vcenter",))
        after = max((row.ended_s or 0.0 for row in rows if row.step.key in needs), default=0.0)
        began = draw(st.floats(after, elapsed)) if state in ("running", "done") else None
        ended = draw(st.floats(began, elapsed)) if state == "done" and began is not None else None
        rows.append(
            Progress(step=made, state=state, attempts=int(began is not None), began_s=began, ended_s=ended)
        )
    return rows, elapsed


@given(runs())
def test_the_bound_is_never_later_than_the_forecast_nor_earlier_than_now(
    run: tuple[list[Progress], float],
) -> None:
    rows, elapsed = run
    seen = foresee(rows, elapsed, capacity=lambda _: 2)
    assert elapsed <= seen.bound_s <= seen.forecast_s
    assert seen.forecast_s >= max(seen.ends.values(), default=0.0)
    left = left_of(rows, elapsed)
    assert all(0 <= shortest <= paced for shortest, paced in left.values())
    by_key = {row.step.key: row.step for row in rows}
    for before, after in zip(seen.path, seen.path[1:], strict=False):
        assert before in by_key[after].needs
        assert seen.ends[before] <= seen.begins[after] + 1e-6
    if seen.path:
        assert seen.ends[seen.path[-1]] == max(seen.ends.values())
        known = [need for need in by_key[seen.path[0]].needs if need in seen.ends]
        assert not known
