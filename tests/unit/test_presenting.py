"""Walkthrough: one presenter a run, seen by all who watch it, gone when nothing is heard of them."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from drconsole.api.presenting import Presented
from drconsole.errors import Busy
from drconsole.service import presenting
from drconsole.service.presenting import Presenter, Presenters

ANN, BOB, ANN_ELSEWHERE = Presenter("ann", 10), Presenter("bob", 20), Presenter("ann", 11)


async def test_watchers_see_where_the_presenter_is_each_move_once_and_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presenting, "HELD_S", 0.3)
    presenters = Presenters()
    async with contextlib.aclosing(presenters.watched("R-1")) as places, asyncio.timeout(5):
        assert await anext(places) == Presented(run="R-1", by="")
        for screen, cursor in (("run", "a"), ("run", "a"), ("run", "b"), ("uplinks", "")):
            presenters.present("R-1", ANN, screen, cursor)
            await asyncio.sleep(0)
        assert (await anext(places)).screen == "uplinks"
        presenters.present("R-1", ANN, "run", "c")
        moved = await anext(places)
        assert (moved.by, moved.cursor) == ("ann", "c")
        assert moved.at.endswith("Z")
        presenters.present("R-1", ANN, "run", "c")
        assert await anext(places) == Presented(run="R-1", by="")


async def test_a_second_presenter_is_told_who_presents_until_the_first_ends() -> None:
    presenters = Presenters()
    presenters.present("R-1", ANN, "run", "")
    for other in (BOB, ANN_ELSEWHERE):
        with pytest.raises(Busy, match="ann presents"):
            presenters.present("R-1", other, "run", "")
    presenters.present("R-2", BOB, "run", "")
    presenters.present("R-1", ANN, "", "")
    presenters.present("R-1", BOB, "run", "")
    assert presenters.of("R-1").by == "bob"
    presenters.present("R-1", BOB, "", "")
    presenters.present("R-2", BOB, "", "")


async def test_only_silence_ends_it_and_what_is_said_again_prolongs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presenting, "HELD_S", 0.4)
    presenters = Presenters()
    for _ in range(4):
        presenters.present("R-1", ANN, "run", "x" * 2000)
        await asyncio.sleep(0.2)
        assert presenters.of("R-1").by == "ann"
        assert len(presenters.of("R-1").cursor) == 500
    await asyncio.sleep(0.6)
    assert presenters.of("R-1").by == ""
