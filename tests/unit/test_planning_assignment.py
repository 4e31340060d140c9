"""The small assignment solver against the large one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from drconsole.planning.assignment import cheapest


@st.composite
def costs(draw: st.DrawFn) -> list[list[int]]:
    rows, more = draw(st.integers(0, 7)), draw(st.integers(0, 4))
    one = st.lists(st.integers(0, 50), min_size=rows + more, max_size=rows + more)
    return draw(st.lists(one, min_size=rows, max_size=rows))


@given(costs())
def test_it_is_as_cheap_as_scipy_s(cost: list[list[int]]) -> None:
    chosen = cheapest(cost)
    assert len(set(chosen)) == len(cost)
    ours = sum(row[column] for row, column in zip(cost, chosen, strict=True))
    theirs = linear_sum_assignment(cost)[1].tolist() if cost else []
    assert ours == sum(row[column] for row, column in zip(cost, theirs, strict=True))


def test_numbers_beyond_those_of_a_float_are_told_apart() -> None:
    large = 2**80
    assert cheapest([[large + 1, large], [large, large]]) == [1, 0]
