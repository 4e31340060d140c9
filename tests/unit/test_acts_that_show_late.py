"""A device that says "done" before it is, and a way to it that fails at that very moment."""

from __future__ import annotations

import pytest

from drconsole.errors import DeviceError, DRConsoleError, OutcomeUnknown, Unreachable
from drconsole.model.step import Done, Work
from drconsole.recovery import carry
from tests.unit.devices.work import FakeWork
from tests.unit.runs.plans import step


class Late:
    """Shows what was done at the observation number `shows`; `fails` are observations without answer."""

    def __init__(self, *, shows: int, fails: tuple[int, ...] = (), act: DRConsoleError | None = None) -> None:
        self.acts = 0
        self._looks = 0
        self._shows = shows
        self._fails = fails
        self._error = act

    async def observe(self, work: Work) -> Done | None:
        self._looks += 1
        if self._looks in self._fails:
            raise Unreachable("gives no answer")
        return Done() if self.acts and self._looks >= self._shows else None

    async def act(self, work: Work) -> None:
        self.acts += 1
        if self._error is not None and self.acts == 1:
            raise self._error


def _work() -> FakeWork:
    return FakeWork(step("import/a/create"), "drill", {}, [])


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry, "RETRY_S", (0.0, 0.0))
    monkeypatch.setattr(carry, "SETTLE_S", (0.0, 0.0, 0.0))


async def test_a_lost_look_after_an_act_does_not_lead_to_a_second_act() -> None:
    handler = Late(shows=5, fails=(2,))
    await carry.carry_out(handler, _work())
    assert handler.acts == 1


async def test_an_unknown_outcome_gets_its_time_to_show() -> None:
    handler = Late(shows=4, act=OutcomeUnknown("the connection died"))
    await carry.carry_out(handler, _work())
    assert handler.acts == 1


async def test_what_never_shows_is_done_again() -> None:
    handler = Late(shows=7, act=OutcomeUnknown("the connection died"))
    await carry.carry_out(handler, _work())
    assert handler.acts == 2


async def test_a_busy_device_is_asked_again_at_once() -> None:
    handler = Late(shows=3, act=DeviceError("busy", code="ABORTED"))
    await carry.carry_out(handler, _work())
    assert handler.acts == 2


async def test_an_act_that_a_deadline_cut_gets_its_time_to_show_in_the_next_attempt() -> None:
    """An operator may be quick to retry it, and what was asked for cannot be called back."""
    handler = Late(shows=3)
    handler.acts = 1
    await carry.carry_out(handler, _work(), cut=True)
    assert handler.acts == 1
    again = Late(shows=3)
    again.acts = 1
    await carry.carry_out(again, _work())
    assert again.acts == 2
