"""A whole drill as consoles see it: pushed, of both management servers, in time; an observer only looks."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.api.overview import Overview
from drconsole.api.timeline import Timeline
from drconsole.api.values import InventoryBatch
from drconsole.errors import Busy, Refused
from drconsole.model.run import RunView
from tests.lab.own_lab import OwnLab, own_lab

pytestmark = pytest.mark.timeout(180)
AT_REST = ("held", "done", "failed", "cancelled")


class Seen(msgspec.Struct):
    """What was told to those who looked."""

    folder: Path
    run: str = ""
    overviews: list[Overview] = []
    before: str = ""
    recovered: list[InventoryBatch] = []
    given_back: str = ""
    timelines: list[Timeline] = []
    refused: str = ""
    second: str = ""
    presented: list[tuple[str, str, str]] = []
    runners: list[Any] = []
    view: RunView | None = None
    reports: dict[str, str] = {}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """One drill of a small world, looked at from its beginning until its machines are back."""
    folder = tmp_path_factory.mktemp("consoles")
    with own_lab(folder / "lab", hosts=2, vms=6, targets=4, speed=150) as lab:
        lab.captured()
        return asyncio.run(_looked(lab, Seen(folder=folder)))


async def _looked(lab: OwnLab, seen: Seen) -> Seen:
    async with (
        await Client.connect(lab.configuration) as operator,
        await Client.connect(lab.configuration, observe=True) as observer,
        asyncio.TaskGroup() as group,
    ):
        watching = group.create_task(_overviews(observer, seen))
        started = await operator.ask(requests.Recover(site="pittsburgh", mode="drill", rto_s=7200.0))
        seen.run = started.run
        try:
            await observer.ask(requests.WatchInventory(site="pittsburgh", run="latest"))
        except Refused as none_yet:
            seen.before = none_yet.message
        await _presented(operator, observer, seen)
        timing = group.create_task(_timed(observer, seen))
        inventory = group.create_task(_recovered(observer, seen))
        seen.view = await observer.ask(requests.Attach(run=seen.run))
        await timing
        for form in ("html", "csv", "junit"):
            reply = await observer.ask(requests.Report(run=seen.run, format=form))
            seen.reports[form] = reply.rendered
        try:
            await observer.ask(requests.Cleanup(run=seen.run))
        except Refused as only_looks:
            seen.refused = only_looks.message
        await operator.ask(requests.Cleanup(run=seen.run))
        await operator.ask(requests.Attach(run=seen.run))
        await inventory
        await asyncio.sleep(0.5)
        watching.cancel()
    return seen


async def _overviews(client: Client, seen: Seen) -> None:
    async with contextlib.aclosing(client.items(requests.WatchOverview())) as items:
        async for item in items:
            seen.overviews.append(item)


async def _presented(operator: Client, observer: Client, seen: Seen) -> None:
    """The presenter of this process moves twice and ends; an observer cannot present."""
    places: AsyncGenerator[Any, None] = observer.items(requests.WatchPresenter(run=seen.run))
    async with contextlib.aclosing(places):
        for screen, cursor in (("run", "machine/D"), ("uplinks", "esx-01"), ("", "")):
            shows = await anext(places)
            seen.presented.append((shows.by, shows.screen, shows.cursor))
            await operator.ask(requests.Present(run=seen.run, screen=screen, cursor=cursor))
        shows = await anext(places)
        seen.presented.append((shows.by, shows.screen, shows.cursor))
    try:
        await observer.ask(requests.Present(run=seen.run, screen="run"))
    except (Refused, Busy) as other:
        seen.second = other.message


async def _timed(client: Client, seen: Seen) -> None:
    while True:
        view = await client.ask(requests.ShowRun(run=seen.run))
        rests = view.state in AT_REST
        if rests:
            await asyncio.sleep(3.0)  # one that was worked out a moment ago may be given out again
        seen.timelines.append(await client.ask(requests.ShowTimeline(run=seen.run)))
        seen.runners.append(view.runner)
        if rests:
            return
        await asyncio.sleep(0.5)


async def _recovered(client: Client, seen: Seen) -> None:
    """Asks until there is a management server, then looks until its machine is given back."""
    request = requests.WatchInventory(site="pittsburgh", run=seen.run)
    while True:
        try:
            async with contextlib.aclosing(client.items(request)) as batches:
                async for batch in batches:
                    seen.recovered.append(batch)
        except Refused as refused:
            if seen.recovered:
                seen.given_back = refused.message
                return
        await asyncio.sleep(0.2)


def test_the_overview_comes_whole_then_in_parts_and_tells_the_runs_whole_life(seen: Seen) -> None:
    first, *later = seen.overviews
    assert None not in (first.status, first.sites, first.targets, first.runs)
    assert any(item == Overview(at=item.at) for item in later) or len(later) < 20
    told = [run.state for item in later for run in item.runs or () if run.run == seen.run]
    assert "held" in told
    assert told[-1] == "done"
    leased = [{t.state for t in item.targets} for item in later if item.targets is not None]
    assert any("leased" in states for states in leased)
    assert leased[-1] == {"free"}


def test_there_is_nothing_to_see_before_a_management_server_stands_nor_after(seen: Seen) -> None:
    assert "not ready yet" in seen.before
    assert "given back" in seen.given_back


def test_the_recovered_inventory_is_followed_while_it_is_rebuilt(seen: Seen) -> None:
    assert {batch.run for batch in seen.recovered} == {seen.run}
    assert seen.recovered[0].reset
    standing: dict[str, Any] = {}
    for batch in seen.recovered:
        if batch.reset:
            standing.clear()
        for change in batch.changes:
            if change.change == "leave":
                standing.pop(change.id, None)
            else:
                standing[change.id] = change
        if batch.state == "live" and sum(c.kind == "virtualMachine" for c in standing.values()) >= 5:
            break
    assert seen.view is not None
    registered = {guest.name for guest in seen.view.guests if guest.state == "registered"}
    names = {change.name for batch in seen.recovered for change in batch.changes}
    assert registered <= names
    assert {"live", "stale"} <= {batch.state for batch in seen.recovered}


def test_the_bound_is_never_later_than_the_forecast_and_both_end_at_the_end(seen: Seen) -> None:
    for found in seen.timelines:
        assert found.elapsed_s <= found.bound_s <= found.forecast_s
        assert found.critical_path
    last = seen.timelines[-1]
    assert last.bound_s == last.forecast_s == last.elapsed_s
    assert not last.waits
    assert {bar.stage for bar in last.bars} >= {"provision", "uplinks", "storage", "guests"}
    machines = {bar.machine for bar in last.bars} - {""}
    assert seen.view is not None
    assert machines == {machine.target for machine in seen.view.machines}
    assert all(bar.ended_s is not None and bar.ended_s <= last.elapsed_s + 1 for bar in last.bars)
    assert sum(bar.critical for bar in last.bars) >= 4


def test_a_forecast_follows_the_pace_of_a_world_whose_time_runs_quicker(seen: Seen) -> None:
    whole = seen.timelines[-1].elapsed_s
    late = [
        found for found in seen.timelines if found.elapsed_s > 0.8 * whole and found is not seen.timelines[-1]
    ]
    assert all(found.forecast_s < 4 * whole for found in late)


def test_an_observer_looks_and_changes_nothing(seen: Seen) -> None:
    assert "only observes" in seen.refused
    assert "only observes" in seen.second


def test_watchers_see_where_the_presenter_is(seen: Seen) -> None:
    assert [(screen, cursor) for _, screen, cursor in seen.presented] == [
        ("", ""),
        ("run", "machine/D"),
        ("uplinks", "esx-01"),
        ("", ""),
    ]
    assert [bool(by) for by, _, _ in seen.presented] == [False, True, True, False]


def test_who_carries_a_run_shows_signs_of_life(seen: Seen) -> None:
    carried = [runner for runner in seen.runners if runner is not None]
    assert carried
    assert all(runner.epoch >= 1 and runner.silent_s is not None for runner in carried)


def test_the_reports_of_the_same_run_agree(seen: Seen) -> None:
    assert seen.view is not None
    rows = list(csv.DictReader(io.StringIO(seen.reports["csv"], newline="")))
    assert sum(row["kind"] == "guest" for row in rows) == len(seen.view.guests)
    assert seen.reports["junit"].count("<testcase") > len(seen.view.steps)
    assert "objective 2:00:00, met" in seen.reports["html"]
